use app::conformance::ready;
use app::state::rows::AccountKey;
use domain::money::Money;
use domain::points::Account;

use rusqlite::wal::CheckpointMode;

use crate::sqlite::store::*;
use crate::sqlite::{Options, open};

fn commit(store: &mut SqliteStore, number: i64, accounts: impl Iterator<Item = i64>) -> Result<(), CommitError> {
    let mut rows = Rows::default();
    ready(store.load(&[], &mut rows)).unwrap();
    for user in accounts.map(UserId) {
        rows.accounts.put(AccountKey(user), Account { user, balance: Money::ZERO });
    }
    let id = CommitId { engine: 1, number };
    let durability = ready(store.commit(Commit { id, rows: &rows, offsets: &[], now: Timestamp::default() }))?;
    durability.reach().map(drop).map_err(CommitError::Broken)
}

#[test]
fn a_full_disk_rolls_back_the_commit_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path(), Options::default()).unwrap().store;
    commit(&mut store, 1, 0..9).unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let full = commit(&mut store, 2, 100..9_000);
    assert!(matches!(&full, Err(CommitError::Unknown(error)) if error.contains("full")), "{full:?}");
    let id = CommitId { engine: 1, number: 2 };
    assert_eq!(ready(store.committed(id)), Ok(false));
    store.connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    commit(&mut store, 3, 100..9_000).unwrap();
}

#[test]
fn after_a_failed_sync_nothing_is_written_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path(), Options::default()).unwrap().store;
    let failed_sync = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let error = store.fail(Failure::Sqlite(rusqlite::Error::SqliteFailure(failed_sync, None)));
    assert!(matches!(error, CommitError::Broken(_)), "{error:?}");
    let mut rows = Rows::default();
    assert!(ready(store.load(&[], &mut rows)).is_err());
    assert!(ready(store.rollback()).is_err(), "the engine learns that the store is broken");
    assert!(ready(store.lease(Sequence::Order, 1)).is_err());
    let id = CommitId { engine: 1, number: 1 };
    let commit = Commit { id, rows: &rows, offsets: &[], now: Timestamp::default() };
    assert!(matches!(ready(store.commit(commit)), Err(CommitError::Broken(_))));
}

#[test]
fn a_long_reader_holds_up_the_log_but_not_the_shop() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { synchronous: crate::sqlite::Synchronous::Off, ..Options::default() };
    let mut store = open(folder.path(), options).unwrap().store;
    commit(&mut store, 1, 0..9).unwrap();
    let reader = Connection::open(folder.path().join(crate::sqlite::DATABASE_FILE)).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM points_account").unwrap();
    store.log_pages = 8;
    let length =
        |store: &SqliteStore| store.connection.wal_checkpoint_v2(Some("main"), CheckpointMode::NOOP).unwrap().0;
    for number in 2..200 {
        commit(&mut store, number, 0..9).unwrap();
    }
    assert!(length(&store) > 2 * store.log_pages);
    reader.execute_batch("COMMIT").unwrap();
    let starts_over = (200..2_000).any(|number| {
        commit(&mut store, number, 0..9).unwrap();
        length(&store) < store.log_pages
    });
    assert!(starts_over, "the log starts over when its old pages have no reader");
}
