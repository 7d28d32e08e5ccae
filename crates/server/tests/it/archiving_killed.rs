//! `kill -9` of the server at every stage of an archive, and archives at the same time: every event is in the store, in a
//! file, or in both, and the audit stays clean.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::archiving::{archived, doorbuster, events};
use crate::client::Client;
use crate::paying::read_only;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const ARCHIVE: &str = "/api/admin/archive";
/// More than one file and one commit have (5,000), so that there is a moment between two of them.
const EVENTS_MIN: i64 = 5_300;
const PATIENCE: Duration = Duration::from_secs(300);

/// How far an archive has come. Each stage includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Asked,
    Writing,
    /// The first file is complete.
    OneFile,
    /// All files are complete.
    Written,
    /// The first commit has removed events.
    Removing,
    Answered,
}

struct Place<'d> {
    shop: TestShop,
    database: Option<&'d Database>,
}

impl Place<'_> {
    fn number(&self, sql: &str) -> i64 {
        match self.database {
            Some(database) => database.ask(sql).remove(0),
            None => read_only(&self.shop, "shop.db").query_row(sql, [], |row| row.get(0)).unwrap(),
        }
    }

    /// The number of events that the store knows to be archived.
    fn removed(&self) -> i64 {
        self.number("SELECT COALESCE(MAX(events), 0) FROM archive")
    }

    fn kept(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM event")
    }

    /// Many events: orders with many products, which cost nothing and so complete at once.
    fn fill(&self) {
        let products: Vec<i64> = (0..20).map(|_| self.shop.product(0, 100_000)).collect();
        let lines: Vec<Value> = products.iter().map(|product| json!({"productId": product, "quantity": 1})).collect();
        let order = json!({"items": lines});
        let began = Instant::now();
        while self.kept() < EVENTS_MIN {
            assert!(began.elapsed() < PATIENCE, "only {} events", self.kept());
            std::thread::scope(|scope| {
                for user in [ANN, BOB] {
                    let order = &order;
                    scope.spawn(move || (0..20).for_each(|_| drop(self.shop.order(user, order).expect(200))));
                }
            });
        }
    }

    /// Starts an archive, and kills the server as soon as the archive has come to a stage.
    fn kill_at(&mut self, stage: Stage, line: &str) -> Stage {
        let (address, bearer, body) =
            (self.shop.address.clone(), self.shop.bearer(ADMIN), json!({"before": line}).to_string());
        let asking = std::thread::spawn(move || {
            loop {
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                let answer =
                    Client::connect(&address).and_then(|mut client| client.send("POST", ARCHIVE, &headers, &body));
                // Groups that follow the commit may not have come to the end yet.
                if !answer.is_ok_and(|answer| answer.status == 409) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let (folder, begun, began) = (self.shop.folder().join("archive"), self.removed(), Instant::now());
        let reached = loop {
            let reached = if asking.is_finished() {
                Stage::Answered
            } else if stage == Stage::Removing && self.removed() > begun {
                Stage::Removing
            } else {
                written(&folder, begun)
            };
            if reached >= stage {
                break reached;
            }
            assert!(began.elapsed() < PATIENCE, "the archive never came to {stage:?}");
            std::thread::yield_now();
        };
        self.shop.kill();
        asking.join().unwrap();
        reached
    }

    /// Every archived event is in a file, and the others are in the store.
    fn check(&self, all: i64, stage: Stage) {
        let (removed, kept) = (self.removed(), self.kept());
        // An alert may have added one. The audit compares the chain of both parts.
        assert!(removed + kept >= all, "{stage:?}: {removed} are archived, {kept} are in the store, not {all}");
        let mut covered = 0;
        for (first, last) in files(&self.shop.folder().join("archive")) {
            if first == covered + 1 {
                covered = last;
            }
        }
        assert!(covered >= removed, "{stage:?}: the files have {covered} of {removed} archived events");
    }
}

/// The numbers of the first and last event of each complete file.
fn files(folder: &Path) -> Vec<(i64, i64)> {
    let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let numbers = |name: std::ffi::OsString| {
        let name = name.into_string().unwrap();
        let (first, last) = name.strip_prefix("events-")?.strip_suffix(".ndjson.gz")?.split_once('-')?;
        Some((first.parse().unwrap(), last.parse().unwrap()))
    };
    let mut numbers: Vec<(i64, i64)> = names.filter_map(numbers).collect();
    numbers.sort_unstable();
    numbers
}

/// How far the files of an archive have come that goes on after `begun` events.
fn written(folder: &Path, begun: i64) -> Stage {
    let complete = files(folder).into_iter().filter(|(first, _)| *first > begun).count();
    let is_writing = fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".part")
    });
    match (complete, is_writing) {
        (2.., false) => Stage::Written,
        (1.., _) => Stage::OneFile,
        (0, true) => Stage::Writing,
        (0, false) => Stage::Asked,
    }
}

fn check(database: Option<&Database>) {
    let url = database.map(Database::url);
    let settings: Vec<(&str, &str)> = url.iter().map(|url| ("DATABASE_URL", url.as_str())).collect();
    let mut place = Place { shop: TestShop::start_with(&settings), database };
    place.fill();
    let later = place.shop.product(0, 100);
    let line = events(&place.shop)[0]["at"].as_str().unwrap().to_owned();
    for stage in [Stage::Asked, Stage::Writing, Stage::OneFile, Stage::Written, Stage::Removing, Stage::Answered] {
        let all = place.removed() + place.kept();
        let reached = place.kill_at(stage, &line);
        eprintln!("killed at {reached:?}, for {stage:?}: {} events are archived", place.removed());
        place.check(all, stage);
        place.shop.open();
        place.shop.assert_adds_up();
        // Life goes on from there.
        place.shop.order(ANN, &json!({"items": items(later, 1)})).expect(200);
    }
    let done = archived(&place.shop, &line);
    assert_eq!(done["total"], place.removed());
    verify(&place.shop);
    place.shop.assert_adds_up();
}

/// The files are the whole chain from the first event on.
#[track_caller]
fn verify(shop: &TestShop) {
    let folder = shop.folder().join("archive");
    let output = doorbuster(&["archive", "--json", "--verify", folder.to_str().unwrap()], shop);
    assert!(output.status.success(), "{output:?}");
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verified["events"], &verified["faults"]), (&verified["kept"], &json!([])));
}

#[test]
fn an_archive_killed_at_any_stage_loses_no_event_of_a_folder() {
    check(None);
}

#[test]
fn an_archive_killed_at_any_stage_loses_no_event_of_a_database() {
    let Some(database) = Database::new("an_archive_killed_at_any_stage_loses_no_event_of_a_database") else { return };
    check(Some(&database));
}

#[test]
fn archives_at_the_same_time_take_turns() {
    let shop = TestShop::start();
    let product = shop.product(0, 1_000);
    let mut lines = vec![];
    for _ in 0..4 {
        (0..10).for_each(|_| drop(shop.order(ANN, &json!({"items": items(product, 1)})).expect(200)));
        lines.push(events(&shop)[0]["at"].as_str().unwrap().to_owned());
    }
    shop.order(BOB, &json!({"items": items(product, 1)})).expect(200);
    archived(&shop, &lines[0]);
    std::thread::scope(|scope| {
        for line in lines.iter().rev() {
            scope.spawn(|| archived(&shop, line));
        }
    });
    verify(&shop);
    let again = archived(&shop, &lines[3]);
    assert_eq!(again["archived"], 0);
}
