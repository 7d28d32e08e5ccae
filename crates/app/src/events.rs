//! Events: what they carry, their topics, and their forms outside the store.

pub mod async_api;
pub mod cloud_event;
pub mod event;
pub mod history;
pub mod notices;
pub mod outbox;
pub mod outgoing;
pub mod partitioner;
pub mod topic;
pub mod trace;
pub mod wire_time;
