//! The shop in one process: a SQLite file as the store, its event table as the log, the gate in memory.

mod backup;
mod ballast;
mod best_sellers;
mod cells;
mod commit_mark;
mod commits_seen;
mod connection;
mod cut;
mod examination;
mod gate;
mod half_moved;
mod log;
mod log_scan;
mod loss;
mod open_for_move;
mod opening;
mod outbox;
mod page_sums;
mod reading;
mod relay_rows;
mod repartition;
mod snapshot;
mod store;
mod trail;
mod views;

pub use backup::{BackupError, Beside, Restoring, Written, back_up, is_restoring, open_backup};
pub use ballast::BALLAST_FILE;
pub use commit_mark::MARK_FILE;
pub use connection::DATABASE_FILE;
pub use examination::{Examined, examine};
pub use gate::{GateBounds, MemoryGate};
pub use log::SqliteLog;
pub use loss::Loss;
pub(crate) use open_for_move::open_for_move;
pub use opening::{
    OpenError, Opened, Options, Read, Synchronous, Vfs, check_exists, check_whole, open, read, read_shop,
};
pub use outbox::SqliteOutbox;
pub use page_sums::{SUMS_FILE, sum_up_closed};
pub use repartition::SqliteRepartitionStore;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use trail::SqliteTrail;
pub use views::SqliteViews;

/// Returns the version of SQLite in this program.
pub fn version() -> &'static str {
    rusqlite::version()
}
