//! The shop as it runs: one engine that decides in batches and commits once, one table of reactions, two executors.
//!
//! Async over boxed ports, and no technology: nothing here spawns, sleeps, selects or owns a channel.

pub mod answer;
pub mod async_api;
pub mod audit;
pub mod breaker;
pub mod cashier;
pub mod changed;
pub mod cloud_event;
pub mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod consume;
pub mod engine;
pub mod event;
pub mod groups;
pub mod handlers;
pub mod history;
pub mod ids;
pub mod notices;
pub mod outbox;
pub mod payment;
pub mod ports;
pub mod rates;
pub mod reactions;
pub mod relay;
pub mod replay;
pub mod retries;
pub mod rows;
pub mod services;
pub mod settings;
pub mod switching;
pub mod table;
pub mod topic;
pub mod unit;
pub mod versions;
pub mod views;
pub mod wire_time;
