//! A store that has lost durable commits is refused, and one that was merely killed is not.

use std::fs;
use std::path::Path;

use adapters::sqlite::{self, DATABASE_FILE, MARK_FILE, OpenError, Options, SqliteSnapshot, Synchronous};
use app::audit;
use app::state::settings::Executor;
use domain::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::shop::{ANN, Shop, order};

const LOG: &str = "shop.db-wal";
const ORDERS: i64 = 40;

/// The folder of a killed shop with forty orders, all of them answered.
fn killed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Full);
    let product = shop.register_product(1_000);
    for _ in 0..ORDERS {
        shop.place_order(order(ANN, product, 1));
    }
    copy_of(folder.path())
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn orders(folder: &Path) -> i64 {
    let database = Connection::open(folder.join(DATABASE_FILE)).unwrap();
    database.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap()
}

fn open(folder: &Path, accept_loss: bool) -> Result<sqlite::Opened, OpenError> {
    sqlite::open(folder, Options { accept_loss, ..Options::default() })
}

fn edit(folder: &Path, file: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(file);
    let mut bytes = fs::read(&path).unwrap();
    edit(&mut bytes);
    fs::write(path, bytes).unwrap();
}

type Damage = fn(&Path);

const DAMAGES: &[(&str, Damage)] = &[
    ("the log is deleted", |folder| fs::remove_file(folder.join(LOG)).unwrap()),
    ("the log is emptied", |folder| fs::write(folder.join(LOG), "").unwrap()),
    ("the log is cut off", |folder| edit(folder, LOG, |log| log.truncate(log.len() / 2))),
    ("the last page of the log is missing", |folder| edit(folder, LOG, |log| log.truncate(log.len() - 2_072))),
    ("a bit at a fifth of the log", |folder| {
        edit(folder, LOG, |log| {
            let place = log.len() / 5;
            log[place] ^= 4;
        });
    }),
    ("a bit of the log's own header", |folder| edit(folder, LOG, |log| log[17] ^= 1)),
    ("the database and its log are deleted", |folder| {
        fs::remove_file(folder.join(DATABASE_FILE)).unwrap();
        fs::remove_file(folder.join(LOG)).unwrap();
    }),
    ("the database is emptied", |folder| fs::write(folder.join(DATABASE_FILE), "").unwrap()),
    ("the database is another shop's", |folder| {
        let other = tempfile::tempdir().unwrap();
        drop(open(other.path(), false).unwrap());
        fs::remove_file(folder.join(LOG)).unwrap();
        fs::copy(other.path().join(DATABASE_FILE), folder.join(DATABASE_FILE)).unwrap();
    }),
];

#[test]
fn a_store_that_ends_before_its_last_durable_commit_is_refused() {
    let whole = killed();
    for (name, damage) in DAMAGES {
        let folder = copy_of(whole.path());
        damage(folder.path());
        let before = copy_of(folder.path());
        let refused = open(folder.path(), false).err();
        assert!(matches!(refused, Some(OpenError::Lost(_))), "{name}: {refused:?}");
        let text = refused.unwrap().to_string();
        assert!(text.contains("--accept-loss"), "{text}");
        assert_eq!(text.contains("is damaged at byte"), name.contains("a bit at"), "{name}: {text}");
        for file in [DATABASE_FILE, LOG, MARK_FILE] {
            let [found, left] = [&before, &folder].map(|folder| fs::read(folder.path().join(file)).unwrap_or_default());
            assert!(found == left, "{name}: {file} was changed");
        }
    }
}

#[test]
fn an_audit_reports_lost_commits() {
    let whole = killed();
    for (name, damage) in DAMAGES {
        let folder = copy_of(whole.path());
        damage(folder.path());
        match SqliteSnapshot::open(folder.path()) {
            Ok(mut snapshot) => {
                let audit = audit::audit(&mut snapshot, Timestamp::default()).unwrap();
                let log = audit.laws.iter().find(|law| law.law == 20).unwrap();
                assert!(log.examples.iter().any(|example| example.contains("has lost commits")), "{name}: {log:?}");
            }
            Err(error) => assert!(error.to_string().contains("has lost commits"), "{name}: {error}"),
        }
    }
}

#[test]
fn an_accepted_loss_is_recorded_and_not_reported_again() {
    let whole = killed();
    for (name, damage) in DAMAGES {
        let folder = copy_of(whole.path());
        damage(folder.path());
        let lost = open(copy_of(whole.path()).path(), false).unwrap().engine;
        let opened = open(folder.path(), true).unwrap();
        assert!(opened.engine >= lost, "{name}: no opening has the number of one that is lost");
        drop(opened);
        let again = open(folder.path(), false).unwrap();
        drop(again);
        let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let noted = "SELECT what FROM maintenance WHERE kind = 'LOSS_ACCEPTED'";
        let noted: String = database.query_row(noted, [], |row| row.get(0)).unwrap();
        assert!(noted.contains("has lost commits"), "{name}: {noted}");
    }
}

#[test]
fn a_killed_or_stopped_store_is_never_refused() {
    let folder = killed();
    for _ in 0..3 {
        let opened = open(folder.path(), false).unwrap();
        let killed = copy_of(folder.path());
        drop(open(killed.path(), false).unwrap());
        drop(opened);
    }
    assert_eq!(orders(folder.path()), ORDERS);
    // A store of an earlier program, and one whose database alone was restored from a backup.
    fs::remove_file(folder.path().join(MARK_FILE)).unwrap();
    drop(open(folder.path(), false).unwrap());
    assert_eq!(orders(folder.path()), ORDERS);
}

/// A power cut may take the mark back to an earlier one, which refuses less.
#[test]
fn a_mark_that_lags_refuses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Full);
    let product = shop.register_product(1_000);
    let early = fs::read(folder.path().join(MARK_FILE)).unwrap();
    shop.place_order(order(ANN, product, 1));
    let killed = copy_of(folder.path());
    fs::write(killed.path().join(MARK_FILE), early).unwrap();
    drop(open(killed.path(), false).unwrap());
    assert_eq!(orders(killed.path()), 1);
}

/// While there is a log, SQLite takes the file's length from it, and reads zeros for the pages behind a cut.
#[test]
fn a_file_that_was_cut_off_is_refused_also_after_a_kill() {
    let folder = killed();
    // Closing copies the log into the file.
    drop(open(folder.path(), false).unwrap());
    let opened = open(folder.path(), false).unwrap();
    let killed = copy_of(folder.path());
    drop(opened);
    assert!(fs::metadata(killed.path().join(LOG)).unwrap().len() > 0);
    drop(open(copy_of(killed.path()).path(), false).unwrap());
    for whole in [killed, folder] {
        for bytes in [3_000, 30_000] {
            let cut = copy_of(whole.path());
            edit(cut.path(), DATABASE_FILE, |file| file.truncate(file.len() - bytes));
            for accept_loss in [false, true] {
                let refused = open(cut.path(), accept_loss).err().map(|error| error.to_string());
                let is_named = |told: &String| told.contains("is cut off") || told.contains("malformed");
                assert!(refused.as_ref().is_some_and(is_named), "{bytes}: {refused:?}");
            }
            assert!(SqliteSnapshot::open(cut.path()).is_err(), "{bytes}");
        }
    }
}

#[test]
fn a_change_to_a_closed_store_is_reported_until_it_is_accepted() {
    let folder = killed();
    drop(open(folder.path(), false).unwrap());
    sqlite::sum_up_closed(folder.path()).unwrap();
    let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    database.execute_batch("UPDATE product SET name = 'Other'").unwrap();
    drop(database);
    let violations = || {
        let mut snapshot = SqliteSnapshot::open(folder.path()).unwrap();
        let audit = audit::audit(&mut snapshot, Timestamp::default()).unwrap();
        audit.laws.iter().flat_map(|law| law.examples.clone()).filter(|told| told.contains("has changed")).count()
    };
    assert!(violations() > 0, "before it is opened");
    for _ in 0..2 {
        drop(open(folder.path(), false).unwrap());
        assert!(violations() > 0, "after it was opened");
    }
    drop(open(folder.path(), true).unwrap());
    assert!(violations() > 0, "a loss was accepted, not a change");
    drop(sqlite::open(folder.path(), Options { accept_damage: true, ..Options::default() }).unwrap());
    assert_eq!(violations(), 0);
}
