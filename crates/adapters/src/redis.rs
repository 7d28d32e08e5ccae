//! What several processes share beside their store, and may lose at any moment: an early no, a wake-up, a ranking, a rate.
//!
//! Nothing here is the truth. Each call has a short timeout; after a failure none is made until a probe got an answer, so
//! that a Redis that is gone costs nothing. All keys of one thing have one hash tag, so that its scripts run on a cluster.

mod connection;
mod gate;
mod notifier;
mod ranking;
mod rates;

pub use connection::{Condition, OpenError, Options, Redis, forget};
pub use gate::{GateScript, RedisGate};
pub use notifier::RedisNotifier;
pub use ranking::RedisRanking;
pub use rates::RedisRates;
