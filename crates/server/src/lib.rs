//! The shell of Doorbuster: command line, settings, and HTTP around the engine.

pub mod api;
pub mod cli;
pub mod commands;
pub mod config;
pub mod http;
pub mod live;
pub mod metrics;
pub mod openapi;
pub mod runtime;
pub mod security;
pub mod system;
mod web;
pub mod wiring;
