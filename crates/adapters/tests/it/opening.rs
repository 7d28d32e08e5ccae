use std::path::Path;

use adapters::sqlite::{self, DATABASE_FILE, OpenError, Options, Synchronous};
use app::conformance::ready;
use app::ports::views::AccountViews as _;
use app::state::settings::Executor;
use domain::money::Money;
use rusqlite::Connection;

use crate::shop::{ANN, Shop, order};

fn open(folder: &Path) -> Result<sqlite::Opened, OpenError> {
    sqlite::open(folder, Options::default())
}

#[test]
fn a_shop_keeps_its_key_and_counts_its_engines() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    let (key, engine) = (first.codec_key, first.engine);
    assert_ne!(key, [0; 16]);
    drop(first);
    let second = open(folder.path()).unwrap();
    assert_eq!(second.codec_key, key);
    assert_eq!(second.engine, engine + 1);
}

#[test]
fn a_folder_has_one_writer_and_any_number_of_readers() {
    let folder = tempfile::tempdir().unwrap();
    let writer = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::InUse(_))));
    let reader = sqlite::read(folder.path(), Options::default()).unwrap();
    assert_eq!(ready(reader.balance(ANN)).unwrap(), Money::ZERO);
    drop(writer);
    open(folder.path()).unwrap();
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let future = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                  VALUES (99, 'future', '2030-01-01T00:00:00Z', '1')";
    Connection::open(folder.path().join(DATABASE_FILE)).unwrap().execute(future, []).unwrap();
    let Err(error) = open(folder.path()) else { panic!("the store is newer than the program") };
    assert!(matches!(error, OpenError::SchemaTooNew { found: 99, .. }), "{error}");
}

#[test]
fn a_store_that_was_closed_is_one_sound_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Off);
    let product = shop.register_product(9);
    shop.place_order(order(ANN, product, 2));
    drop(shop);
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join(DATABASE_FILE), alone.path().join(DATABASE_FILE)).unwrap();
    let file = Connection::open(alone.path().join(DATABASE_FILE)).unwrap();
    let sound: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let sold: i64 = file.query_row("SELECT sold FROM product", [], |row| row.get(0)).unwrap();
    assert_eq!(sold, 2);
}

/// The files on the disk while the shop is open are what a power cut leaves.
#[test]
fn answered_commits_survive_a_power_cut() {
    let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Full);
    let product = shop.register_product(9);
    let placed = shop.place_order(order(ANN, product, 2));
    for file in [DATABASE_FILE, "shop.db-wal"] {
        std::fs::copy(folder.path().join(file), after.path().join(file)).unwrap();
    }
    let found = Shop::open(after.path(), Executor::Inline, Synchronous::Full);
    assert_eq!(ready(found.views.order(placed)).unwrap(), ready(shop.views.order(placed)).unwrap());
    assert!(ready(found.views.order(placed)).unwrap().is_some());
    assert_eq!(ready(found.views.product(product)).unwrap().unwrap().sold, 2);
    assert_eq!(found.codec.order(placed), shop.codec.order(placed));
}

/// Orders are written until enough was copied into the file, whatever the size of one.
#[test]
fn the_log_keeps_its_size_however_much_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let length = |file| std::fs::metadata(folder.path().join(file)).unwrap().len();
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Off);
    let product = shop.register_product(1_000_000);
    for _batch in 0..2_000 {
        let orders = (0..400).map(|_| app::commands::Command::PlaceOrder(Box::new(order(ANN, product, 1))));
        let (report, _) = shop.batch(orders);
        assert_eq!(report.errors, Vec::<String>::new());
        let log = length("shop.db-wal");
        assert!(log < 112 << 20, "the log grew to {log} bytes");
        if length(DATABASE_FILE) > 128 << 20 {
            return;
        }
    }
    panic!("only {} bytes were copied into the file", length(DATABASE_FILE));
}

#[test]
fn a_store_may_change_between_both_ways_of_writing_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut engines = vec![];
    for vfs in [sqlite::Vfs::System, sqlite::Vfs::Gathered, sqlite::Vfs::System] {
        let opened = sqlite::open(folder.path(), Options { vfs, ..Options::default() }).unwrap();
        engines.push((opened.engine, opened.codec_key));
    }
    assert!(engines.is_sorted_by_key(|(engine, _)| *engine) && engines.iter().all(|(_, key)| *key == engines[0].1));
}
