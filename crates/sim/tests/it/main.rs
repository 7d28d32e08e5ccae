//! The engine, both executors and the model store, tried together.
#![allow(clippy::unwrap_used, reason = "in a test, what is missing is the failure")]

mod arrival;
mod batches;
mod coming_back;
mod conformance;
mod equality;
mod failed_delivery;
mod first_come;
mod forged;
mod fulfilment;
mod gate;
mod groups;
mod idempotency;
mod laws;
mod matrix;
mod modes;
mod outcomes;
mod post;
mod repairs;
mod saga_laws;
mod shop;
mod simulation;
mod stuck_payments;
mod time;
mod traces;
mod versions;
