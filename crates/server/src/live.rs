//! Live updates: subscriptions to notices, feeds of notices, requests that wait for an outcome; chains of campaigns.

pub mod coupon_chains;
pub mod feed;
pub mod rooms;
pub mod subscriptions;
pub mod waiting;
