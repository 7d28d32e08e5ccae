//! Opens a data folder: one writer, some readers, and a schema that fits this program.

mod error;
mod identity;

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::ballast::Ballast;
use super::best_sellers::BestSellers;
use super::commit_mark::{MARK_FILE, Mark, MarkWriter, shop_of};
use super::commits_seen::CommitsSeen;
use super::connection::{DATABASE_FILE, LOG_FILE, prepare};
use super::loss;
use super::store::{Files, LogCopy, LogSync, Seen, copy_at_start};
use super::{SqliteLog, SqliteStore, SqliteTrail, SqliteViews, cut, half_moved, page_sums};
use crate::file_lock::FileLock;
pub use error::OpenError;
use identity::{codec_key, count_opening};

mod schema {
    refinery::embed_migrations!("migrations/embedded");
}

/// The folder's one writer holds a lock on this file.
const LOCK_FILE: &str = "shop.lock";
/// The first version without the WAL-reset bug, which could lose committed data.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Customers come in no order, so most pages of a commit hold one changed row: the smaller they are, the less is
/// written for it (`docs/decisions/0027`). A file keeps the page size that it was created with.
const PAGE_BYTES: u32 = 2_048;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// When it is on the disk.
    #[default]
    Full,
    /// When the operating system has it: a power cut may lose the last commits, though never half of one.
    Off,
}

/// How SQLite writes the store's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vfs {
    /// A commit's pages are gathered and written with one system call (crate `vfs`).
    #[default]
    Gathered,
    /// SQLite's own: two system calls per page.
    System,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub synchronous: Synchronous,
    pub vfs: Vfs,
    /// Memory for pages of the writer; each reader has half of it.
    pub cache_mib: u32,
    /// Number of connections that serve reads.
    pub readers: usize,
    /// Space that is reserved for a full disk.
    pub ballast_mib: u32,
    /// Opens a store even if it has lost commits, and records that an operator accepts it.
    pub accept_loss: bool,
    /// Records that an operator accepts the pages that were changed while the store was closed.
    pub accept_damage: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            synchronous: Synchronous::Full,
            vfs: Vfs::Gathered,
            cache_mib: 16,
            readers: 2,
            ballast_mib: 0,
            accept_loss: false,
            accept_damage: false,
        }
    }
}

/// The parts of an opened data folder.
pub struct Opened {
    pub store: SqliteStore,
    pub views: Arc<SqliteViews>,
    pub log: SqliteLog,
    pub trail: SqliteTrail,
    /// The key that turns this shop's ids into codes. It never changes.
    pub codec_key: [u8; 16],
    /// Distinguishes this engine from every other one that ever wrote to the folder.
    pub engine: u32,
}

/// Opens a data folder for its one writer; an empty or missing folder becomes an empty shop.
pub fn open(folder: &Path, options: Options) -> Result<Opened, OpenError> {
    check_sqlite()?;
    std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let lock = lock(folder)?;
    let ballast = Ballast::of(folder, options.ballast_mib);
    ballast.release_if_full();
    let loss = loss::of_folder(folder)?;
    if let Some(loss) = loss.as_ref().filter(|_| !options.accept_loss) {
        return Err(OpenError::Lost(Box::new(loss.clone())));
    }
    cut::check(folder)?;
    loss::warn_of_log(folder)?;
    let damage = page_sums::changed(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    page_sums::forget(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let mut writer = writer(folder, options)?;
    // A log that filled the disk is copied before anything is added to it.
    copy_at_start(&writer, &ballast);
    migrate(&mut writer, folder)?;
    if let Some(loss) = &loss {
        loss::accept(&writer, loss)?;
    }
    loss::record_damage(&writer, &damage)?;
    if options.accept_damage {
        loss::accept_damage(&writer)?;
    }
    let codec_key = codec_key(&writer)?;
    let engine = count_opening(&writer)?;
    let commits = Arc::new(CommitsSeen::default());
    let best_sellers = Arc::new(BestSellers::new(engine));
    let views = SqliteViews::new(readers(folder, options)?, Some(Arc::clone(&best_sellers)));
    let log = SqliteLog::new(reader(folder, options)?, Arc::clone(&commits));
    let sync = start_sync(&writer, folder, options, Mark { shop: shop_of(codec_key), engine, commit: 0 })?;
    let copy = start_copy(folder, options)?;
    // It reads each page once.
    let trail = SqliteTrail::new(reader(folder, Options { cache_mib: 2, ..options })?, sync.clone());
    ballast.keep();
    let store = SqliteStore::new(writer, Files { lock, sync, copy, ballast }, Seen { commits, best_sellers })?;
    Ok(Opened { store, views: Arc::new(views), log, trail, codec_key, engine })
}

/// From here on SQLite writes commits and [`LogSync`] syncs them, while the next batch is decided. SQLite has synced
/// everything before, including the opening itself.
fn start_sync(
    writer: &Connection,
    folder: &Path,
    options: Options,
    mark: Mark,
) -> Result<Option<Arc<LogSync>>, OpenError> {
    if options.synchronous == Synchronous::Off {
        return Ok(None);
    }
    let marks = MarkWriter::start(folder, mark).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let log = folder.join(LOG_FILE);
    let sync = LogSync::open(&log, Some(marks)).map_err(|error| OpenError::Folder(log, error))?;
    // SQLite still syncs whenever the log is copied into the file or starts over.
    writer.pragma_update(None, "synchronous", "normal")?;
    Ok(Some(sync))
}

/// Opens a second connection of the writer's kind, which only copies the log into the file.
fn start_copy(folder: &Path, options: Options) -> Result<LogCopy, OpenError> {
    let database = folder.join(DATABASE_FILE);
    let connection = Connection::open(&database)?;
    let is_synced = options.synchronous != Synchronous::Off;
    connection.pragma_update(None, "synchronous", if is_synced { "normal" } else { "off" })?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let broken = |error| OpenError::Folder(folder.to_owned(), error);
    let synced = is_synced.then(|| File::options().read(true).write(true).open(database)).transpose();
    LogCopy::start(connection, synced.map_err(broken)?).map_err(broken)
}

/// Opens a data folder for reading, also beside the process that writes to it.
pub fn read(folder: &Path, options: Options) -> Result<SqliteViews, OpenError> {
    check_sqlite()?;
    Ok(SqliteViews::new(readers(folder, options)?, None))
}

fn readers(folder: &Path, options: Options) -> Result<Vec<Connection>, rusqlite::Error> {
    (0..options.readers.max(1)).map(|_| reader(folder, options)).collect()
}

/// The same; returns the key of the shop's id codes, too.
pub fn read_shop(folder: &Path) -> Result<(SqliteViews, [u8; 16]), OpenError> {
    if !folder.join(DATABASE_FILE).is_file() {
        return Err(OpenError::NoShop(folder.to_owned()));
    }
    let options = Options { readers: 1, ..Options::default() };
    let connection = reader(folder, options)?;
    check_shop(&connection, folder)?;
    let key = connection.query_row("SELECT value FROM meta WHERE name = 'codec_key'", [], |row| row.get(0))?;
    Ok((read(folder, options)?, key))
}

/// Checks that a folder has a shop, of any version, or one whose database is lost. Creates and changes nothing.
pub fn check_exists(folder: &Path) -> Result<(), OpenError> {
    let bytes = |file: &str| std::fs::metadata(folder.join(file)).map_or(0, |file| file.len());
    // A mark without its database is a loss, which opening reports.
    if bytes(DATABASE_FILE) > 0 || bytes(MARK_FILE) > 0 {
        return Ok(());
    }
    Err(OpenError::NoShop(folder.to_owned()))
}

pub(super) fn check_sqlite() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version() });
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<FileLock, OpenError> {
    FileLock::take(&folder.join(LOCK_FILE)).map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse(folder.to_owned()),
        TryLockError::Error(error) => OpenError::Folder(folder.to_owned(), error),
    })
}

pub(super) fn writer(folder: &Path, options: Options) -> Result<Connection, OpenError> {
    let database = folder.join(DATABASE_FILE);
    // SQLite gives its other files the mode of this one.
    let created = File::options().create(true).truncate(false).write(true).mode(0o600).open(&database);
    created.map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let writer = match options.vfs {
        Vfs::Gathered => Connection::open_with_flags_and_vfs(database, OpenFlags::default(), vfs::commit_at_once()?)?,
        Vfs::System => Connection::open(database)?,
    };
    prepare(&writer, options.cache_mib)?;
    // Takes effect only while the file is empty.
    writer.pragma_update(None, "page_size", PAGE_BYTES)?;
    writer.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "full",
        Synchronous::Off => "off",
    };
    writer.pragma_update(None, "synchronous", synchronous)?;
    // The store itself copies the log into the file, between batches.
    writer.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(writer)
}

fn reader(folder: &Path, options: Options) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(folder.join(DATABASE_FILE), flags)?;
    prepare(&reader, options.cache_mib.div_ceil(2))?;
    Ok(reader)
}

fn migrate(writer: &mut Connection, folder: &Path) -> Result<(), OpenError> {
    check_schema(writer, folder)?;
    half_moved::refuse(writer, folder)?;
    run_migrations(writer)
}

pub(super) fn run_migrations(writer: &mut Connection) -> Result<(), OpenError> {
    // In one transaction: alone, a migration and the row that records it are two, and a crash between them would leave a store that no
    // program can migrate.
    schema::migrations::runner().set_grouped(true).run(writer)?;
    writer.execute(
        "INSERT INTO meta (name, value) VALUES ('app_version', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
        [env!("CARGO_PKG_VERSION")],
    )?;
    Ok(())
}

/// Checks that there is a shop with exactly this program's schema.
pub(super) fn check_shop(connection: &Connection, folder: &Path) -> Result<(), OpenError> {
    half_moved::refuse(connection, folder)?;
    match check_schema(connection, folder)? {
        0 => Err(OpenError::NoShop(folder.to_owned())),
        found if found < known_schema() => Err(OpenError::SchemaTooOld(folder.to_owned())),
        _ => Ok(()),
    }
}

fn known_schema() -> i64 {
    let runner = schema::migrations::runner();
    runner.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

/// Returns the version of the schema, 0 for an empty file; fails if it is newer than this program's.
fn check_schema(connection: &Connection, folder: &Path) -> Result<i64, OpenError> {
    let known = known_schema();
    let found = schema_version(connection)?;
    if found > known {
        return Err(OpenError::SchemaTooNew { folder: folder.to_owned(), found, known });
    }
    Ok(found)
}

fn schema_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    if !connection.table_exists(None, "refinery_schema_history")? {
        return Ok(0);
    }
    connection.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use app::conformance::ready;
    use app::events::event::{Event, PriceChanged};
    use app::events::outbox;
    use app::events::trace::TraceParent;
    use app::ports::{Commit, CommitId, Store as _};
    use app::state::rows::{AccountKey, EventId, HoldingKey, NewEvent, Rows};
    use app::state::settings::Carrier;
    use domain::ids::{CampaignId, ProductId, UserId};
    use domain::money::Money;
    use domain::time::Timestamp;
    use refinery::Target;

    use super::*;
    use crate::sqlite::snapshot::SqliteSnapshot;

    const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

    /// Rows of three customers in a shop of schema version 7: points, and coupons of two campaigns.
    const SHOP_BEFORE: &str = "
        INSERT INTO customer (user_id, notices, created_at, last_coupon_id) VALUES (1, 0, 0, 30), (2, 0, 0, 20), (3, 0, 0, NULL);
        INSERT INTO points_account VALUES (1, 500), (2, 0);
        INSERT INTO coupon VALUES (10, 'UC-1', 7, 1, 1, 1, NULL, 0, NULL), (20, 'UC-2', 7, 2, 1, 2, 5, 0, NULL),
                                  (30, 'UC-3', 7, 1, 2, 3, NULL, 0, 10), (25, 'UC-4', 8, 1, 1, 1, NULL, 0, 10);";

    #[test]
    fn customers_rows_survive_a_newer_program() {
        let folder = tempfile::tempdir().unwrap();
        let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        schema::migrations::runner().set_target(Target::Version(7)).run(&mut before).unwrap();
        before.execute_batch(SHOP_BEFORE).unwrap();
        drop(before);
        let mut store = open(folder.path(), Options::default()).unwrap().store;
        let mut rows = Rows::default();
        let holding = |campaign, user| HoldingKey { campaign: CampaignId(campaign), user: UserId(user) };
        let held = [(7, 1), (7, 2), (8, 1), (8, 2), (7, 3)].map(|(campaign, user)| holding(campaign, user));
        let keys = [1, 2, 3].map(|user| AccountKey(UserId(user)));
        let all: Vec<_> = keys.map(Into::into).into_iter().chain(held.map(Into::into)).collect();
        ready(store.load(&all, &mut rows)).unwrap();
        let points = keys.map(|key| rows.accounts.get(key).unwrap().map(|account| account.balance));
        assert_eq!(points, [Some(Money::won(500)), Some(Money::ZERO), None]);
        let coupons = held.map(|key| -> Vec<i64> {
            let holding = rows.holdings.get(key).unwrap();
            holding.into_iter().flat_map(|holding| &holding.coupons).map(|coupon| coupon.id.0).collect()
        });
        assert_eq!(coupons, [vec![10, 30], vec![20], vec![25], vec![], vec![]]);
    }

    /// Two events in a shop of schema version 8, served with the log executor.
    const EVENTS_BEFORE: &str = "
        INSERT INTO event VALUES
            (1, '01a2052a-e84c-7000-8000-000040095e52', 'order', 'ORD-1', 'OrderCreated', '{}', 'order-events', '7', 3, 1, 5, 1, 'PlaceOrder', 9),
            (4, '01a2052a-e84c-7000-8000-000040095e53', 'product', '1', 'PriceChanged', '{ }', 'product-events', '1', 3, 2, NULL, NULL, 'ChangeProduct', 10);
        CREATE UNIQUE INDEX event_of_shard ON event (shard, seq);
        INSERT INTO meta (name, value) VALUES ('executor', 'log');";

    #[test]
    fn events_survive_a_newer_program_word_for_word() {
        let folder = tempfile::tempdir().unwrap();
        let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let events = |connection: &Connection| -> Vec<Vec<rusqlite::types::Value>> {
            let mut statement = connection.prepare("SELECT * FROM event ORDER BY position").unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
            rows.map(Result::unwrap).collect()
        };
        schema::migrations::runner().set_target(Target::Version(8)).run(&mut before).unwrap();
        before.execute_batch(EVENTS_BEFORE).unwrap();
        let mut written = events(&before);
        // They have no trace.
        written.iter_mut().for_each(|row| row.push(rusqlite::types::Value::Null));
        drop(before);
        let unread = SqliteSnapshot::open(folder.path());
        assert!(matches!(unread, Err(OpenError::SchemaTooOld(_))), "an audit does not migrate");
        let mut store = open(folder.path(), Options::default()).unwrap().store;
        store.run_with(Carrier::OwnLog).unwrap();
        let now = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        assert_eq!((events(&now), written.len()), (written, 2));
        let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'event_of_shard' AND tbl_name = 'event_row'";
        assert_eq!(now.query_row(index, [], |row| row.get(0)), Ok(1));
    }

    /// Two events of one shard, chained as by earlier programs.
    #[test]
    fn a_chain_from_before_stays_valid_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        schema::migrations::runner().set_target(Target::Version(9)).run(&mut before).unwrap();
        let shard = outbox::shard_of("7");
        before
            .execute_batch("INSERT INTO event_kind VALUES (1, 'product', 'ProductRegistered', 'product-events', 'RegisterProduct')")
            .unwrap();
        let mut hash = [0; 32];
        for seq in 1..=2_i64 {
            let id = 0x01a2_052a_e84c_7000_8000_0000_4009_5e52 + seq as u128;
            hash = outbox::legacy_chain(&hash, &outbox::uuid(id), "ProductRegistered", "{}");
            let insert = "INSERT INTO event_row (kind, id, aggregateid, payload, event_key, shard, seq, occurred_at)
                 VALUES (1, ?1, '7', '{}', '7', ?2, ?3, 5)";
            before.execute(insert, (id.to_be_bytes(), shard as i64, seq)).unwrap();
        }
        before.execute("INSERT INTO outbox_shard VALUES (?1, 2, ?2)", (shard as i64, hash)).unwrap();
        drop(before);
        let mut store = open(folder.path(), Options::default()).unwrap().store;
        let mut rows = Rows::default();
        ready(store.load(&[], &mut rows)).unwrap();
        let event = Event::PriceChanged(PriceChanged { product_id: ProductId(7), price: Money::won(1) });
        rows.events.push(NewEvent {
            id: EventId(9),
            event,
            order: None,
            version: None,
            cause: "ChangeProduct",
            trace: TraceParent::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            at: NOON,
        });
        let id = CommitId { engine: 1, number: 1 };
        ready(store.commit(Commit { id, rows: &rows, offsets: &[], now: NOON })).unwrap();
        drop(store);
        let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let log_is_broken = || {
            let audit = app::audit::audit(&mut SqliteSnapshot::open(folder.path()).unwrap(), NOON).unwrap();
            audit.laws.iter().any(|law| law.law == 20 && law.violations > 0)
        };
        assert!(!log_is_broken());
        for (change, undo) in [
            ("payload = '{ }' WHERE seq = 1", "payload = '{}' WHERE seq = 1"),
            ("traceparent = '' WHERE seq = 1", "traceparent = NULL WHERE seq = 1"),
            ("traceparent = traceparent || '0' WHERE seq = 3", "traceparent = rtrim(traceparent, '0') WHERE seq = 3"),
            ("occurred_at = occurred_at - 1 WHERE seq = 3", "occurred_at = occurred_at + 1 WHERE seq = 3"),
        ] {
            database.execute(&format!("UPDATE event_row SET {change}"), []).unwrap();
            assert!(log_is_broken(), "{change}");
            database.execute(&format!("UPDATE event_row SET {undo}"), []).unwrap();
            assert!(!log_is_broken());
        }
    }
}
