//! Live updates: subscriptions to notices, feeds of notices, requests that wait for an outcome.

pub mod feed;
pub mod rooms;
pub mod subscriptions;
pub mod waiting;
