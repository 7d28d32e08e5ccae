//! A store that is only read, beside the processes that serve it, or where nothing can be written.

use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::mysql::NoGate;
use adapters::sqlite;
use app::ports::Clock;
use app::ports::views::Views;
use app::state::settings::{Carrier, Executor};
use domain::ids::Codec;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::endpoints::{Calls, OpenedForEndpoints, estimates, shop};
use super::{Error, Read, carrier, check_currency, currency, read, repartition_store};
use crate::api::{Log, Shop};
use crate::config::{self, Config};
use crate::live::subscriptions::Subscriptions;
use crate::metrics::{AuditMetrics, Metrics, Refusals};
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::submitter::Submitter;
use crate::security::auth::Tokens;
use crate::security::secret::Secret;
use crate::wiring::{alerts, broker, engine_settings, local_sender, payments, redis_services, trailing};

pub struct ReadOnlyStore {
    pub runtime: Runtime,
    pub views: Arc<dyn Views>,
    pub codec: Codec,
}

/// Opens the views of the store, which other processes may be serving.
pub fn read_only(config: &Config) -> Result<ReadOnlyStore, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let Read { views, codec, .. } = read(config, &runtime)?;
    Ok(ReadOnlyStore { runtime, views, codec })
}

/// A shop whose endpoints are only read: it has no engine, so every command is refused.
pub struct ReadOnlyShop {
    pub shop: Shop,
    pub runtime: Runtime,
}

/// Opens a store for the endpoints that read. Nothing is written, so a replica or a read-only folder will do; nothing is migrated
/// either.
pub fn shop_to_read(config: &Config, secret: &Secret) -> Result<ReadOnlyShop, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if config.store.database().is_none() {
        sqlite::check_whole(&config.server.data_dir)?;
    }
    let Read { views, book, codec, carrier: last, currency: stored } = read(config, &runtime)?;
    check_currency(stored.filter(|stored| stored != currency(config)), config)?;
    let config = last.map_or_else(|| config.clone(), |last| served_as(config, last));
    let metrics = redis_services::metrics_with(None);
    let submitter = submitter_to_read(&config, views, codec, &metrics);
    let settings = engine_settings::settings(&config, codec);
    let open_alerts = OpenAlerts::default();
    let no_calls = Calls { provider: None, alerts: open_alerts.clone() };
    let opened = OpenedForEndpoints {
        tokens: Arc::new(Tokens::new(secret.as_bytes())),
        provider_login: None,
        log: Log {
            carrier: carrier(&config),
            book: broker::inspector(&config, codec, book),
            trailing: trailing::groups(&config),
        },
        payments: payments::to_read(&metrics),
        webhooks: local_sender(config.webhooks.timeout())?,
        estimates: estimates(&config, &submitter, &settings.services, no_calls),
        services: settings.services,
        calendar: settings.calendar,
        metrics: Arc::clone(&metrics),
        rates: None,
        components: alerts::components::of(&config, &None, &None),
        alerts: open_alerts,
        audited: AuditMetrics::register(&metrics),
    };
    Ok(ReadOnlyShop { shop: shop(&config, secret, submitter, opened), runtime })
}

fn submitter_to_read(config: &Config, views: Arc<dyn Views>, codec: Codec, metrics: &Metrics) -> Submitter {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Submitter {
        // The other end of the queue is gone: a command is refused, and nothing was written.
        queue: mpsc::channel(1).0,
        command_deadline: config.engine.command_deadline(),
        clock: Arc::clone(&clock),
        wall: clock,
        views,
        gate: Arc::new(NoGate),
        ranking: None,
        codec,
        waiting: Arc::default(),
        subscriptions: Arc::new(Subscriptions::new(metrics, config.server.streams_per_customer_max)),
        health: Arc::default(),
        refusals: Refusals::register(metrics),
        load: Arc::default(),
    }
}

/// Returns the settings with the executor that the shop was served with last. Only `serve` changes it: processes that serve the
/// shop with it may be running, and a command in another shell need not know their settings.
///
/// Where the settings differ, the command reads no log and publishes nothing.
pub fn as_last_served(config: &Config) -> Result<Config, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let last = std::thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(repartition_store(config)).map(|(_, last)| last)).join()
    });
    let last = last.map_err(|_panic| std::io::Error::other("the thread that reads the store panicked"))??;
    Ok(last.map_or_else(|| config.clone(), |last| served_as(config, last)))
}

fn served_as(config: &Config, last: Carrier) -> Config {
    let mut config = config.clone();
    if last == carrier(&config) {
        return config;
    }
    config.engine.executor = match last.executor() {
        Executor::Inline => config::Executor::Inline,
        Executor::Log => config::Executor::Log,
    };
    config.kafka.keep_relayed(last.has_relay());
    (config.server.roles.worker, config.server.roles.relay) = (false, false);
    config
}
