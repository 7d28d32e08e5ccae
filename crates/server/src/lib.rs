//! The shell of Doorbuster: command line, settings, and HTTP around the engine.

pub mod api;
pub mod audience;
pub mod auth;
pub mod canary;
pub mod cli;
pub mod commands;
pub mod config;
pub mod data_dir;
pub mod demo;
pub mod estimates;
pub mod feed;
pub mod front;
pub mod http;
pub mod limits;
pub mod logging;
pub mod lookout;
pub mod metrics;
pub mod openapi;
pub mod passwords;
pub mod relaying;
pub mod secret;
pub mod settling;
pub mod shutdown;
pub mod waiting;
pub mod wiring;
pub mod worker;
