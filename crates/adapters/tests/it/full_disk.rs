//! A store on a full disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use adapters::sqlite::{self, BALLAST_FILE, Options};
use app::conformance::ready;
use app::ports::{Commit, CommitError, CommitId, Store as _};
use app::state::rows::{AccountKey, Rows};
use domain::ids::UserId;
use domain::money::Money;
use domain::points::Account;
use domain::time::Timestamp;

/// A small disk of its own, where the system allows mounting one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(mib: u32) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "doorbuster-test"])
            .arg(folder.path())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: only root can mount a small disk");
            return None;
        }
        Some(Disk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no free space.
    fn fill(&self) {
        let mut chunk = 1 << 20;
        let mut filled = vec![];
        while chunk > 256 {
            let path = self.path().join("other");
            filled.resize(filled.len() + chunk, 1);
            if fs::write(&path, &filled).is_err() {
                filled.truncate(filled.len() - chunk);
                fs::write(&path, &filled).unwrap_or_default();
                chunk /= 4;
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn options(ballast_mib: u32) -> Options {
    Options { ballast_mib, ..Options::default() }
}

/// Rewrites the points of the same hundred customers: the log grows and the store does not.
fn commit(store: &mut sqlite::SqliteStore, number: i64) -> Result<(), CommitError> {
    let mut rows = Rows::default();
    let keys: Vec<_> = (0..100).map(|user| AccountKey(UserId(user)).into()).collect();
    ready(store.load(&keys, &mut rows)).map_err(|error| CommitError::Unknown(error.to_string()))?;
    for user in (0..100).map(UserId) {
        rows.accounts.put(AccountKey(user), Account { user, balance: Money::won(number) });
    }
    let id = CommitId { engine: 1, number };
    let durability = ready(store.commit(Commit { id, rows: &rows, offsets: &[], now: Timestamp::default() }))?;
    durability.reach().map(drop).map_err(CommitError::Broken)
}

#[test]
fn a_small_store_on_a_small_disk_keeps_running() {
    let Some(disk) = Disk::of(12) else { return };
    let mut store = sqlite::open(disk.path(), options(1)).unwrap().store;
    let failed = (1..4_000).filter(|number| commit(&mut store, *number).is_err()).count();
    assert!(failed < 5, "{failed} of the commits found the disk full; the log is copied instead");
}

#[test]
fn a_store_recovers_from_a_full_disk_when_there_is_room_or_after_a_restart() {
    let Some(disk) = Disk::of(12) else { return };
    let mut store = sqlite::open(disk.path(), options(1)).unwrap().store;
    (1..200).for_each(|number| commit(&mut store, number).unwrap());
    assert!(disk.path().join(BALLAST_FILE).exists());
    disk.fill();
    let failed = (200..300).filter(|number| commit(&mut store, *number).is_err()).count();
    assert!(failed < 5, "{failed}: the ballast is released first");
    assert!(!disk.path().join(BALLAST_FILE).exists());
    drop(store);
    fs::remove_file(disk.path().join("other")).unwrap();
    let mut store = sqlite::open(disk.path(), options(1)).unwrap().store;
    assert!(disk.path().join(BALLAST_FILE).exists(), "the ballast is reserved again");
    (1..50).for_each(|number| commit(&mut store, number).unwrap());
}

/// The log had filled the disk, and the next start found no room for its first commit.
#[test]
fn a_log_that_has_filled_the_disk_is_copied_at_the_start() {
    let Some(disk) = Disk::of(12) else { return };
    let killed = tempfile::tempdir().unwrap();
    let mut store = sqlite::open(killed.path(), options(1)).unwrap().store;
    (1..100).for_each(|number| commit(&mut store, number).unwrap());
    for entry in fs::read_dir(killed.path()).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), disk.path().join(entry.file_name())).unwrap();
    }
    disk.fill();
    let mut store = sqlite::open(disk.path(), options(1)).unwrap().store;
    commit(&mut store, 1).unwrap();
}
