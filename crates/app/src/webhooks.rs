//! Webhooks: the catalogue of event types, the body of a delivery, the group that schedules them, and the runner
//! that sends the due ones.

pub mod alert_post;
pub mod catalogue;
pub mod fan_out;
pub mod follower;
pub mod message;
mod own_types;
pub mod runner;
pub mod secret_keys;
pub mod sender;
