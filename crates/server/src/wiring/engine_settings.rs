//! The engine's settings, from the process's settings.

use std::sync::Arc;

use app::payments::currency;
use app::ports::{Calendar, FixedOffset};
use app::state::settings::{Carrier, Executor, Settings};
use domain::currency::Currency;
use domain::ids::Codec;

use crate::config::{self, Config};

/// Returns how events reach the consumer groups, and if they are published.
pub(super) fn carrier(config: &Config) -> Carrier {
    let executor = match config.engine.executor {
        config::Executor::Inline => Executor::Inline,
        config::Executor::Log => Executor::Log,
    };
    Carrier::of(executor, config.kafka.is_relayed())
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
    // Checked when the settings were read.
    currency::set(config.shop.currency().unwrap_or(Currency::KRW));
    Settings {
        executor: carrier(config).executor(),
        batch_max: config.engine.batch_max,
        modes: config.orders.modes(),
        pay_within: config.orders.pay_within(),
        action_within: config.payment.action_within(),
        step_deadline: config.orders.step_deadline(),
        order_deadline: config.orders.order_deadline(),
        restorations_max: i64::from(config.orders.restorations_max),
        services: Arc::default(),
        calendar: calendar(config),
        codec,
    }
}
