//! Opens a database: brings its schema up to date and makes the connections of engine, log and readers.

use std::error::Error as _;
use std::sync::Arc;

use app::events::outbox::SHARDS;
use app::ports::StoreError;
use app::state::ids::Sequence;
use app::state::settings::Carrier;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, Pool};

use super::cells::MysqlCells;
use super::commits_seen::CommitsSeen;
use super::encryption;
use super::failure::{Failure, Result};
use super::session::{self, Session};
use super::sql::{Insert, Script, statement};
use super::store::{engine_lock, stored_carrier, stored_currency};
use super::{MysqlLog, MysqlStore, MysqlTrail, MysqlViews, ServerClock};
use crate::half_moved::{COPIED, MOVING};
use crate::left_out::LeftOut;
use crate::records::{Cell, Cells as _};

mod schema {
    refinery::embed_migrations!("migrations/mysql");
}

/// Serialises the migrations of processes that start at the same moment.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('doorbuster ', DATABASE()), 120)";

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of connections that serve reads.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { readers: 4 }
    }
}

/// The parts of an opened database.
pub struct Opened {
    pub store: MysqlStore,
    pub views: Arc<MysqlViews>,
    pub log: MysqlLog,
    pub trail: MysqlTrail,
    pub clock: Arc<ServerClock>,
    /// The key that turns this shop's ids into codes. It never changes.
    pub codec_key: [u8; 16],
    /// Distinguishes this engine from every other one that ever wrote to the database.
    pub engine: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the address of the database is invalid: {0}")]
    Address(String),
    #[error("the address of the database names no database: it must end with one, as in …:3306/doorbuster")]
    NoDatabase,
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}: use a newer program"
    )]
    SchemaTooNew { found: i64, known: i64 },
    #[error("the database has schema version {found}, and this program needs version {known}")]
    SchemaTooOld { found: i64, known: i64 },
    #[error("the database has a part of a shop only: a move into it was interrupted")]
    HalfMoved,
    #[error("the database contains no shop")]
    NoShop,
    #[error("migrating the schema failed: {0}")]
    Migration(refinery::Error),
    /// The server does not let this user in or do what is needed, or TLS is not set up alike on both sides.
    #[error("{0}")]
    Denied(String),
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system provides no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("starting the readers' thread failed: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> OpenError {
        match failure {
            Failure::Denied(text) | Failure::Untrusted(text) => OpenError::Denied(text),
            Failure::ReadOnly(text) => OpenError::ReadOnly(text),
            Failure::Contended(_)
            | Failure::Constraint(_)
            | Failure::Lost(_)
            | Failure::Refused(_)
            | Failure::Unreadable(_) => OpenError::Store(failure.into()),
        }
    }
}

/// A database that refuses the user or takes no writes is no failed migration: nothing was changed.
impl From<refinery::Error> for OpenError {
    fn from(error: refinery::Error) -> OpenError {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<mysql_async::Error>());
        match cause.map(Failure::from) {
            Some(refused @ (Failure::Denied(_) | Failure::Untrusted(_) | Failure::ReadOnly(_))) => refused.into(),
            Some(
                Failure::Contended(_)
                | Failure::Constraint(_)
                | Failure::Lost(_)
                | Failure::Refused(_)
                | Failure::Unreadable(_),
            )
            | None => OpenError::Migration(error),
        }
    }
}

impl From<mysql_async::Error> for OpenError {
    fn from(error: mysql_async::Error) -> OpenError {
        Failure::from(error).into()
    }
}

/// Parses an address such as `mysql://user:password@host:3306/doorbuster`.
pub(super) fn parse(url: &str) -> std::result::Result<Opts, OpenError> {
    let opts = encryption::options(url).map_err(OpenError::Address)?;
    if opts.db_name().is_none_or(str::is_empty) {
        return Err(OpenError::NoDatabase);
    }
    Ok(opts)
}

/// Checks an address, and the files of TLS that it names; nothing is sent.
pub fn check_address(url: &str) -> std::result::Result<(), OpenError> {
    parse(url).map(|_opts| ())
}

/// Opens a database for one more engine; an empty database becomes an empty shop. The store and the log live on the
/// runtime that awaits this.
pub async fn open(url: &str, options: Options) -> std::result::Result<Opened, OpenError> {
    let opts = parse(url)?;
    refuse_half_moved(&mut Session::new(&opts)).await?;
    migrate(&opts).await?;
    let commits_seen = Arc::new(CommitsSeen::default());
    let clock = Arc::new(ServerClock::default());
    let left_out = Arc::new(LeftOut::default());
    let mut store = MysqlStore::new(&opts, Arc::clone(&commits_seen), Arc::clone(&clock), Arc::clone(&left_out));
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(OpenError::Random)?;
    let codec_key = insert_first_rows(store.session(), u128::from_be_bytes(key)).await?;
    let count = "UPDATE meta SET value = LAST_INSERT_ID(CAST(value AS SIGNED) + 1) WHERE name = 'openings'";
    let engine = store.session().number(count).await?;
    let engine =
        u32::try_from(engine).map_err(|_| Failure::Refused("the counter of openings is out of range".to_owned()))?;
    // After a reconnection the lost connection may hold it for a moment.
    store.session().begin_with(format!("DO GET_LOCK({}, 1)", engine_lock(engine))).await?;
    store.read_clock().await?;
    let views = Arc::new(MysqlViews::new(&opts, options.readers, left_out)?);
    let log = MysqlLog::new(&opts, commits_seen);
    let trail = MysqlTrail::new(&opts);
    Ok(Opened { store, views, log, trail, clock, codec_key, engine })
}

/// A database that is only read.
pub struct Read {
    pub views: MysqlViews,
    /// The key that turns this shop's ids into codes.
    pub codec_key: [u8; 16],
    /// How events reached their groups when the shop was served last.
    pub carrier: Option<Carrier>,
    /// The currency of its amounts, once there are any.
    pub currency: Option<String>,
}

/// Opens a database for reading, beside the processes that write to it, or one that takes no writes.
pub async fn read(url: &str) -> std::result::Result<Read, OpenError> {
    let opts = parse(url)?;
    let mut session = Session::new(&opts);
    check_shop(&mut session).await?;
    let codec_key = codec_key(session.ask("SELECT value FROM meta WHERE name = 'codec_key'").await?)?;
    let carrier = stored_carrier(&mut session, "").await?;
    let currency = stored_currency(&mut session).await?;
    Ok(Read { views: MysqlViews::new(&opts, 1, Arc::default())?, codec_key, carrier, currency })
}

/// Checks that a database has a shop of any version.
pub async fn check_exists(url: &str) -> std::result::Result<(), OpenError> {
    match check_schema(&mut Session::new(&parse(url)?)).await? {
        0 => Err(OpenError::NoShop),
        _ => Ok(()),
    }
}

fn codec_key(rows: Vec<Vec<mysql_async::Value>>) -> Result<[u8; 16]> {
    let key: String = one(rows)?;
    let key = u128::from_str_radix(&key, 16)
        .map_err(|_| Failure::unreadable("the codec_key in the table meta is not a key"))?;
    Ok(key.to_be_bytes())
}

/// Brings the schema up to date.
pub(crate) async fn migrate(opts: &Opts) -> std::result::Result<(), OpenError> {
    let mut guard = Conn::new(session::options(opts)).await?;
    guard.query_drop(LOCK).await?;
    check_schema(&mut Session::new(opts)).await?;
    let mut pool = Pool::new(session::options(opts));
    let migrated = schema::migrations::runner().run_async(&mut pool).await;
    // The migration's result alone decides.
    let _ = pool.disconnect().await;
    let _ = guard.disconnect().await;
    migrated?;
    Ok(())
}

/// Checks that the database has a shop with exactly this program's schema.
pub(super) async fn check_shop(session: &mut Session) -> std::result::Result<(), OpenError> {
    refuse_half_moved(session).await?;
    match check_schema(session).await? {
        0 => Err(OpenError::NoShop),
        found => match known_schema() {
            known if found < known => Err(OpenError::SchemaTooOld { found, known }),
            _ => Ok(()),
        },
    }
}

/// Refuses a database that a move has begun to fill.
async fn refuse_half_moved(session: &mut Session) -> std::result::Result<(), OpenError> {
    let begun = format!(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{MOVING}'"
    );
    if one::<i64>(session.ask(&begun).await?)? == 0 {
        return Ok(());
    }
    let copied = format!("SELECT COUNT(*) FROM {MOVING} WHERE name = '{COPIED}'");
    if one::<i64>(session.ask(&copied).await?)? == 0 { Err(OpenError::HalfMoved) } else { Ok(()) }
}

/// Returns the options of a connection that moves a shop.
pub(crate) fn options_for_move(url: &str) -> std::result::Result<Opts, OpenError> {
    Ok(session::options(&parse(url)?).into())
}

/// Checks that a database has a whole shop with exactly this program's schema.
pub(crate) async fn check_for_move(url: &str) -> std::result::Result<(), OpenError> {
    check_shop(&mut Session::new(&parse(url)?)).await
}

/// The latest version of the schema.
fn known_schema() -> i64 {
    let runner = schema::migrations::runner();
    runner.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

/// Returns the version of the schema, 0 for an empty database; fails if it is newer than this program's.
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

/// Inserts the rows that every shop has, where they are missing, and returns the key of its id codes.
async fn insert_first_rows(session: &mut Session, new_key: u128) -> std::result::Result<[u8; 16], OpenError> {
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
