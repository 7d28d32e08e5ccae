//! What the shop promises to those who read its events.
#![allow(clippy::unwrap_used, reason = "in a test, what is missing is the failure")]

mod documents;
mod events;
mod fulfilment_samples;
mod outside_samples;
mod samples;
