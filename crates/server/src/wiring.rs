//! Where promises meet technology: the only place that names concrete adapters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use adapters::clock::{SteadyClock, SystemClock};
use adapters::sqlite::DATABASE_FILE;
use adapters::{mysql, redis, sqlite};
use app::audit::{BesideGate, Repaired, Snapshot, inspect};
use app::engine::{Engine, Parts};
use app::log::consumer::Consumer;
use app::ports::{Calendar, Clock, EventLog, FixedOffset, StoreError};
use app::resilience::breaker::SharedBreaker;
use app::resilience::rates::SharedRates;
use app::resilience::services::Services;
use app::state::settings::{Carrier, Executor, Settings};
use domain::ids::Codec;
use prometheus_client::collector::Collector;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use crate::api::shop::audit::repair_all;
use crate::api::{Fingerprints, Inner, Log, Payments, Shop, Snapshots};
use crate::config::{self, Config};
use crate::http::BodyLimits;
use crate::http::cursor::Cursors;
use crate::live::subscriptions::Subscriptions;
use crate::live::waiting::Waiting;
use crate::metrics::{BreakerMetrics, EngineMetrics, LogMetrics, Metrics};
use crate::runtime::committer::Listeners;
use crate::runtime::engine_loop::Worker;
use crate::runtime::estimates::{Estimates, Sources};
use crate::runtime::health::{AtWork, Health};
use crate::runtime::lag_monitor::LogWatch;
use crate::runtime::payment_loop::CashierThread;
use crate::runtime::relay_loop::RelayThread;
use crate::runtime::remote_commits::Lookout;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::runtime::submitter::{self, Submitter};
use crate::security::auth::Tokens;
use crate::security::login_attempts::Guesses;
use crate::security::passwords::Passwords;
use crate::security::rate_limits::Limits;
use crate::security::secret::Secret;

mod broker;
mod cashier;
mod redis_services;
mod replaying;
pub mod scratch;
mod stores;
mod switching;

pub use adapters::kafka::{Difference as TopicDifference, Plan as TopicPlan};
pub use broker::wanted_topics;
pub use replaying::replaying;
pub use switching::{TopicAdmin, relays_can_be_halted, topic_admin};

use cashier::OpenPayments;
use redis_services::RedisServices;
use stores::Opened;

/// A running shop without its listeners.
pub struct Running {
    pub shop: Shop,
    pub engine: EngineThread,
}

/// The engine's thread, which stops when it is told to and has settled what it took; and
/// what runs beside it: the relay and those who look out for others' commits and for the log, where there are any.
pub struct EngineThread {
    stopper: Stopper,
    thread: JoinHandle<()>,
    relay: Option<RelayThread>,
    cashier: Option<CashierThread>,
    redis_services: Vec<JoinHandle<()>>,
    /// The folder of a store that is a file.
    folder: Option<PathBuf>,
}

impl EngineThread {
    /// Settles what is in hand and closes the store.
    pub fn stop(self) -> std::io::Result<()> {
        if let Some(cashier) = self.cashier {
            cashier.stop();
        }
        self.stopper.stop();
        let stopped = self.thread.join().map_err(|_panic| std::io::Error::other("the engine panicked"));
        if let Some(relay) = self.relay {
            relay.stop();
        }
        if let (Ok(()), Some(folder)) = (&stopped, &self.folder)
            && let Err(error) = sqlite::sum_up_closed(folder)
        {
            tracing::warn!("The pages of the store could not be summed up: {error}");
        }
        let panicked = self.redis_services.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
        let looked_out = if panicked == 0 { Ok(()) } else { Err(std::io::Error::other("a lookout panicked")) };
        stopped.and(looked_out)
    }
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Embedded(#[from] sqlite::OpenError),
    #[error(
        "there was a shop in {folder}: {file} is there, and {DATABASE_FILE} is missing or empty. Put {DATABASE_FILE} and \
         {DATABASE_FILE}-wal back, or a backup; set DATABASE_URL if the shop is kept in a database; choose another folder with \
         --data-dir for a new shop, or give --accept-loss once to begin one here"
    )]
    NewBesideOld { folder: PathBuf, file: &'static str },
    #[error(transparent)]
    Mysql(#[from] mysql::OpenError),
    #[error("{cause} (DATABASE_URL names {host})")]
    Database { host: String, cause: Box<Error> },
    #[error(transparent)]
    Redis(#[from] redis::OpenError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(
        "this database was served with another auth secret: processes that sign with different ones refuse each other's tokens. Set \
         DOORBUSTER_AUTH_SECRET to the one of the others; to change it, stop all of them and start one with \
         DOORBUSTER__AUTH__ACCEPT_NEW_SECRET=true"
    )]
    OtherSecret,
    #[error("payments: {0}")]
    Payment(String),
    #[error("another switch is at work; this one has changed nothing")]
    Switching,
    #[error("not everything was taken in within {0} s: relays go on as before, and nothing was switched")]
    Overdue(u64),
    #[error("the brokers: {0}")]
    Broker(String),
    #[error(
        "this shop is new, and {topic} holds events of another one ({source_of}): give this one a kafka.prefix of its own, or set \
         kafka.accept_foreign = true if they are meant to share topics"
    )]
    ForeignTopics { topic: &'static str, source_of: String },
    #[error("the engine's thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}

/// Opens the store in a folder and starts the engine over it.
pub fn open(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Running, Error> {
    let Opened { store, views, changes, log, book, outbox, gate, clock, codec, engine, runtime } =
        stores::open(config, secret.mark().as_deref(), data_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::new(clock));
    let redis_services = redis_services::open(config, codec, &views, &clock)?;
    let RedisServices { gate, notifier, ranking, rates, condition } =
        redis_services.unwrap_or_else(|| RedisServices::nothing(gate));
    // Where nobody else commits, nobody is to be woken elsewhere.
    let notifier = notifier.filter(|_| changes.is_some());
    let metrics = metrics_with(condition);
    let (arrived, committed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    broker::check_topics(config, codec, (&runtime, &views))?;
    let heard = (&arrived, &*metrics);
    let log = if config.server.roles.worker { broker::log(config, (log, codec), heard)? } else { log };
    let health = Arc::new(Health::default());
    let relay = broker::relay(config, (outbox, codec), &clock, (&committed, &metrics, &health))?;
    let (waiting, subscriptions) =
        (Arc::new(Waiting::default()), Arc::new(Subscriptions::new(&metrics, config.server.streams_per_customer_max)));
    let (sender, queue) = mpsc::channel(config.engine.queue_max);
    let settings = settings(config, codec);
    let submitter = Submitter::new(submitter::Parts {
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
    });
    let OpenPayments { payments, due, cashier, breaker } = cashier::open(config, data_dir, &submitter, &metrics)?;
    let services = Arc::clone(&settings.services);
    let breakers = BreakerMetrics { services, payment: breaker.clone(), clock: Arc::clone(&clock) };
    metrics.register(|registry| registry.register_collector(Box::new(breakers)));
    let opened = OpenedForEndpoints {
        log: Log { carrier: carrier(config), book: broker::book(config, (book, codec)) },
        payments,
        estimates: estimates(config, &submitter, &settings.services, breaker),
        services: Arc::clone(&settings.services),
        calendar: Arc::clone(&settings.calendar),
        metrics: Arc::clone(&metrics),
        rates,
    };
    let (stopper, stop) = shutdown::channel();
    let lookout = Lookout::new(changes, notifier.clone(), Arc::clone(&waiting), Arc::clone(&subscriptions));
    let lookout = lookout.start(stop.clone(), &health)?;
    let watch = watch_log(config, (&submitter, &metrics), &opened.log, stop.clone())?;
    let consumed = (settings.executor == Executor::Log && config.server.roles.worker).then_some(log);
    let batch_every = config.engine.batch_every(&config.store);
    let at_work = AtWork::new(&health, "The engine's thread has panicked.");
    let of_engine = Arc::new(EngineMetrics::register(&metrics));
    let listeners = Listeners { waiting, subscriptions, metrics: of_engine, due, notifier, ranking, health };
    let around =
        move |engine, consumer| Worker { engine, consumer, queue, batch_every, listeners, arrived, committed, stop };
    let parts = move || Parts { store, gate, clock, settings, engine };
    let thread = start_engine(runtime, (parts, at_work), consumed, around)?;
    let redis_services = lookout.into_iter().chain(watch).collect();
    let folder = config.store.database().is_none().then(|| data_dir.to_owned());
    let shop = shop(config, secret, (submitter, opened));
    Ok(Running { shop, engine: EngineThread { stopper, thread, relay, cashier, redis_services, folder } })
}

/// The estimates by the store and by the breakers of this process.
fn estimates(
    config: &Config,
    submitter: &Submitter,
    services: &Arc<Services>,
    provider: Option<SharedBreaker>,
) -> Estimates {
    Estimates::new(Sources {
        views: Arc::clone(&submitter.views),
        clock: Arc::clone(&submitter.clock),
        services: Arc::clone(services),
        provider,
        provider_timeout: config.payment.timeout(),
    })
}

/// Runs the engine on a thread of its own, where its parts come together; `around` puts the loop around it there, and around who
/// reads the log.
fn start_engine(
    runtime: Runtime,
    (parts, at_work): (impl FnOnce() -> Parts + Send + 'static, AtWork),
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

/// What was opened for the endpoints.
struct OpenedForEndpoints {
    log: Log,
    payments: Payments,
    estimates: Estimates,
    services: Arc<Services>,
    calendar: Arc<dyn Calendar>,
    metrics: Arc<Metrics>,
    rates: Option<Arc<dyn SharedRates>>,
}

/// What the endpoints work with.
fn shop(config: &Config, secret: &Secret, (submitter, opened): (Submitter, OpenedForEndpoints)) -> Shop {
    let OpenedForEndpoints { log, payments, estimates, services, calendar, metrics, rates } = opened;
    Shop::new(Inner {
        submitter,
        tokens: Arc::new(Tokens::new(secret.as_bytes())),
        token_ttl: config.auth.token_ttl(),
        passwords: Passwords::default(),
        cursors: Cursors::new(secret.as_bytes()),
        fingerprints: Fingerprints::new(secret.as_bytes()),
        body_limits: BodyLimits::from(&config.server),
        write_timeout: config.server.write_timeout(),
        stream_heartbeat: config.server.stream_heartbeat(),
        customers_may_charge: config.points.customers_may_charge,
        estimates,
        modes: config.orders.modes(),
        services,
        calendar,
        payments,
        limits: Limits::new(&config.limits, rates),
        guesses: Guesses::new(&config.limits, &metrics),
        metrics,
        snapshots: snapshots(config),
        log,
        stopping: Arc::new(AtomicBool::new(false)),
    })
}

/// Only where events are consumed: everybody would find the same.
fn watch_log(
    config: &Config,
    (submitter, metrics): (&Submitter, &Metrics),
    log: &Log,
    stop: Stop,
) -> Result<Option<JoinHandle<()>>, Error> {
    if !config.server.roles.worker {
        return Ok(None);
    }
    let (views, clock) = (Arc::clone(&submitter.views), Arc::clone(&submitter.clock));
    let health = Arc::clone(&submitter.health);
    let watch = LogWatch { views, log: log.clone(), clock, metrics: LogMetrics::register(metrics), health };
    Ok(Some(watch.start(stop)?))
}

/// The process's metrics, with those of what stands beside the shop.
fn metrics_with(condition: Option<Box<dyn Collector>>) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    if let Some(condition) = condition {
        metrics.register(|registry| registry.register_collector(condition));
    }
    metrics
}

fn snapshots(config: &Config) -> Snapshots {
    let config = config.clone();
    Arc::new(move || snapshot(&config).map_err(|error| StoreError(error.to_string())))
}

/// Everything in the store at one moment, strictly to read: also beside the processes that serve it.
pub fn snapshot(config: &Config) -> Result<Box<dyn Snapshot>, Error> {
    let known = redis_services::known_to_gate(config)?;
    let store = stores::snapshot(config)?;
    Ok(match known {
        Some(known) => Box::new(BesideGate { store, known }),
        None => store,
    })
}

pub fn clock() -> impl Clock {
    SystemClock
}

/// Puts right what does not add up in the store of a folder that nobody serves, and says what that was.
pub fn repair(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Vec<Repaired>, Error> {
    let Running { shop, engine } = open(config, secret, data_dir)?;
    let repairs = inspect(snapshot(config)?.as_mut(), shop.submitter.clock.now())?.repairs;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let repaired = runtime.block_on(repair_all(&shop.submitter, repairs));
    engine.stop()?;
    Ok(repaired)
}

/// Goes on with a store that has lost commits, and writes the loss down.
pub fn accept_loss(config: &Config, data_dir: &Path) -> Result<(), Error> {
    stores::accept_loss(config, data_dir)
}

/// Brokers, where there are any, and the executor that is set otherwise.
fn carrier(config: &Config) -> Carrier {
    match config.engine.executor {
        _ if config.kafka.brokers().is_some() => Carrier::Broker,
        config::Executor::Inline => Carrier::Inline,
        config::Executor::Log => Carrier::OwnLog,
    }
}

/// The settings were checked when they were read, so the zone is known.
fn calendar(config: &Config) -> Arc<dyn Calendar> {
    match config.shop.calendar() {
        Ok(calendar) => Arc::new(calendar),
        Err(_) => Arc::new(FixedOffset::default()),
    }
}

fn settings(config: &Config, codec: Codec) -> Settings {
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
