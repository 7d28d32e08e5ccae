//! The only place that names concrete adapters: opens everything and connects it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use adapters::clock::{SteadyClock, SystemClock};
pub(crate) use adapters::shop_client;
use adapters::sqlite;
use app::audit::{Repaired, inspect};
use app::engine::{Engine, Parts};
use app::log::consumer::Consumer;
use app::log::group::Group;
use app::ports::{Clock, EventLog};
use app::state::settings::Executor;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use crate::api::shop::audit::repair_all;
use crate::api::{Log, Shop};
use crate::config::Config;
use crate::live::subscriptions::Subscriptions;
use crate::live::waiting::Waiting;
use crate::metrics::{
    AuditMetrics, BreakerMetrics, EngineMetrics, EventLatency, LogMetrics, OutwardBreakers, PAYMENT_BREAKER, Published,
    Refusals,
};
use crate::runtime::committer::Listeners;
use crate::runtime::engine_loop::Worker;
use crate::runtime::health::{AtWork, Health};
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::monitors::tokens::TokenWatch;
use crate::runtime::payment_loop::PaymentThread;
use crate::runtime::relay_loop::RelayThread;
use crate::runtime::remote_commits::RemoteCommits;
use crate::runtime::shutdown::{self, Stopper};
use crate::runtime::submitter::Submitter;
use crate::runtime::trailing_loop::TrailingThread;
use crate::security::auth::Tokens;
use crate::security::secret::Secret;

mod alerts;
mod broker;
mod engine_settings;
mod error;
mod identity;
mod payments;
mod redis_services;
mod replaying;
mod stores;
mod switching;
mod trailing;
pub mod upkeep;
mod webhooks;

pub use adapters::kafka::{Difference as TopicDifference, Plan as TopicPlan};
pub use broker::wanted_topics;
pub use error::{CHECK_THE_STORE, Error};
pub use replaying::replaying;
pub use stores::endpoints::snapshot;
pub use stores::reading::{ReadOnlyShop, ReadOnlyStore, as_last_served, read_only, shop_to_read};
pub use switching::{TopicAdmin, relays_can_be_halted, topic_admin};

use engine_settings::carrier;
use payments::OpenPayments;
use redis_services::{RedisServices, metrics_with};
use stores::Opened;
use stores::endpoints::{Calls, OpenedForEndpoints, estimates, shop, snapshots};
pub use webhooks::local_sender;
use webhooks::{OpenWebhooks, notifications, notifications::Senders};

/// A running shop without its listeners.
pub struct Running {
    pub shop: Shop,
    pub engine: EngineThread,
}

/// The threads of a shop: the engine, and as far as there are any, the relay, the payment loop, the trailing groups and
/// the monitors.
pub struct EngineThread {
    stopper: Stopper,
    thread: JoinHandle<()>,
    relay: Option<RelayThread>,
    payments: Option<PaymentThread>,
    trailing: TrailingThread,
    senders: Senders,
    monitors: Vec<JoinHandle<()>>,
    /// The folder of an embedded store.
    folder: Option<PathBuf>,
}

impl EngineThread {
    /// Completes the work in progress and closes the store.
    pub fn stop(self) -> std::io::Result<()> {
        if let Some(payments) = self.payments {
            payments.stop();
        }
        self.trailing.stop();
        self.senders.stop();
        self.stopper.stop();
        let stopped = self.thread.join().map_err(|_panic| std::io::Error::other("the engine panicked"));
        if let Some(relay) = self.relay {
            relay.stop();
        }
        if let (Ok(()), Some(folder)) = (&stopped, &self.folder)
            && let Err(error) = sqlite::sum_up_closed(folder)
        {
            tracing::warn!("The checksums of the store's pages could not be written: {error}");
        }
        let panicked = self.monitors.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
        let monitored = if panicked == 0 { Ok(()) } else { Err(std::io::Error::other("a monitoring thread panicked")) };
        stopped.and(monitored)
    }
}

/// Opens the store in a folder and starts the engine on it.
#[expect(clippy::too_many_lines, reason = "one part after the other, in the order in which they need each other")]
pub fn open(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Running, Error> {
    let Opened { store, views, changes, log, trail, book, outbox, gate, clock, codec, engine, runtime } =
        stores::open(config, secret.mark().as_deref(), data_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::new(clock));
    let redis_services = redis_services::open(config, codec, &views, &clock)?;
    let RedisServices { gate, notifier, ranking, rates, condition, works } =
        redis_services.unwrap_or_else(|| RedisServices::nothing(gate));
    // Without other processes that commit, there is no subscriber elsewhere to wake.
    let notifier = notifier.filter(|_| changes.is_some());
    let metrics = metrics_with(condition);
    let (arrived, committed, followed) = (Arc::default(), Arc::default(), Arc::<Notify>::default());
    broker::check_topics(config, codec, &runtime, &views)?;
    let is_consuming = config.server.roles.worker && carrier(config).executor() == Executor::Log;
    let log = if is_consuming { broker::log(config, codec, log, &arrived, &metrics)? } else { log };
    let health = Arc::new(Health::default());
    let published = Published::register(&metrics);
    let spans = webhooks::traces::open(config, &metrics)?;
    let relay = broker::relay(config, codec, outbox, &clock, &committed, published.clone(), &health)?;
    let (waiting, subscriptions) =
        (Arc::new(Waiting::default()), Arc::new(Subscriptions::new(&metrics, config.server.streams_per_customer_max)));
    let (sender, queue) = mpsc::channel(config.engine.queue_max);
    let settings = engine_settings::settings(config, codec);
    let submitter = Submitter {
        queue: sender,
        command_deadline: config.engine.command_deadline(),
        clock: Arc::clone(&clock),
        wall: Arc::new(SystemClock),
        views,
        gate: Arc::clone(&gate),
        ranking: ranking.clone(),
        codec,
        waiting: Arc::clone(&waiting),
        subscriptions: Arc::clone(&subscriptions),
        health: Arc::clone(&health),
        refusals: Refusals::register(&metrics),
        load: Arc::default(),
    };
    let latency = EventLatency::register(&metrics);
    if is_consuming {
        Group::CARRIED.iter().for_each(|group| latency.begin(*group));
    }
    let OpenPayments { payments, due, thread: payment_thread, breaker } =
        payments::open(config, data_dir, &submitter, &metrics)?;
    let trailing = trailing::start(config, trail, &submitter, &settings, latency.clone(), Arc::clone(&followed))?;
    let OpenWebhooks { sender, due: webhooks_due, thread: webhook_thread } =
        webhooks::open(config, &submitter, &metrics)?;
    let notifications = notifications::open(config, &submitter, &metrics)?;
    let services = Arc::clone(&settings.services);
    let open_alerts = OpenAlerts::default();
    metrics.register(|registry| registry.register_collector(Box::new(open_alerts.clone())));
    let audited = AuditMetrics::register(&metrics);
    let outward: OutwardBreakers =
        breaker.iter().map(|breaker| (PAYMENT_BREAKER, breaker.clone())).chain(notifications.breakers).collect();
    let breakers = BreakerMetrics { services, outward: outward.clone(), clock: Arc::clone(&clock) };
    metrics.register(|registry| registry.register_collector(Box::new(breakers)));
    let (stopper, stop) = shutdown::channel();
    let tokens = Tokens::new(secret.as_bytes()).and(identity::open(&config.auth.jwks, &submitter)?);
    let tokens = Arc::new(tokens);
    let watch = TokenWatch::of(&tokens, config.auth.token_ttl(), &submitter);
    let tokens_thread = watch.start(changes.is_some(), stop.clone(), &health)?;
    let opened = OpenedForEndpoints {
        tokens,
        provider_login: identity::login(&config.auth)?,
        log: Log {
            carrier: carrier(config),
            book: broker::inspector(config, codec, book),
            trailing: trailing::groups(config),
        },
        payments,
        webhooks: sender,
        estimates: estimates(
            config,
            &submitter,
            &settings.services,
            Calls { provider: breaker.clone(), alerts: open_alerts.clone() },
        ),
        services: Arc::clone(&settings.services),
        calendar: Arc::clone(&settings.calendar),
        metrics: Arc::clone(&metrics),
        rates,
        components: alerts::components::of(config, &breaker, &works),
        alerts: open_alerts.clone(),
        audited: audited.clone(),
    };
    let remote = RemoteCommits::new(changes, notifier.clone(), Arc::clone(&waiting), Arc::clone(&subscriptions));
    let remote = remote.start(stop.clone(), &health)?;
    let spans = spans.map(|sender| sender.start(stop.clone())).transpose()?;
    let log_metrics = config.server.roles.worker.then(|| LogMetrics::register(&metrics));
    let counts_members = alerts::counts_members(config);
    let watch = alerts::watch_log(log_metrics.clone(), &submitter, &opened.log, counts_members, stop.clone())?;
    let observed = alerts::Observed {
        peaks: Arc::clone(&latency.peaks),
        outward,
        redis: works,
        published,
        audited: audited.clone(),
        log: log_metrics,
        reporter: i64::from(engine),
    };
    let alerts = alerts::watch(
        config,
        data_dir,
        observed,
        alerts::Around {
            submitter: &submitter,
            metrics: Arc::clone(&metrics),
            services: Arc::clone(&opened.services),
            mismatches: opened.payments.mismatches.clone(),
            has_relay: carrier(config).has_relay(),
            open: open_alerts,
        },
        stop.clone(),
    )?;
    let auditing = alerts::audit(config, &submitter, audited, snapshots(config), stop.clone())?;
    let recent = alerts::watch_course(&submitter, &metrics, stop.clone())?;
    let consumed = is_consuming.then_some(log);
    let batch_every = config.engine.batch_every(&config.store);
    let at_work = AtWork::new(&health, "The engine's thread has panicked.");
    let of_engine = Arc::new(EngineMetrics::register(&metrics, latency, Arc::clone(&submitter.refusals)));
    let listeners = Listeners {
        waiting,
        subscriptions,
        metrics: of_engine,
        due,
        webhooks_due,
        notifications_due: notifications.due,
        notifier,
        ranking,
        health,
    };
    let committed = vec![committed, followed];
    let (command_deadline, load) = (submitter.command_deadline, Arc::clone(&submitter.load));
    let around = move |engine, consumer| Worker {
        engine,
        consumer,
        queue,
        command_deadline,
        load,
        batch_every,
        listeners,
        arrived,
        committed,
        stop,
    };
    let parts = move || Parts { store, gate, clock, settings, engine };
    let thread = start_engine(runtime, parts, at_work, consumed, around)?;
    let early = remote.into_iter().chain(spans).chain(tokens_thread);
    let monitors = early.chain(watch).chain(auditing).chain([recent, alerts]).collect();
    let folder = config.store.database().is_none().then(|| data_dir.to_owned());
    let shop = shop(config, secret, submitter, opened);
    let senders = Senders { webhooks: webhook_thread, notifications: notifications.thread };
    let engine = EngineThread { stopper, thread, relay, payments: payment_thread, trailing, senders, monitors, folder };
    Ok(Running { shop, engine })
}

/// Runs the engine on its own thread, where its parts are put together. `around` builds the loop there, with the
/// consumer if there is a log.
fn start_engine(
    runtime: Runtime,
    parts: impl FnOnce() -> Parts + Send + 'static,
    at_work: AtWork,
    consumed: Option<Box<dyn EventLog + Send>>,
    around: impl FnOnce(Engine, Option<Consumer>) -> Worker + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let run = move || {
        let _at_work = at_work;
        let parts = parts();
        let codec = parts.settings.codec;
        let consumer = consumed.map(|log| Consumer::new(log, codec));
        let worker = around(Engine::new(parts), consumer);
        if let Err(error) = runtime.block_on(worker.run()) {
            tracing::error!("The engine cannot start: {error}");
        }
    };
    std::thread::Builder::new().name("engine".to_owned()).spawn(run)
}

pub fn clock() -> impl Clock {
    SystemClock
}

/// Repairs what the audit finds in a store that no process serves; returns the repairs.
pub fn repair(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Vec<Repaired>, Error> {
    let Running { shop, engine } = open(config, secret, data_dir)?;
    let repairs = inspect(snapshot(config)?.as_mut(), shop.submitter.clock.now())?.repairs;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let repaired = runtime.block_on(repair_all(&shop.submitter, repairs));
    engine.stop()?;
    Ok(repaired)
}

/// Checks that there is a shop, for commands that must not create one.
pub fn check_exists(config: &Config) -> Result<(), Error> {
    stores::check_exists(config)
}

/// Opens a store that has lost commits, or was changed while it was closed, and records it.
pub fn accept_loss(config: &Config, data_dir: &Path) -> Result<(), Error> {
    stores::accept_loss(config, data_dir)
}

#[cfg(test)]
mod tests;
