//! The engine, both executors and the model store, tried together.
#![allow(clippy::unwrap_used, reason = "in a test, what is missing is the failure")]

mod conformance;
mod gate;
mod laws;
mod outcomes;
mod shop;
