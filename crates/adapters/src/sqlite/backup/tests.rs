use std::os::unix::fs::PermissionsExt as _;

use app::audit::audit;
use domain::time::Timestamp;

use super::*;
use crate::sqlite::{Options, open};

const SECRET: Beside = Beside::File("auth.secret");
const BOOK: Beside = Beside::Database("book.db");
const LOCKS: [&str; 1] = ["shop.lock"];

/// A served shop with a secret and a book, and a backup of it.
fn backed_up() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("data");
    let _served = open(&source, Options::default()).unwrap();
    fs::write(source.join("auth.secret"), "a secret\n").unwrap();
    let book = Connection::open(source.join("book.db")).unwrap();
    book.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE deed (key TEXT); INSERT INTO deed VALUES ('paid')")
        .unwrap();
    let file = folder.path().join("copy");
    let written = back_up(&source, &file, &[SECRET, BOOK], &mut |_, _| {}).unwrap();
    assert_eq!(written.files, ["auth.secret", "book.db"]);
    assert_eq!(written.bytes, fs::metadata(&file).unwrap().len());
    (folder, file)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_served_shop_is_copied_and_put_back_with_its_files() {
    let (folder, file) = backed_up();
    assert_eq!(names(folder.path()), ["copy", "data"], "nothing is left aside");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let audited = audit(&mut open_backup(&file).unwrap(), Timestamp::from_micros(1)).unwrap();
    assert!(audited.is_clean(), "{audited:?}");
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    let laid_out = Restoring::lay_out(&file, &target, &LOCKS).unwrap();
    assert!(is_restoring(&target), "a kill here leaves a folder that no shop is served in");
    assert!(audit(&mut laid_out.snapshot().unwrap(), Timestamp::from_micros(1)).unwrap().is_clean());
    laid_out.finish().unwrap();
    assert_eq!(names(&target), ["auth.secret", "book.db", "shop.db", "shop.db-sums"]);
    assert_eq!(fs::read_to_string(target.join("auth.secret")).unwrap(), "a secret\n");
    let book = Connection::open(target.join("book.db")).unwrap();
    assert_eq!(book.query_row("SELECT key FROM deed", [], |row| row.get(0)), Ok("paid".to_owned()));
    let source = open(&folder.path().join("data"), Options::default()).unwrap();
    assert_eq!(open(&target, Options::default()).unwrap().codec_key, source.codec_key);
    assert!(matches!(Restoring::check(&file, &target, &LOCKS), Err(BackupError::NotEmpty { .. })));
}

#[test]
fn an_interrupted_restore_begins_again() {
    let (folder, file) = backed_up();
    let target = folder.path().join("target");
    for interrupted_after in ["auth.secret", "book.db", "shop.db-sums"] {
        fs::create_dir(&target).unwrap();
        fs::write(target.join("shop.lock"), "").unwrap();
        drop(Restoring::lay_out(&file, &target, &LOCKS).unwrap());
        for name in ["auth.secret", "book.db", "shop.db-sums"] {
            fs::rename(target.join(".restoring").join(name), target.join(name)).unwrap();
            if name == interrupted_after {
                break;
            }
        }
        assert!(is_restoring(&target));
        Restoring::lay_out(&file, &target, &LOCKS).unwrap().finish().unwrap();
        assert_eq!(names(&target), ["auth.secret", "book.db", "shop.db", "shop.db-sums", "shop.lock"]);
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn a_damaged_or_foreign_file_is_refused() {
    let (folder, file) = backed_up();
    let whole = fs::read(&file).unwrap();
    let target = folder.path().join("target");
    for place in (0..whole.len()).step_by(whole.len() / 7) {
        let mut damaged = whole.clone();
        damaged[place] ^= 4;
        fs::write(&file, damaged).unwrap();
        fs::create_dir(&target).unwrap();
        assert!(Restoring::lay_out(&file, &target, &LOCKS).is_err(), "byte {place}");
        assert!(matches!(open_backup(&file), Err(BackupError::Damaged(_) | BackupError::NoBackup(_))), "byte {place}");
        fs::remove_dir_all(&target).unwrap();
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(Restoring::check(&file, &target, &LOCKS), Err(BackupError::NoBackup(_))));
    let source = folder.path().join("data");
    let refused = back_up(&source, &file, &[], &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::NotReplaced(_))), "{refused:?}");
    fs::write(&file, &whole).unwrap();
    back_up(&source, &file, &[], &mut |_, _| {}).unwrap();
}

#[test]
fn two_backups_do_not_write_one_file() {
    let (folder, file) = backed_up();
    let _other = lock(&with_suffix(&file, ".partial")).unwrap();
    let refused = back_up(&folder.path().join("data"), &file, &[], &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::Busy(_))), "{refused:?}");
}
