//! Live updates: subscriptions to notices, feeds of notices, requests that wait for an outcome; chains of campaigns and drops.

pub mod coupon_chains;
pub mod drop_heads;
pub mod feed;
pub mod rooms;
pub mod subscriptions;
pub mod waiting;
