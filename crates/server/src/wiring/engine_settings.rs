//! The engine's settings, from the process's settings.

use std::sync::Arc;

use app::ports::{Calendar, FixedOffset};
use app::state::settings::{Carrier, Settings};
use domain::ids::Codec;

use crate::config::{self, Config};

/// Returns how events reach the consumer groups: over brokers if there are any, else as the executor says.
pub(super) fn carrier(config: &Config) -> Carrier {
    match config.engine.executor {
        _ if config.kafka.brokers().is_some() => Carrier::Broker,
        config::Executor::Inline => Carrier::Inline,
        config::Executor::Log => Carrier::OwnLog,
    }
}

/// Returns the calendar of the shop's time zone, which was checked when the settings were read.
pub(super) fn calendar(config: &Config) -> Arc<dyn Calendar> {
    match config.shop.calendar() {
        Ok(calendar) => Arc::new(calendar),
        Err(_) => Arc::new(FixedOffset::default()),
    }
}

/// Returns the engine's settings.
pub(super) fn settings(config: &Config, codec: Codec) -> Settings {
    Settings {
        executor: carrier(config).executor(),
        batch_max: config.engine.batch_max,
        modes: config.orders.modes(),
        pay_within: config.orders.pay_within(),
        step_deadline: config.orders.step_deadline(),
        order_deadline: config.orders.order_deadline(),
        restorations_max: i64::from(config.orders.restorations_max),
        services: Arc::default(),
        calendar: calendar(config),
        codec,
    }
}
