//! Figures are added up by the store, and old ones are deleted in bounded steps.

use adapters::{mysql, sqlite};
use app::conformance::ready;
use app::ports::views::{Since, Views, WantedFigures, WantedTotals};
use app::ports::{Commit, CommitId, Store};
use app::state::rows::{Added, Counted, Cut, FigureKey, Resolution, Rows};
use domain::time::Timestamp;

use crate::database::{Database, runtime};
use crate::fixture::Embedded;

const MINUTE: i64 = 60_000_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * MINUTE)
}

fn added(minute: i64, figure: &str, amount: i64) -> Added {
    let (counted, resolution) = (Counted::Orders, Resolution::Minute);
    Added { key: FigureKey { counted, resolution, subject: 7, began_at: at(minute), figure: figure.into() }, amount }
}

async fn commit(store: &mut dyn Store, number: i64, figures: Vec<Added>, cuts: Vec<Cut>) {
    let mut rows = Rows::default();
    store.load(&[], &mut rows).await.unwrap();
    rows.figures = figures;
    rows.cuts = cuts;
    let commit = Commit { id: CommitId { engine: 7, number }, rows: &rows, offsets: &[], now: at(90) };
    store.commit(commit).await.unwrap().reach().unwrap();
}

fn wanted(resolution: Resolution) -> WantedFigures {
    WantedFigures { counted: Counted::Orders, resolution, subject: 7, range: at(0)..at(60) }
}

async fn totals(views: &dyn Views, since: Since, less: Option<Since>) -> Vec<(String, i64)> {
    let mut sums = views.totals(WantedTotals { counted: Counted::Orders, subject: 7, since, less }).await.unwrap();
    sums.retain(|(_, amount)| *amount != 0);
    sums.sort();
    sums
}

fn minutes(since: i64) -> Since {
    Since { resolution: Resolution::Minute, moment: at(since) }
}

fn sums(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(figure, amount)| ((*figure).to_owned(), *amount)).collect()
}

async fn check(store: &mut dyn Store, views: &dyn Views) {
    commit(store, 1, vec![added(1, "placed", 2), added(1, "revenue", 500), added(2, "placed", 1)], vec![]).await;
    commit(store, 2, vec![added(2, "placed", 4), added(60, "placed", 9)], vec![]).await;
    let kept = [added(1, "placed", 2), added(1, "revenue", 500), added(2, "placed", 5)];
    assert_eq!(views.figures(wanted(Resolution::Minute)).await.unwrap(), kept);
    assert_eq!(views.figures(wanted(Resolution::Hour)).await.unwrap(), []);
    assert_eq!(totals(views, Since::BEGINNING, None).await, [], "nothing is counted by day");
    assert_eq!(totals(views, minutes(2), None).await, sums(&[("placed", 14)]));
    assert_eq!(totals(views, minutes(0), Some(minutes(60))).await, sums(&[("placed", 7), ("revenue", 500)]));
    assert_eq!(totals(views, minutes(2), Some(minutes(2))).await, []);
    let day = |amount| {
        let added = added(0, "placed", amount);
        Added { key: FigureKey { resolution: Resolution::Day, ..added.key }, ..added }
    };
    commit(store, 3, vec![day(3)], vec![]).await;
    commit(store, 4, vec![day(14)], vec![]).await;
    assert_eq!(totals(views, Since::BEGINNING, None).await, sums(&[("placed", 17)]));
    assert_eq!(totals(views, Since::BEGINNING, Some(minutes(2))).await, sums(&[("placed", 3)]), "days less minutes");
    let cut = Cut { counted: Counted::Orders, resolution: Resolution::Minute, before: at(3), limit: 2 };
    commit(store, 5, vec![], vec![cut]).await;
    assert_eq!(views.figures(wanted(Resolution::Minute)).await.unwrap(), kept[2..], "the oldest go first");
    commit(store, 6, vec![], vec![cut]).await;
    assert_eq!(views.figures(wanted(Resolution::Minute)).await.unwrap(), []);
    assert_eq!(totals(views, Since::BEGINNING, None).await, sums(&[("placed", 17)]));
}

#[test]
fn the_embedded_store_adds_figures_up() {
    let embedded = Embedded::new();
    let sqlite::Opened { mut store, views, .. } = embedded.open();
    ready(check(&mut store, views.as_ref()));
}

#[test]
fn the_shared_store_adds_figures_up() {
    let Some(database) = Database::new("the_shared_store_adds_figures_up") else { return };
    runtime().block_on(async {
        let mysql::Opened { mut store, views, .. } = database.opened().await;
        check(&mut store, views.as_ref()).await;
    });
}
