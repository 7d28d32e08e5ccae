//! Where promises meet technology: the only file that names a concrete adapter.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use adapters::clock::SystemClock;
use adapters::embedded::{self, MemoryGate, Opened, Options, SqliteSnapshot, Synchronous};
use app::audit::{Snapshot, inspect};
use app::consume::Consumer;
use app::engine::{Engine, Parts};
use app::ports::{Clock, Gate, StoreError};
use app::settings::{Executor, Settings};
use domain::ids::Codec;
use domain::order::Mode;
use tokio::sync::mpsc;

use crate::api::{Fingerprints, Inner, Shop, Snapshots};
use crate::audience::Audience;
use crate::auth::Tokens;
use crate::config::{self, Config};
use crate::front::{self, Front};
use crate::http::BodyLimits;
use crate::http::cursor::Cursors;
use crate::metrics::{EngineMetrics, Metrics};
use crate::passwords::Passwords;
use crate::secret::Secret;
use crate::settling::Listeners;
use crate::shutdown::{self, Stopper};
use crate::waiting::Waiting;
use crate::worker::{EVENTS_MAX, Worker};

/// Restorations are asked for so often before an order waits for an operator.
const RESTORATIONS_MAX: i64 = 10;

/// A running shop without its listeners.
pub struct Running {
    pub shop: Shop,
    pub engine: EngineThread,
}

/// The engine's thread, which stops when it is told to and has settled what it took.
pub struct EngineThread {
    stopper: Stopper,
    thread: JoinHandle<()>,
}

impl EngineThread {
    /// Settles what is in hand and closes the store.
    pub fn stop(self) -> std::io::Result<()> {
        self.stopper.stop();
        self.thread.join().map_err(|_panic| std::io::Error::other("the engine panicked"))
    }
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] embedded::OpenError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error("the engine's thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}

/// Opens the store in a folder and starts the engine over it.
pub fn open(config: &Config, secret: &Secret, data_dir: &Path) -> Result<Running, Error> {
    let Opened { store, views, log, codec_key, engine } = open_store(config, data_dir)?;
    let codec = Codec::new(codec_key);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let gate: Arc<dyn Gate> = Arc::new(MemoryGate::default());
    let waiting = Arc::new(Waiting::default());
    let metrics = Arc::new(Metrics::new());
    let audience = Arc::new(Audience::new(&metrics));
    let engine_metrics = Arc::new(EngineMetrics::register(&metrics));
    let (sender, queue) = mpsc::channel(config.engine.queue_max);
    let settings = settings(config, codec);
    let front = Front::new(front::Parts {
        queue: sender,
        command_deadline: config.engine.command_deadline(),
        clock: Arc::clone(&clock),
        views,
        gate: Arc::clone(&gate),
        codec,
        waiting: Arc::clone(&waiting),
        audience: Arc::clone(&audience),
    });
    let linger = config.engine.linger();
    let (stopper, stop) = shutdown::channel();
    let run = move || {
        let consumer = (settings.executor == Executor::Log).then(|| Consumer::new(Box::new(log), codec));
        let engine = Engine::new(Parts { store: Box::new(store), gate, clock, settings, engine });
        let listeners = Listeners { waiting, audience, metrics: engine_metrics };
        let worker = Worker { engine, consumer, queue, linger, listeners, stop };
        run_worker(worker);
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
        snapshots: snapshots(data_dir),
        stopping: Arc::new(AtomicBool::new(false)),
    });
    Ok(Running { shop, engine: EngineThread { stopper, thread } })
}

/// Opens the store for the executor that is set. What another one left unfinished is finished first.
fn open_store(config: &Config, data_dir: &Path) -> Result<Opened, Error> {
    let mut opened = embedded::open(data_dir, options(config))?;
    let executor = settings(config, Codec::new(opened.codec_key)).executor;
    if executor == Executor::Inline && opened.store.last_executor()? == Some(Executor::Log) {
        drain(config, opened)?;
        opened = embedded::open(data_dir, options(config))?;
    }
    opened.store.run_with(executor)?;
    Ok(opened)
}

/// Reads the log to its end: no group consumes it under the inline executor.
fn drain(config: &Config, opened: Opened) -> Result<(), Error> {
    let Opened { store, log, codec_key, engine, .. } = opened;
    let codec = Codec::new(codec_key);
    let settings = Settings { executor: Executor::Log, ..settings(config, codec) };
    let (gate, clock) = (Arc::new(MemoryGate::default()), Arc::new(SystemClock));
    let mut engine = Engine::new(Parts { store: Box::new(store), gate, clock, settings, engine });
    let mut consumer = Consumer::new(Box::new(log), codec);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        loop {
            let jobs = consumer.consume_once(EVENTS_MAX).await?;
            if jobs.is_empty() && !engine.has_deferred() {
                return Ok(());
            }
            let report = engine.batch_once(jobs).await;
            if let Some(error) = report.errors.into_iter().next() {
                return Err(StoreError(error).into());
            }
        }
    })
}

fn snapshots(data_dir: &Path) -> Snapshots {
    let data_dir = data_dir.to_owned();
    Arc::new(move || snapshot(&data_dir).map_err(|error| StoreError(error.to_string())))
}

/// Everything in the store of a folder at one moment, strictly to read: also beside the process that serves it.
pub fn snapshot(data_dir: &Path) -> Result<Box<dyn Snapshot>, Error> {
    Ok(Box::new(SqliteSnapshot::open(data_dir)?))
}

pub fn clock() -> impl Clock {
    SystemClock
}

/// Puts right what does not add up in the store of a folder that nobody serves.
pub fn repair(config: &Config, secret: &Secret, data_dir: &Path) -> Result<(), Error> {
    let Running { shop, engine } = open(config, secret, data_dir)?;
    let repairs = inspect(snapshot(data_dir)?.as_mut(), shop.front.clock.now())?.repairs;
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

/// The engine owns one thread; the store works inline on it.
fn run_worker(worker: Worker) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    if let Err(error) = runtime.and_then(|runtime| runtime.block_on(worker.run())) {
        tracing::error!("The engine cannot start: {error}");
    }
}

fn options(config: &Config) -> Options {
    Options {
        synchronous: match config.store.synchronous {
            config::Synchronous::Full => Synchronous::Full,
            config::Synchronous::Off => Synchronous::Off,
        },
        cache_mib: config.store.cache_mib,
        readers: config.store.readers,
    }
}

fn settings(config: &Config, codec: Codec) -> Settings {
    Settings {
        executor: match config.engine.executor {
            config::Executor::Inline => Executor::Inline,
            config::Executor::Log => Executor::Log,
        },
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
