use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

const FILE: &str = "a.db";
const LOG: &str = "a.db-wal";
const KEYS: u8 = 60;

type Contents = BTreeMap<u8, Vec<u8>>;

#[derive(Clone, Debug)]
struct Change {
    key: u8,
    /// A byte and its count; `None` deletes.
    value: Option<(u8, usize)>,
}

#[derive(Clone, Debug)]
enum Step {
    Change(Change),
    /// Changes that are rolled back to a savepoint.
    Attempt(Vec<Change>),
    Commit,
    Rollback,
    Checkpoint(&'static str),
    Crash,
    Reopen,
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop::option::weighted(0.9, (any::<u8>(), 0..3_000_usize));
    (0..KEYS, value).prop_map(|(key, value)| Change { key, value })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => change().prop_map(Step::Change),
        2 => vec(change(), 1..20).prop_map(Step::Attempt),
        5 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => prop::sample::select(vec!["PASSIVE", "FULL", "RESTART", "TRUNCATE"]).prop_map(Step::Checkpoint),
        1 => Just(Step::Crash),
        1 => Just(Step::Reopen),
    ]
}

/// A writer over the VFS whose cache is too small for its transactions, so that they reach the log before they are
/// committed.
fn writer(folder: &Path) -> Connection {
    let vfs = vfs::commit_at_once().unwrap();
    let writer = Connection::open_with_flags_and_vfs(folder.join(FILE), OpenFlags::default(), vfs).unwrap();
    writer
        .execute_batch(
            "PRAGMA page_size = 512; PRAGMA journal_mode = wal; PRAGMA synchronous = normal; PRAGMA cache_size = 10;
             PRAGMA wal_autocheckpoint = 0; CREATE TABLE IF NOT EXISTS entry (key INTEGER PRIMARY KEY, value BLOB NOT NULL)",
        )
        .unwrap();
    writer
}

/// What a connection without the VFS reads.
fn read(folder: &Path) -> Contents {
    let reader = Connection::open(folder.join(FILE)).unwrap();
    let mut entries = reader.prepare_cached("SELECT key, value FROM entry").unwrap();
    let rows = entries.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What would be read after a crash of the process now.
fn read_after_a_crash(folder: &Path) -> Contents {
    let copy = TempDir::new().unwrap();
    for file in [FILE, LOG] {
        std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    let store = Connection::open(copy.path().join(FILE)).unwrap();
    let found: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    drop(store);
    read(copy.path())
}

fn apply(writer: &Connection, contents: &mut Contents, change: &Change) {
    match change.value {
        None => {
            contents.remove(&change.key);
            writer.prepare_cached("DELETE FROM entry WHERE key = ?1").unwrap().execute([change.key]).unwrap();
        }
        Some((fill, bytes)) => {
            let value = vec![fill; bytes];
            let mut put = writer.prepare_cached("INSERT OR REPLACE INTO entry VALUES (?1, ?2)").unwrap();
            put.execute((change.key, &value)).unwrap();
            contents.insert(change.key, value);
        }
    }
}

fn run(steps: Vec<Step>) {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut open = Some(writer(folder));
    let (mut committed, mut contents) = (Contents::default(), Contents::default());
    for step in steps {
        let writer = open.get_or_insert_with(|| writer(folder));
        if writer.is_autocommit() && matches!(step, Step::Change(_) | Step::Attempt(_)) {
            writer.execute_batch("BEGIN").unwrap();
        }
        match step {
            Step::Change(change) => apply(writer, &mut contents, &change),
            Step::Attempt(changes) => {
                writer.execute_batch("SAVEPOINT attempt").unwrap();
                changes.iter().for_each(|change| apply(writer, &mut contents.clone(), change));
                writer.execute_batch("ROLLBACK TO attempt; RELEASE attempt").unwrap();
            }
            Step::Commit if !writer.is_autocommit() => {
                writer.execute_batch("COMMIT").unwrap();
                committed.clone_from(&contents);
                assert_eq!(read(folder), committed);
            }
            Step::Rollback if !writer.is_autocommit() => {
                writer.execute_batch("ROLLBACK").unwrap();
                contents.clone_from(&committed);
            }
            Step::Checkpoint(mode) if writer.is_autocommit() => {
                writer.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
            }
            Step::Commit | Step::Rollback | Step::Checkpoint(_) => {}
            Step::Crash => assert_eq!(read_after_a_crash(folder), committed),
            Step::Reopen => {
                open = None;
                contents.clone_from(&committed);
                assert_eq!(read(folder), committed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_reader_finds_what_was_committed(steps in vec(step(), 1..300)) {
        run(steps);
    }
}

#[test]
fn large_commits_are_whole() {
    let folder = TempDir::new().unwrap();
    let writer = writer(folder.path());
    let mut contents = Contents::new();
    for (key, bytes) in (0..).zip([65_500, 131_000, 131_100, 262_000, 1 << 20, 5 << 20]) {
        writer.execute_batch("BEGIN").unwrap();
        apply(&writer, &mut contents, &Change { key, value: Some((key, bytes)) });
        writer.execute_batch("COMMIT").unwrap();
        assert!(read_after_a_crash(folder.path()) == contents, "{bytes}");
    }
}

/// Fails if the log is the system's own file, because then nothing is held.
#[test]
fn a_commit_reaches_the_log_and_a_page_of_it_does_not() {
    let folder = TempDir::new().unwrap();
    let writer = writer(folder.path());
    let log_bytes = || std::fs::metadata(folder.path().join(LOG)).unwrap().len();
    writer.execute_batch("INSERT INTO entry VALUES (1, x'01')").unwrap();
    let before = log_bytes();
    writer.execute_batch("BEGIN; INSERT INTO entry VALUES (2, zeroblob(30000))").unwrap();
    assert_eq!(log_bytes(), before, "pages that the cache had no room for are held");
    writer.execute_batch("COMMIT").unwrap();
    assert!(log_bytes() > before + 30_000);
}
