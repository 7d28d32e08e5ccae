//! The application core: one engine that decides in batches and commits once, one table of reactions, two executors.
//!
//! Async over boxed ports, without technology: nothing here spawns, sleeps, selects or owns a channel.

pub mod audit;
pub mod commands;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod engine;
pub mod events;
pub mod history;
pub mod log;
pub mod notifications;
pub mod payments;
pub mod ports;
pub mod resilience;
pub mod state;
pub mod webhooks;
