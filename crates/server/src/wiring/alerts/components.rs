//! The components of this process, for health endpoints.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use adapters::sqlite;
use app::resilience::breaker::SharedBreaker;
use domain::time::Timestamp;

use crate::api::Components;
use crate::config::Config;
use crate::runtime::monitors::alerts::RedisWorks;
use crate::wiring::engine_settings::carrier;

pub(in crate::wiring) fn of(
    config: &Config,
    payment: &Option<SharedBreaker>,
    redis: &Option<RedisWorks>,
) -> Components {
    let has_kafka = config.kafka.brokers().is_some();
    let store = if config.store.database().is_some() { "mysql" } else { "embedded" };
    let others = [("kafka", has_kafka), ("redis", redis.is_some())];
    let used = others.into_iter().filter(|(_, is_used)| *is_used).map(|(name, _)| name);
    Components {
        has_relay: carrier(config).has_relay() && config.server.roles.relay,
        has_kafka,
        redis: redis.clone(),
        payment: payment.clone(),
        stack: [store].into_iter().chain(used).collect::<Vec<_>>().join("+"),
        sqlite: sqlite::version(),
        started: Instant::now(),
        built_at: built_at(),
    }
}

/// Returns when the program file was written.
fn built_at() -> Timestamp {
    let written = std::env::current_exe().and_then(std::fs::metadata).and_then(|file| file.modified());
    let since = written.unwrap_or_else(|_| SystemTime::now()).duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(0))
}
