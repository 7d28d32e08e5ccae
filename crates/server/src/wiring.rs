//! Where promises meet technology: the only place that names concrete adapters.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use adapters::clock::SystemClock;
use adapters::{embedded, mysql, redis};
use app::audit::{Snapshot, inspect};
use app::consume::Consumer;
use app::engine::{Engine, Parts};
use app::ports::{Clock, StoreError};
use app::settings::{Carrier, Executor, Settings};
use domain::ids::Codec;
use domain::order::Mode;
use tokio::sync::{Notify, mpsc};

use crate::api::{Fingerprints, Inner, Shop, Snapshots};
use crate::audience::Audience;
use crate::auth::Tokens;
use crate::cashier::CashierThread;
use crate::config::{self, Config};
use crate::front::{self, Front};
use crate::http::BodyLimits;
use crate::http::cursor::Cursors;
use crate::limits::Limits;
use crate::lookout::Lookout;
use crate::metrics::{EngineMetrics, Metrics};
use crate::passwords::Passwords;
use crate::relaying::RelayThread;
use crate::secret::Secret;
use crate::settling::Listeners;
use crate::shutdown::{self, Stopper};
use crate::waiting::Waiting;
use crate::worker::Worker;

mod beside;
mod broker;
mod cashier;
mod stores;

pub use adapters::kafka::Plan as TopicPlan;
pub use broker::{make_topics, plan_topics, topic_profile};

use beside::Beside;
use cashier::Till;
use stores::Opened;

/// Restorations are asked for so often before an order waits for an operator.
const RESTORATIONS_MAX: i64 = 10;

/// A running shop without its listeners.
pub struct Running {
    pub shop: Shop,
    pub engine: EngineThread,
}

/// The engine's thread, which stops when it is told to and has settled what it took; and
/// what runs beside it: the relay and the lookout, where there are any.
pub struct EngineThread {
    stopper: Stopper,
    thread: JoinHandle<()>,
    relay: Option<RelayThread>,
    cashier: Option<CashierThread>,
    lookout: Option<JoinHandle<()>>,
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
        let looked_out = self.lookout.map_or(Ok(()), JoinHandle::join);
        stopped.and(looked_out.map_err(|_panic| std::io::Error::other("the lookout panicked")))
    }
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Embedded(#[from] embedded::OpenError),
    #[error(transparent)]
    Mysql(#[from] mysql::OpenError),
    #[error(transparent)]
    Redis(#[from] redis::OpenError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error("payments: {0}")]
    Payment(String),
    #[error("the brokers: {0}")]
    Broker(String),
    #[error("the engine's thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}

/// Opens the store in a folder and starts the engine over it.
pub fn open(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Running, Error> {
    let Opened { store, views, stirrings, log, outbox, gate, clock, codec, engine, runtime } =
        stores::open(config, data_dir)?;
    let (arrived, committed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let log = if config.server.roles.worker { broker::log(config, log, &arrived)? } else { log };
    let relay = broker::relay(config, outbox, &clock, &committed)?;
    let beside = beside::open(config, codec, &views, &clock)?;
    let Beside { gate, bell, ranking, rates, condition } = beside.unwrap_or_else(|| Beside::nothing(gate));
    // Where nobody else commits, nobody is to be woken elsewhere.
    let bell = bell.filter(|_| stirrings.is_some());
    let waiting = Arc::new(Waiting::default());
    let metrics = Arc::new(Metrics::new());
    let audience = Arc::new(Audience::new(&metrics));
    if let Some(condition) = condition {
        metrics.register(|registry| registry.register_collector(condition));
    }
    let engine_metrics = Arc::new(EngineMetrics::register(&metrics));
    let (sender, queue) = mpsc::channel(config.engine.queue_max);
    let settings = settings(config, codec);
    let front = Front::new(front::Parts {
        queue: sender,
        command_deadline: config.engine.command_deadline(),
        clock: Arc::clone(&clock),
        views,
        gate: Arc::clone(&gate),
        ranking: ranking.clone(),
        codec,
        waiting: Arc::clone(&waiting),
        audience: Arc::clone(&audience),
    });
    let Till { payments, due, cashier } = cashier::open(config, data_dir, &front, &metrics)?;
    let (is_consumer, linger) = (config.server.roles.worker, config.engine.linger());
    let (stopper, stop) = shutdown::channel();
    let lookout = Lookout::new(stirrings, bell.clone(), Arc::clone(&waiting), Arc::clone(&audience));
    let lookout = lookout.start(stop.clone())?;
    let run = move || {
        let consumer = (settings.executor == Executor::Log && is_consumer).then(|| Consumer::new(log, codec));
        let engine = Engine::new(Parts { store, gate, clock, settings, engine });
        let listeners = Listeners { waiting, audience, metrics: engine_metrics, due, bell, ranking };
        let worker = Worker { engine, consumer, queue, linger, listeners, arrived, committed, stop };
        if let Err(error) = runtime.block_on(worker.run()) {
            tracing::error!("The engine cannot start: {error}");
        }
    };
    let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(run)?;
    let shop = Shop::new(Inner {
        front,
        tokens: Arc::new(Tokens::new(secret.as_bytes())),
        token_ttl: config.auth.token_ttl(),
        passwords: Passwords::default(),
        cursors: Cursors::new(secret.as_bytes()),
        fingerprints: Fingerprints::new(secret.as_bytes()),
        body_limits: BodyLimits::from(&config.server),
        write_timeout: config.server.write_timeout(),
        customers_may_charge: config.points.customers_may_charge,
        metrics,
        payments,
        limits: Limits::new(&config.limits, rates),
        snapshots: snapshots(config),
        stopping: Arc::new(AtomicBool::new(false)),
    });
    Ok(Running { shop, engine: EngineThread { stopper, thread, relay, cashier, lookout } })
}

fn snapshots(config: &Config) -> Snapshots {
    let config = config.clone();
    Arc::new(move || snapshot(&config).map_err(|error| StoreError(error.to_string())))
}

/// Everything in the store at one moment, strictly to read: also beside the processes that serve it.
pub fn snapshot(config: &Config) -> Result<Box<dyn Snapshot>, Error> {
    stores::snapshot(config)
}

pub fn clock() -> impl Clock {
    SystemClock
}

/// Puts right what does not add up in the store of a folder that nobody serves.
pub fn repair(config: &Config, secret: &Secret, data_dir: &Path) -> Result<(), Error> {
    let Running { shop, engine } = open(config, secret, data_dir)?;
    let repairs = inspect(snapshot(config)?.as_mut(), shop.front.clock.now())?.repairs;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        for command in repairs {
            if let Err(refusal) = shop.front.submit(command, None).await.result {
                tracing::warn!("A repair was refused: {refusal:?}");
            }
        }
    });
    engine.stop()?;
    Ok(())
}

/// Brokers, where there are any, and the executor that is set otherwise.
fn carrier(config: &Config) -> Carrier {
    match config.engine.executor {
        _ if config.kafka.brokers().is_some() => Carrier::Broker,
        config::Executor::Inline => Carrier::Inline,
        config::Executor::Log => Carrier::OwnLog,
    }
}

fn settings(config: &Config, codec: Codec) -> Settings {
    Settings {
        executor: carrier(config).executor(),
        batch_max: config.engine.batch_max,
        mode: match config.orders.mode {
            config::Mode::Parallel => Mode::Parallel,
            config::Mode::Atomic => Mode::Atomic,
        },
        pay_within: config.orders.pay_within(),
        step_deadline: config.orders.step_deadline(),
        restorations_max: RESTORATIONS_MAX,
        codec,
    }
}
