//! Tests of the engine with both executors on the model store.
#![allow(clippy::unwrap_used, reason = "in a test, a missing value is a failure")]

mod alerts;
mod arrival;
mod batches;
mod coming_back;
mod conformance;
mod drop_cards;
mod dropped_letters;
mod drops;
mod equality;
mod failed_delivery;
mod first_come;
mod forged;
mod forgeries;
mod fulfilment;
mod gate;
mod groups;
mod holds;
mod idempotency;
mod laws;
mod lost_partitions;
mod matrix;
mod modes;
mod notifications;
mod outcomes;
mod post;
mod repairs;
mod saga_laws;
mod shop;
mod simulation;
mod stuck_payments;
mod time;
mod traces;
mod unreadable_rows;
mod versions;
mod webhooks;
