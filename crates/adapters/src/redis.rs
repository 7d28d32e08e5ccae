//! Shared by several processes beside their store, and may be lost at any moment: early refusals, wake-ups, the
//! ranking, rate limits.
//!
//! Nothing here is a source of truth. Each call has a short time-out; after a failure none is made until a probe got an
//! answer, so that an unreachable Redis costs nothing. Redis is one server, a cluster, or a primary that sentinels name. All
//! keys of one kind share a hash tag, so that its scripts run on a cluster.

mod address;
mod connection;
mod examination;
mod forgetting;
mod gate;
mod info;
mod line;
mod notifier;
mod open_error;
mod place;
mod ranking;
mod rates;
mod servers;

use connection::Unanswered;
pub use connection::{Condition, Options, Redis};
pub use examination::{Examined, ExaminedServer, examine};
pub use forgetting::forget;
pub use gate::{GateScript, RedisGate};
pub use notifier::RedisNotifier;
pub use open_error::OpenError;
pub use place::{Identity, Place};
pub use ranking::RedisRanking;
pub use rates::RedisRates;
