//! Opens the store that the settings choose, for the executor that they choose.

use std::path::Path;
use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::mysql::{self, MysqlRepartitionStore, MysqlSnapshot, NoGate};
use adapters::sqlite::{self, MemoryGate, Options, SqliteRepartitionStore, SqliteSnapshot, Synchronous, Vfs};
use app::audit::Snapshot;
use app::engine::{Engine, Parts};
use app::log::consumer::Consumer;
use app::log::groups::LogInspector;
use app::log::relay::Outbox;
use app::log::repartition::RepartitionStore;
use app::ports::views::{ChangeFeed, Views};
use app::ports::{Clock, EventLog, Gate, Store, StoreError, Trail};
use app::state::settings::{Carrier, Executor, Settings};
use domain::currency::Currency;
use domain::ids::Codec;
use tokio::runtime::{Builder, Runtime};

use super::engine_settings::{carrier, settings};
use super::error::Error;
use crate::config::{self, Config};
use crate::runtime::engine_loop::EVENTS_MAX;
use crate::system::data_dir::{ADDRESS_FILE, SCRIPTED_PAYMENTS_FILE};

pub(super) mod endpoints;
pub(super) mod reading;

/// An opened store with its log, gate and views.
pub(super) struct Opened {
    pub(super) store: Box<dyn Store + Send>,
    pub(super) views: Arc<dyn Views>,
    pub(super) log: Box<dyn EventLog + Send>,
    /// The same events for trailing groups.
    pub(super) trail: Box<dyn Trail + Send>,
    /// The same log, as operators inspect it.
    pub(super) book: Arc<dyn LogInspector>,
    /// Present only where events are published to a broker.
    pub(super) outbox: Option<Box<dyn Outbox + Send>>,
    /// The commits of other processes, if the store is shared.
    pub(super) changes: Option<Arc<dyn ChangeFeed>>,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) codec: Codec,
    pub(super) engine: u32,
    /// The engine's runtime: the store's connections belong to the runtime that opened them.
    pub(super) runtime: Runtime,
}

/// Opens the store for the configured executor, after handling the events that another executor left. `mark` identifies
/// the signing secret; a shared store is not opened beside processes with another secret.
pub(super) fn open(config: &Config, mark: Option<&str>, data_dir: &Path) -> Result<Opened, Error> {
    match config.store.database() {
        Some(database) => open_shared(config, mark, database.address()).map_err(|error| at(database.address(), error)),
        None => open_embedded(config, mark, data_dir),
    }
}

/// Adds the database's host to an error, without its password.
fn at(address: &str, cause: Error) -> Error {
    if matches!(cause, Error::OtherSecret | Error::OtherCurrency { .. } | Error::OtherExecutor { .. }) {
        return cause;
    }
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default().to_owned();
    Error::Database { host, cause: Box::new(cause) }
}

/// Warns about a changed secret, which is allowed here: no other process can be serving the folder.
fn warn_of_new_secret() {
    tracing::warn!("The auth secret has changed since the last start: earlier tokens and cursors are invalid.");
}

/// Opens a consistent read-only snapshot of the store, also while other processes serve it.
pub(super) fn snapshot(config: &Config) -> Result<Box<dyn Snapshot>, Error> {
    Ok(match config.store.database() {
        Some(database) => {
            let opened = MysqlSnapshot::open(database.address()).map_err(Error::from);
            Box::new(opened.map_err(|error| at(database.address(), error))?)
        }
        None => Box::new(SqliteSnapshot::open(&config.server.data_dir)?),
    })
}

/// A store that is only read.
pub(super) struct Read {
    pub(super) views: Arc<dyn Views>,
    pub(super) book: Arc<dyn LogInspector>,
    pub(super) codec: Codec,
    pub(super) carrier: Option<Carrier>,
    pub(super) currency: Option<String>,
}

/// Opens the views of a store, which other processes may be serving, and which may take no writes.
pub(super) fn read(config: &Config, runtime: &Runtime) -> Result<Read, Error> {
    Ok(match config.store.database() {
        Some(database) => {
            let read = runtime.block_on(mysql::read(database.address())).map_err(Error::from);
            let mysql::Read { views, codec_key, carrier, currency } =
                read.map_err(|error| at(database.address(), error))?;
            let views = Arc::new(views);
            Read {
                book: Arc::<mysql::MysqlViews>::clone(&views),
                views,
                codec: Codec::new(codec_key),
                carrier,
                currency,
            }
        }
        None => {
            let sqlite::Read { views, codec_key, carrier, currency } = sqlite::read_shop(&config.server.data_dir)?;
            let views = Arc::new(views);
            Read {
                book: Arc::<sqlite::SqliteViews>::clone(&views),
                views,
                codec: Codec::new(codec_key),
                carrier,
                currency,
            }
        }
    })
}

/// Opens the store's part in repartitioning, beside the processes that serve it; returns how the events of the shop reach
/// its groups, too.
pub(super) async fn repartition_store(config: &Config) -> Result<(Box<dyn RepartitionStore>, Option<Carrier>), Error> {
    Ok(match config.store.database() {
        Some(database) => {
            let mut store = MysqlRepartitionStore::open(database.address()).await?;
            let carrier = store.last_carrier().await?;
            (Box::new(store), carrier)
        }
        None => {
            let store = SqliteRepartitionStore::open(&config.server.data_dir)?;
            let carrier = store.last_carrier()?;
            (Box::new(store), carrier)
        }
    })
}

fn open_embedded(config: &Config, mark: Option<&str>, data_dir: &Path) -> Result<Opened, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    check_not_new_beside_old(config, data_dir)?;
    let mut opened = sqlite::open(data_dir, options(config))?;
    let settings = settings(config, Codec::new(opened.codec_key));
    let carrier = carrier(config);
    if opened.store.last_carrier()?.is_some_and(|last| last.must_be_drained_for(carrier)) {
        let sqlite::Opened { store, log, engine, .. } = opened;
        let unfinished = Unfinished { store: Box::new(store), log: Box::new(log), clock: Arc::clone(&clock), engine };
        let finish = || runtime.block_on(drain(unfinished, &settings));
        std::thread::scope(|scope| scope.spawn(finish).join())
            .map_err(|_panic| std::io::Error::other("the thread that reads the log to its end panicked"))??;
        opened = sqlite::open(data_dir, options(config))?;
    }
    opened.store.run_with(carrier)?;
    check_currency(opened.store.keep_currency(currency(config))?, config)?;
    if let Some(mark) = mark
        && opened.store.keep_secret_mark(mark)?.is_some_and(|last| last != mark)
    {
        warn_of_new_secret();
    }
    let sqlite::Opened { store, views, log, trail, engine, .. } = opened;
    let outbox =
        if carrier.has_relay() { Some(Box::new(store.outbox(engine)?) as Box<dyn Outbox + Send>) } else { None };
    Ok(Opened {
        store: Box::new(store),
        book: Arc::clone(&views) as Arc<dyn LogInspector>,
        views,
        log: Box::new(log),
        trail: Box::new(trail),
        outbox,
        changes: None,
        gate: Arc::new(MemoryGate::default()),
        clock,
        codec: settings.codec,
        engine,
        runtime,
    })
}

/// Files in a folder which prove that a store was committed there before.
const PROOFS_OF_A_SHOP: [&str; 2] = [SCRIPTED_PAYMENTS_FILE, ADDRESS_FILE];

/// Refuses to create a new shop in a folder that held one before, because its database file is probably lost.
fn check_not_new_beside_old(config: &Config, data_dir: &Path) -> Result<(), Error> {
    if sqlite::is_restoring(data_dir) {
        return Err(Error::HalfRestored(data_dir.to_owned()));
    }
    let left = PROOFS_OF_A_SHOP.into_iter().find(|file| bytes_of(data_dir, file) > 0);
    match left.filter(|_| bytes_of(data_dir, sqlite::DATABASE_FILE) == 0) {
        None => Ok(()),
        Some(file) if config.store.accept_loss => {
            tracing::warn!("Accepted with --accept-loss: a new shop starts in a folder with {file} of an earlier one.");
            Ok(())
        }
        Some(file) => Err(Error::NewBesideOld { folder: data_dir.to_owned(), file }),
    }
}

/// Opens and closes a store that has lost commits, or was changed while it was closed, which records it.
pub(super) fn accept_loss(config: &Config, data_dir: &Path) -> Result<(), Error> {
    if config.store.database().is_none() {
        check_not_new_beside_old(config, data_dir)?;
        drop(sqlite::open(data_dir, options(config))?);
    }
    Ok(())
}

/// Checks that there is a shop, for commands that must not create one. Creates and changes nothing.
pub(super) fn check_exists(config: &Config) -> Result<(), Error> {
    let folder = &config.server.data_dir;
    match config.store.database() {
        Some(database) => {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let found = runtime.block_on(mysql::check_exists(database.address())).map_err(Error::from);
            found.map_err(|error| at(database.address(), error))
        }
        // Opening says what such a folder has lost.
        None if held_a_shop(folder) => Ok(()),
        None => Ok(sqlite::check_exists(folder)?),
    }
}

fn held_a_shop(folder: &Path) -> bool {
    PROOFS_OF_A_SHOP.into_iter().any(|file| bytes_of(folder, file) > 0)
}

fn bytes_of(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).map_or(0, |file| file.len())
}

fn open_shared(config: &Config, mark: Option<&str>, address: &str) -> Result<Opened, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // On another thread, because the caller may be inside a runtime.
    let open = || runtime.block_on(open_for_executor(config, mark, address));
    let opened = std::thread::scope(|scope| scope.spawn(open).join());
    let opened = opened.map_err(|_panic| std::io::Error::other("the thread that opens the store panicked"))??;
    let mysql::Opened { store, views, log, trail, clock, codec_key, engine } = opened;
    let outbox = carrier(config).has_relay().then(|| Box::new(store.outbox(engine)) as Box<dyn Outbox + Send>);
    Ok(Opened {
        store: Box::new(store),
        changes: Some(Arc::clone(&views) as Arc<dyn ChangeFeed>),
        book: Arc::clone(&views) as Arc<dyn LogInspector>,
        views,
        log: Box::new(log),
        trail: Box::new(trail),
        outbox,
        gate: Arc::new(NoGate),
        clock,
        codec: Codec::new(codec_key),
        engine,
        runtime,
    })
}

async fn open_for_executor(config: &Config, mark: Option<&str>, address: &str) -> Result<mysql::Opened, Error> {
    let options = mysql::Options { readers: config.store.readers };
    let mut opened = mysql::open(address, options).await?;
    if let Some(mark) = mark {
        let last = opened.store.secret_mark(mark).await?;
        if last != mark {
            if !config.auth.accept_new_secret {
                return Err(Error::OtherSecret);
            }
            opened.store.change_secret_mark(mark).await?;
            warn_of_new_secret();
        }
    }
    check_currency(opened.store.keep_currency(currency(config)).await?, config)?;
    let settings = settings(config, Codec::new(opened.codec_key));
    let carrier = carrier(config);
    let last = opened.store.last_carrier().await?;
    if let Some(last) = last.filter(|last| *last != carrier)
        && opened.store.is_served_by_others(opened.engine).await?
    {
        return Err(Error::OtherExecutor { last: last.name() });
    }
    if last.is_some_and(|last| last.must_be_drained_for(carrier)) {
        let mysql::Opened { store, log, clock, engine, .. } = opened;
        let unfinished = Unfinished { store: Box::new(store), log: Box::new(log), clock, engine };
        drain(unfinished, &settings).await?;
        opened = mysql::open(address, options).await?;
    }
    opened.store.run_with(carrier).await?;
    Ok(opened)
}

fn currency(config: &Config) -> &'static str {
    config.shop.currency().unwrap_or(Currency::KRW).code()
}

/// Refuses a shop whose amounts are in another currency.
fn check_currency(other: Option<String>, config: &Config) -> Result<(), Error> {
    other.map_or(Ok(()), |stored| Err(Error::OtherCurrency { stored, wanted: currency(config) }))
}

/// A store whose log has events that no group has handled.
struct Unfinished {
    store: Box<dyn Store + Send>,
    log: Box<dyn EventLog + Send>,
    clock: Arc<dyn Clock>,
    engine: u32,
}

/// Handles the rest of the log, because no group reads it under the inline executor.
async fn drain(unfinished: Unfinished, settings: &Settings) -> Result<(), Error> {
    let Unfinished { store, log, clock, engine } = unfinished;
    let settings = Settings { executor: Executor::Log, ..settings.clone() };
    let mut consumer = Consumer::new(log, settings.codec);
    let mut engine = Engine::new(Parts { store, gate: Arc::new(NoGate), clock, settings, engine });
    loop {
        let jobs = consumer.consume_once(EVENTS_MAX).await?;
        if jobs.is_empty() && !engine.has_deferred() {
            return Ok(());
        }
        let report = engine.batch_once(jobs).await;
        if let Some(error) = report.errors.into_iter().next() {
            return Err(StoreError::Failed(error).into());
        }
    }
}

fn options(config: &Config) -> Options {
    Options {
        synchronous: match config.store.synchronous {
            config::Synchronous::Full => Synchronous::Full,
            config::Synchronous::Off => Synchronous::Off,
        },
        vfs: match config.store.vfs {
            config::Vfs::Gathered => Vfs::Gathered,
            config::Vfs::System => Vfs::System,
        },
        cache_mib: config.store.cache_mib,
        readers: config.store.readers,
        ballast_mib: config.store.ballast_mib,
        accept_loss: config.store.accept_loss,
        accept_damage: config.store.accept_loss || config.store.accept_damage,
    }
}
