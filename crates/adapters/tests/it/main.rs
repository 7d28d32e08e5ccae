//! The adapters against their ports' promises, and tests of what is specific to each.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod analytics;
mod audit;
mod bounded;
mod conformance;
mod database;
mod fixture;
mod full_disk;
mod gates;
mod kafka;
mod loss;
mod mysql;
mod notices;
mod opening;
mod payment;
mod places;
mod redis;
mod retention;
mod shop;
mod statistics;
mod switching;
mod throughput;
mod tls;
mod views;
