//! Opens a database: a schema that fits this program, and connections for the engine, the log and the readers.

use std::sync::Arc;

use app::events::outbox::SHARDS;
use app::ports::StoreError;
use app::state::ids::Sequence;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, Pool};

use super::cells::MysqlCells;
use super::failure::{Failure, Result};
use super::log::CommitsSeen;
use super::session::{self, Session};
use super::sql::{Insert, Script, statement};
use super::{MysqlLog, MysqlStore, MysqlViews, ServerClock};
use crate::records::{Cell, Cells as _};

mod schema {
    refinery::embed_migrations!("migrations/mysql");
}

/// Processes that start at the same moment bring the schema up to date one after the other.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('doorbuster ', DATABASE()), 120)";

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that serve reads.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { readers: 4 }
    }
}

/// Everything that is in a database.
pub struct Opened {
    pub store: MysqlStore,
    pub views: Arc<MysqlViews>,
    pub log: MysqlLog,
    pub clock: Arc<ServerClock>,
    /// The key under which this shop's ids become codes, for ever.
    pub codec_key: [u8; 16],
    /// Tells the engine that is started now from every other that ever wrote here.
    pub engine: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the address of the database cannot be understood: {0}")]
    Address(String),
    #[error("the address names no database; it ends like …:3306/doorbuster")]
    NoDatabase,
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}: use a newer program"
    )]
    SchemaTooNew { found: i64, known: i64 },
    #[error("the database was last served by an older program: serve it with this one first")]
    SchemaTooOld,
    #[error("there is no shop in the database")]
    NoShop,
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[from] refinery::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("the readers' thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> OpenError {
        OpenError::Store(failure.into())
    }
}

impl From<mysql_async::Error> for OpenError {
    fn from(error: mysql_async::Error) -> OpenError {
        Failure::from(error).into()
    }
}

/// Understands an address such as `mysql://user:password@host:3306/doorbuster`.
pub(super) fn parse(url: &str) -> std::result::Result<Opts, OpenError> {
    // The error may quote the address, and with it the password.
    let opts = Opts::from_url(url).map_err(|_| OpenError::Address("it is no mysql:// address".to_owned()))?;
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(OpenError::NoDatabase);
    }
    Ok(opts)
}

/// Opens a database for one more engine; an empty one becomes an empty shop. The store and the log live on the runtime
/// that this is awaited on.
pub async fn open(url: &str, options: Options) -> std::result::Result<Opened, OpenError> {
    let opts = parse(url)?;
    migrate(&opts).await?;
    let commits_seen = Arc::new(CommitsSeen::default());
    let clock = Arc::new(ServerClock::default());
    let mut store = MysqlStore::new(&opts, Arc::clone(&commits_seen), Arc::clone(&clock));
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(OpenError::Random)?;
    let codec_key = first_words(store.session(), u128::from_be_bytes(key)).await?;
    let count = "UPDATE meta SET value = LAST_INSERT_ID(CAST(value AS SIGNED) + 1) WHERE name = 'openings'";
    let engine = store.session().number(count).await?;
    let engine = u32::try_from(engine).map_err(|_| Failure::Refused("it was opened too often".to_owned()))?;
    store.read_clock().await?;
    let views = Arc::new(MysqlViews::new(&opts, options.readers)?);
    let log = MysqlLog::new(&opts, commits_seen);
    Ok(Opened { store, views, log, clock, codec_key, engine })
}

/// Opens a database only to read, beside the processes that write to it; with the key under which its ids are codes.
pub async fn read(url: &str) -> std::result::Result<(MysqlViews, [u8; 16]), OpenError> {
    let opts = parse(url)?;
    let mut session = Session::new(&opts);
    check_shop(&mut session).await?;
    let key = codec_key(session.ask("SELECT value FROM meta WHERE name = 'codec_key'").await?)?;
    Ok((MysqlViews::new(&opts, 1)?, key))
}

fn codec_key(rows: Vec<Vec<mysql_async::Value>>) -> Result<[u8; 16]> {
    let key: String = one(rows)?;
    let key = u128::from_str_radix(&key, 16).map_err(|_| Failure::Unreadable("codec_key is no key".to_owned()))?;
    Ok(key.to_be_bytes())
}

async fn migrate(opts: &Opts) -> std::result::Result<(), OpenError> {
    let mut guard = Conn::new(session::options(opts)).await?;
    guard.query_drop(LOCK).await?;
    check_schema(&mut Session::new(opts)).await?;
    let mut pool = Pool::new(session::options(opts));
    let migrated = schema::migrations::runner().run_async(&mut pool).await;
    // Nothing depends on how these end.
    let _ = pool.disconnect().await;
    let _ = guard.disconnect().await;
    migrated?;
    Ok(())
}

/// Whether there is a shop that this program can read as it is.
pub(super) async fn check_shop(session: &mut Session) -> std::result::Result<(), OpenError> {
    match check_schema(session).await? {
        0 => Err(OpenError::NoShop),
        found if found < known_schema() => Err(OpenError::SchemaTooOld),
        _ => Ok(()),
    }
}

/// The latest version of the schema.
fn known_schema() -> i64 {
    let runner = schema::migrations::runner();
    runner.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

/// The version of the schema, 0 for an empty database, if this program knows it.
async fn check_schema(session: &mut Session) -> std::result::Result<i64, OpenError> {
    let known = known_schema();
    let exists = "SELECT COUNT(*) FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name = 'refinery_schema_history'";
    let mut found: i64 = one(session.ask(exists).await?)?;
    if found > 0 {
        found = one(session.ask("SELECT COALESCE(MAX(version), 0) FROM refinery_schema_history").await?)?;
    }
    if found > known {
        return Err(OpenError::SchemaTooNew { found, known });
    }
    Ok(found)
}

fn one<T: Cell>(rows: Vec<Vec<mysql_async::Value>>) -> Result<T> {
    MysqlCells::of(rows.into_iter().next().unwrap_or_default()).take()
}

/// Writes what every shop has, where it is not there yet; and the key under which its ids become codes.
async fn first_words(session: &mut Session, new_key: u128) -> std::result::Result<[u8; 16], OpenError> {
    let mut script = Script::default();
    let meta = "INSERT IGNORE INTO meta (name, value) VALUES ('openings', '0'), ('codec_key', ?)";
    script.add(statement(meta, &[&format!("{new_key:032x}")]));
    script.add(statement("REPLACE INTO meta (name, value) VALUES ('app_version', ?)", &[&env!("CARGO_PKG_VERSION")]));
    let mut sequences = Insert::new(&mut script, "INSERT IGNORE INTO sequence (name, next_number) VALUES ", "");
    Sequence::ALL.iter().for_each(|sequence| sequences.row(&[&sequence.name(), &sequence.first()]));
    drop(sequences);
    let mut shards = Insert::new(&mut script, "INSERT IGNORE INTO outbox_shard (shard, seq, hash) VALUES ", "");
    (0_i64..).take(SHARDS).for_each(|shard| shards.row(&[&shard, &0_i64, &[0_u8; 32]]));
    drop(shards);
    script.add("INSERT IGNORE INTO relay_halt (id, holder, halted_until) VALUES (1, 0, 0)");
    let place = script.add("SELECT value FROM meta WHERE name = 'codec_key'");
    let mut answers = session.run(&script).await?;
    Ok(codec_key(std::mem::take(&mut answers[place]))?)
}
