//! The shop in one process: a SQLite file as the store, its event table as the log, the gate in memory.

mod cells;
mod commits_seen;
mod gate;
mod log;
mod opening;
mod outbox;
mod snapshot;
mod store;
mod switchboard;
mod views;

pub use gate::{GateBounds, MemoryGate};
pub use log::SqliteLog;
pub use opening::{DATABASE_FILE, OpenError, Opened, Options, Synchronous, open, read, read_shop};
pub use outbox::SqliteOutbox;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use switchboard::SqliteSwitchboard;
pub use views::SqliteViews;
