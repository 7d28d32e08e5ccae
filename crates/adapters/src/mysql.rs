//! The store that several processes share: MySQL 8.4 or MariaDB 10.11, in the SQL that both understand.
//!
//! All statements are text that [`sql`] builds, so that everything a batch reads or writes is one message to the
//! server: a batch costs about four messages.

mod background;
mod cells;
mod commits_seen;
mod encryption;
mod examination;
mod failure;
mod log;
mod no_gate;
mod opening;
mod outbox;
mod provider_ledger;
mod relay_rows;
mod repartition;
pub mod scratch;
mod server_clock;
mod session;
mod snapshot;
mod sql;
mod store;
mod trail;
mod turn;
mod views;

pub use examination::{Examined, examine};
pub use log::MysqlLog;
pub use no_gate::NoGate;
pub use opening::{OpenError, Opened, Options, Read, check_address, check_exists, open, read};
pub(crate) use opening::{check_for_move, migrate as migrate_for_move, options_for_move};
pub use outbox::MysqlOutbox;
pub use provider_ledger::MysqlProviderLedger;
pub use repartition::MysqlRepartitionStore;
pub use server_clock::ServerClock;
pub use snapshot::MysqlSnapshot;
pub use store::MysqlStore;
pub use trail::MysqlTrail;
pub use turn::Turn;
pub use views::MysqlViews;
