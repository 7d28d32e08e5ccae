//! What the development tasks and the tests agree on.

pub mod addresses;
pub mod redis_server;
