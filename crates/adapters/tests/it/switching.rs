//! A repartition as both stores do it: relays release their leases, and one commit records the new counts.

use std::time::Duration;

use adapters::mysql::MysqlRepartitionStore;
use adapters::sqlite::SqliteRepartitionStore;
use app::events::outbox::SHARDS;
use app::events::topic::{Spread, Topic};
use app::log::relay::{Lease, Outbox};
use app::log::repartition::RepartitionStore;
use app::state::settings::Executor;

use crate::database::{Database, runtime};
use crate::fixture::Embedded;
use crate::shop::{ANN, Shop, order};

/// Longer than anything is in flight.
const IN_FLIGHT: Duration = Duration::from_secs(30);
const ALL: [usize; SHARDS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn fill(shop: &mut Shop) {
    let product = shop.register_product(5);
    shop.place_order(order(ANN, product, 2));
}

fn over(partitions: i32) -> Spread {
    Spread::from([(Topic::OrderEvents, partitions)])
}

/// All participants: two relays of which one may hold the shards, and two repartitions.
struct Participants<'a> {
    relay: &'a mut dyn Outbox,
    switch: &'a mut dyn RepartitionStore,
    other: &'a mut dyn RepartitionStore,
    /// Makes the halt expire.
    lapse: &'a dyn Fn(),
}

async fn check(parts: Participants<'_>) {
    let Participants { relay, switch, other, lapse } = parts;
    assert_eq!(switch.spread().await, Ok(Spread::new()), "no count is recorded yet");
    assert_eq!(relay.pin_partition_count(&over(3)).await, Ok(over(3)));
    assert_eq!(switch.pin_partition_count(&over(6)).await, Ok(over(3)), "a recorded count stays");
    let mut leases = relay.take_free().await.unwrap();
    assert_eq!(leases.len(), SHARDS);
    let mut ends = [0; SHARDS];
    relay.read(&leases, usize::MAX).await.unwrap().iter().for_each(|event| ends[event.shard] = event.seq);

    // Before a halt everything is as usual.
    assert_eq!(switch.prolong().await, Ok(false));
    assert_eq!(switch.fence(IN_FLIGHT).await, Ok(None));
    assert_eq!(switch.finish(&over(6)).await, Ok(false));
    assert_eq!(relay.keep(&leases).await.unwrap().len(), SHARDS);

    assert_eq!(switch.halt().await, Ok(true));
    assert_eq!(switch.halt().await, Ok(true), "it holds the halt already");
    assert_eq!(other.halt().await, Ok(false), "one repartition at a time");
    assert_eq!(other.prolong().await, Ok(false));
    assert_eq!(other.finish(&over(9)).await, Ok(false));
    assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(ALL.to_vec())), "they may be publishing");
    leases.iter_mut().for_each(|lease| lease.cursor = ends[lease.shard]);
    assert_eq!(relay.keep(&leases).await, Ok(vec![]), "given back");
    assert_eq!(relay.take_free().await, Ok(vec![]), "halted shards are not taken");
    assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(vec![])));
    assert_eq!(relay.keep(&leases).await, Ok(vec![]), "an expired lease is refused");

    // The halt expired early: events may have been published meanwhile, so nothing is written.
    lapse();
    assert_eq!(switch.prolong().await, Ok(false));
    assert_eq!(switch.finish(&over(6)).await, Ok(false));
    assert_eq!(switch.spread().await, Ok(over(3)));
    let leases = relay.take_free().await.unwrap();
    assert!(leases.iter().all(|lease| lease.cursor == ends[lease.shard]), "the cursors were saved");

    assert_eq!(switch.halt().await, Ok(true));
    assert_eq!(relay.keep(&leases).await, Ok(vec![]));
    assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(vec![])));
    assert_eq!(switch.prolong().await, Ok(true));
    assert_eq!(switch.finish(&over(6)).await, Ok(true));
    assert_eq!(switch.finish(&over(9)).await, Ok(false), "the halt ended with it");
    assert_eq!(relay.pin_partition_count(&over(3)).await, Ok(over(6)));
    let again = relay.take_free().await.unwrap();
    assert_eq!(again.len(), SHARDS);
    let is_later = |(new, old): (&Lease, &Lease)| new.epoch > old.epoch && new.cursor == old.cursor;
    assert!(again.iter().zip(&leases).all(is_later));
    assert_eq!(relay.keep(&again).await.unwrap().len(), SHARDS);

    // A released halt lets all relays continue at once.
    assert_eq!(other.halt().await, Ok(true));
    switch.release().await.unwrap();
    assert_eq!(other.prolong().await, Ok(true), "the other's halt was not released");
    other.release().await.unwrap();
    assert_eq!(relay.keep(&again).await.unwrap().len(), SHARDS);
}

#[test]
fn the_relay_of_a_folder_is_halted_for_a_repartition() {
    let store = Embedded::new();
    fill(&mut Shop::open(store.folder.path(), Executor::Inline, adapters::sqlite::Synchronous::Full));
    let opened = store.open();
    let mut relay = opened.store.outbox(opened.engine).unwrap();
    let repartition = || SqliteRepartitionStore::open(store.folder.path()).unwrap();
    let lapse = || {
        let shop = rusqlite::Connection::open(store.folder.path().join("shop.db")).unwrap();
        shop.execute("UPDATE relay_halt SET halted_until = 1", []).unwrap();
    };
    let parts =
        Participants { relay: &mut relay, switch: &mut repartition(), other: &mut repartition(), lapse: &lapse };
    runtime().block_on(check(parts));
}

#[test]
fn the_leases_of_a_dead_relay_pass_to_the_next_one_of_its_folder() {
    let store = Embedded::new();
    fill(&mut Shop::open(store.folder.path(), Executor::Inline, adapters::sqlite::Synchronous::Full));
    let opened = store.open();
    let mut switch = SqliteRepartitionStore::open(store.folder.path()).unwrap();
    runtime().block_on(async {
        opened.store.outbox(opened.engine).unwrap().take_free().await.unwrap();
        assert_eq!(switch.halt().await, Ok(true));
        assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(ALL.to_vec())));
        let mut next = opened.store.outbox(opened.engine + 1).unwrap();
        assert_eq!(next.take_free().await, Ok(vec![]));
        assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(vec![])));
        switch.release().await.unwrap();
        assert_eq!(next.take_free().await.unwrap().len(), SHARDS);
    });
}

#[test]
fn the_relays_of_a_database_are_halted_for_a_repartition() {
    let Some(database) = Database::new("the_relays_of_a_database_are_halted_for_a_repartition") else { return };
    fill(&mut Shop::on(&database, Executor::Inline));
    // On another thread, because it blocks on a runtime of its own.
    let execute = |sql: &str| std::thread::scope(|scope| scope.spawn(|| database.execute(sql)).join().unwrap());
    let lapse = || assert_eq!(execute("UPDATE relay_halt SET halted_until = 1"), 1);
    runtime().block_on(async {
        let opened = database.opened().await;
        let mut relay = opened.store.outbox(opened.engine);
        let mut switch = MysqlRepartitionStore::open(&database.url()).await.unwrap();
        let mut other = MysqlRepartitionStore::open(&database.url()).await.unwrap();
        check(Participants { relay: &mut relay, switch: &mut switch, other: &mut other, lapse: &lapse }).await;

        // A dead relay releases no lease. Its lease has expired; what it was publishing may still arrive.
        assert_eq!(switch.halt().await, Ok(true));
        let five_seconds_ago = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) - 5000000";
        execute(&format!("UPDATE relay_shard SET leased_until = {five_seconds_ago} WHERE shard IN (3, 7)"));
        execute("UPDATE relay_shard SET leased_until = 0 WHERE shard NOT IN (3, 7)");
        assert_eq!(switch.fence(IN_FLIGHT).await, Ok(Some(vec![3, 7])));
        assert_eq!(switch.fence(Duration::from_secs(1)).await, Ok(Some(vec![])));
    });
}

#[test]
fn a_folder_that_was_never_served_is_not_repartitioned() {
    let folder = tempfile::tempdir().unwrap();
    let found = SqliteRepartitionStore::open(folder.path());
    assert!(matches!(found.err(), Some(adapters::sqlite::OpenError::NoShop(_))));
}
