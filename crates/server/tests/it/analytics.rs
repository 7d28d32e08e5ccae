//! The file sink of the analytics: every event is in the files at least once, over kills, and other programs read them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use xtask::addresses::python_with;

use crate::api_asking::items;
use crate::brokers::until;
use crate::shop::{ADMIN, ANN, TestShop};

/// A folder that is deleted after its test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        Folder(std::env::temp_dir().join(format!("doorbuster-{test}-{}", std::process::id())))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(folder: &Path, file_mib: &str) -> TestShop {
    TestShop::start_with(&[
        ("DOORBUSTER__ANALYTICS__FOLDER", folder.to_str().unwrap()),
        ("DOORBUSTER__ANALYTICS__FILE_MIB", file_mib),
    ])
}

/// Returns the lines of all files. The last one may be half written.
fn lines(folder: &Path) -> Vec<Value> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    files.sort();
    let text: String = files.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?} is no JSON"))).collect()
}

/// Returns the number of distinct events of each type.
fn counts(folder: &Path) -> BTreeMap<String, usize> {
    let id = |line: &Value| (line["type"].as_str().unwrap().to_owned(), line["eventId"].as_str().unwrap().to_owned());
    let distinct: BTreeSet<(String, String)> = lines(folder).iter().map(id).collect();
    let mut counts = BTreeMap::new();
    distinct.into_iter().for_each(|(kind, _)| *counts.entry(kind).or_default() += 1);
    counts
}

fn order(shop: &TestShop, product: i64) {
    shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
}

#[test]
fn every_event_reaches_the_files_over_kills() {
    let folder = Folder::new("kills");
    let mut shop = start(folder.path(), "64");
    let product = shop.product(0, 1_000);
    let mut placed = 0;
    for _life in 0..4 {
        for _order in 0..8 {
            order(&shop, product);
            placed += 1;
        }
        shop.kill();
        shop.open();
    }
    until("forwarded", || counts(folder.path()).get("OrderCompleted") == Some(&placed));
    assert_eq!(counts(folder.path()).get("OrderCreated"), Some(&placed));
    let first = &lines(folder.path())[0];
    assert_eq!((&first["type"], &first["userId"]), (&json!("OrderCreated"), &json!(ANN)));
    let list = shop.get(ADMIN, "/api/admin/groups").expect(200);
    let groups = list["data"].as_array().unwrap();
    assert!(groups.iter().any(|group| group["group"] == "order-analytics-group"), "{list}");
}

#[test]
fn duckdb_reads_the_files() {
    let Some(python) = python_with("duckdb", "duckdb_reads_the_files") else { return };
    let folder = Folder::new("duckdb");
    let shop = start(folder.path(), "64");
    let product = shop.product(0, 9);
    (0..3).for_each(|_| order(&shop, product));
    until("forwarded", || counts(folder.path()).get("OrderCompleted") == Some(&3));
    let script = "import duckdb, sys\n\
        rows = duckdb.sql(f\"SELECT type, count(DISTINCT eventId), min(occurredAt) IS NOT NULL FROM \
        read_json('{sys.argv[1]}/*.ndjson', format='newline_delimited', union_by_name=true) \
        WHERE type = 'OrderCompleted' GROUP BY type\").fetchall()\n\
        print(rows)";
    let read = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), "[('OrderCompleted', 3, True)]", "{read:?}");
}
