//! The promises to consumers of the shop's events.
#![allow(clippy::unwrap_used, reason = "in a test, a missing value is the failure")]

mod documents;
mod events;
mod fulfilment_samples;
mod outside_samples;
mod samples;
