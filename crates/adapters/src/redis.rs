//! Shared by several processes beside their store, and may be lost at any moment: early refusals, wake-ups, the
//! ranking, rate limits.
//!
//! Nothing here is a source of truth. Each call has a short time-out; after a failure none is made until a probe got an
//! answer, so that an unreachable Redis costs nothing. All keys of one kind share a hash tag, so that its scripts run
//! on a cluster.

mod connection;
mod examination;
mod gate;
mod notifier;
mod place;
mod ranking;
mod rates;

pub use connection::{Condition, Options, Redis, forget};
pub use examination::{Examined, examine};
pub use gate::{GateScript, RedisGate};
pub use notifier::RedisNotifier;
pub use place::{Identity, OpenError, Place};
pub use ranking::RedisRanking;
pub use rates::RedisRates;
