//! The components of this process, for health endpoints.

use std::time::Instant;

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

/// Returns when the program was built: `SOURCE_DATE_EPOCH`, or when its build script ran.
fn built_at() -> Timestamp {
    let seconds: i64 = env!("DOORBUSTER_BUILT_AT").parse().unwrap_or_default();
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}
