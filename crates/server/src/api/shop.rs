//! The state of all endpoints, and the endpoints of the process itself: health, echo, audit, API reference; and its
//! statistics.

pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod echo;
pub(crate) mod health;
pub(crate) mod log_level;
pub(crate) mod now;
pub(crate) mod reference;
pub mod state;
pub(crate) mod statistics;
