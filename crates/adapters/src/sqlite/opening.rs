//! Opens a data folder: one writer, some readers, and a schema that fits this program.

mod error;
mod identity;

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use app::state::settings::Carrier;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::ballast::Ballast;
use super::best_sellers::BestSellers;
use super::commit_mark::{self, MARK_FILE, Mark, MarkWriter, shop_of};
use super::commits_seen::CommitsSeen;
use super::connection::{DATABASE_FILE, LOG_FILE, prepare};
use super::loss;
use super::reading::to_read;
use super::store::{Files, LogCopy, LogSync, Seen, carrier, copy_at_start, currency};
use super::{SqliteLog, SqliteStore, SqliteTrail, SqliteViews, cut, half_moved, page_sums};
use crate::file_lock::FileLock;
use crate::left_out::LeftOut;
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
    let left_out = Arc::new(LeftOut::default());
    let views = SqliteViews::new(readers(folder, options)?, Some(Arc::clone(&best_sellers)), Arc::clone(&left_out));
    let log = SqliteLog::new(reader(folder, options)?, Arc::clone(&commits));
    let sync = start_sync(&writer, folder, options, Mark { shop: shop_of(codec_key), engine, commit: 0 })?;
    let copy = start_copy(folder, options)?;
    // It reads each page once.
    let trail = SqliteTrail::new(reader(folder, Options { cache_mib: 2, ..options })?, sync.clone());
    ballast.keep();
    let store =
        SqliteStore::new(writer, Files { lock, sync, copy, ballast }, Seen { commits, best_sellers, left_out })?;
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
    Ok(SqliteViews::new(readers(folder, options)?, None, Arc::default()))
}

fn readers(folder: &Path, options: Options) -> Result<Vec<Connection>, OpenError> {
    (0..options.readers.max(1)).map(|_| reader(folder, options)).collect()
}

/// A folder that is only read.
pub struct Read {
    pub views: SqliteViews,
    /// The key that turns this shop's ids into codes.
    pub codec_key: [u8; 16],
    /// How events reached their groups when the shop was served last.
    pub carrier: Option<Carrier>,
    /// The currency of its amounts, once there are any.
    pub currency: Option<String>,
}

/// Opens a folder for reading, beside the process that writes to it, or one that takes no writes.
pub fn read_shop(folder: &Path) -> Result<Read, OpenError> {
    if !folder.join(DATABASE_FILE).is_file() {
        return Err(OpenError::NoShop(folder.to_owned()));
    }
    let options = Options { readers: 1, ..Options::default() };
    let connection = reader(folder, options)?;
    check_shop(&connection, folder)?;
    let codec_key = connection.query_row("SELECT value FROM meta WHERE name = 'codec_key'", [], |row| row.get(0))?;
    let (carrier, currency) = (carrier(&connection)?, currency(&connection)?);
    Ok(Read { views: read(folder, options)?, codec_key, carrier, currency })
}

/// Checks that a folder has every commit that was on its disk once, as opening it for writing does. Changes nothing.
pub fn check_whole(folder: &Path) -> Result<(), OpenError> {
    // Read first, so that the connection sees every marked commit.
    let mark = commit_mark::read(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let is_empty = std::fs::metadata(folder.join(DATABASE_FILE)).map_or(0, |file| file.len()) == 0;
    let loss = if is_empty {
        loss::of_folder(folder)?
    } else {
        let connection = to_read(folder)?;
        connection.execute_batch("BEGIN")?;
        cut::check_reader(&connection, folder)?;
        loss::of_reader(&connection, folder, mark)?
    };
    match loss {
        Some(loss) => Err(OpenError::Lost(Box::new(loss))),
        None if is_empty => Err(OpenError::NoShop(folder.to_owned())),
        None => Ok(()),
    }
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

fn reader(folder: &Path, options: Options) -> Result<Connection, OpenError> {
    let reader = to_read(folder)?;
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
        found => match known_schema() {
            known if found < known => Err(OpenError::SchemaTooOld { folder: folder.to_owned(), found, known }),
            _ => Ok(()),
        },
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
mod tests;
