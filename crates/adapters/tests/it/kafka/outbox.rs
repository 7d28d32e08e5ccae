//! The outboxes of both stores as relays see them; no broker is needed.

use adapters::sqlite;
use app::events::outbox::SHARDS;
use app::log::relay::{Lease, Outbox};
use app::state::settings::{Carrier, Executor};

use crate::database::{Database, runtime};
use crate::fixture::Embedded;
use crate::shop::{ANN, Shop, order};

/// Reads everything after the cursors and moves them to the end.
async fn read_all(outbox: &mut dyn Outbox, leases: &mut [Lease]) -> usize {
    let mut count = 0;
    loop {
        let events = outbox.read(leases, 2).await.unwrap();
        if events.is_empty() {
            break;
        }
        for lease in leases.iter_mut() {
            let page: Vec<i64> =
                events.iter().filter(|event| event.shard == lease.shard).map(|event| event.seq).collect();
            assert!(page.len() <= 2);
            assert_eq!(page, (lease.cursor + 1..).take(page.len()).collect::<Vec<_>>(), "in order, without a gap");
            lease.cursor += page.len() as i64;
        }
        count += events.len();
    }
    let held = outbox.keep(leases).await.unwrap();
    assert_eq!(held.len(), leases.len());
    count
}

fn fill(shop: &mut Shop) {
    let product = shop.register_product(5);
    shop.place_order(order(ANN, product, 2));
}

#[test]
fn a_folder_has_one_relay() {
    let store = Embedded::new();
    fill(&mut Shop::open(store.folder.path(), Executor::Inline, sqlite::Synchronous::Full));
    runtime().block_on(async {
        let opened = store.open();
        let mut outbox = opened.store.outbox(opened.engine).unwrap();
        let mut leases = outbox.take_free().await.unwrap();
        assert_eq!(leases.len(), SHARDS);
        assert_eq!(outbox.take_free().await, Ok(vec![]));
        assert!(read_all(&mut outbox, &mut leases).await >= 4);
        // The next process, while the old one still has its leases.
        let mut next = opened.store.outbox(opened.engine + 1).unwrap();
        let taken = next.take_free().await.unwrap();
        assert!(taken.iter().zip(&leases).all(|(new, old)| new.cursor == old.cursor && new.epoch == old.epoch + 1));
        assert_eq!(outbox.keep(&leases).await, Ok(vec![]), "its epoch is over");
        assert_eq!(next.keep(&taken).await.unwrap().len(), SHARDS);
    });
}

#[test]
fn relays_of_a_database_exclude_each_other() {
    let Some(database) = Database::new("relays_of_a_database_exclude_each_other") else { return };
    fill(&mut Shop::on(&database, Executor::Inline));
    runtime().block_on(async {
        let (first, second) = (database.opened().await, database.opened().await);
        let (mut first, mut second) = (first.store.outbox(first.engine), second.store.outbox(second.engine));
        let mut leases = first.take_free().await.unwrap();
        assert_eq!(leases.len(), SHARDS);
        assert_eq!(second.take_free().await, Ok(vec![]), "all are held");
        assert!(read_all(&mut first, &mut leases).await >= 4);
        // On another thread, because it blocks on a runtime of its own.
        let execute = |sql| std::thread::scope(|scope| scope.spawn(|| database.execute(sql)).join().unwrap());
        execute("UPDATE relay_shard SET leased_until = 1 WHERE shard < 4");
        let taken = second.take_free().await.unwrap();
        assert_eq!(taken.len(), 4);
        assert!(taken.iter().zip(&leases).all(|(new, old)| new.cursor == old.cursor && new.epoch == old.epoch + 1));
        let held = first.keep(&leases).await.unwrap();
        assert_eq!(held, (4..SHARDS).collect::<Vec<_>>());
        assert_eq!(second.keep(&taken).await.unwrap().len(), 4);
        // A cursor never moves back.
        let behind = Lease { cursor: 0, ..taken[0] };
        second.keep(&[behind]).await.unwrap();
        assert_eq!(execute("UPDATE relay_shard SET holder = 0 WHERE position = 0 AND shard IN (SELECT shard FROM outbox_shard WHERE seq > 0)"), 0);
    });
}

#[test]
fn a_broker_starts_behind_earlier_commits() {
    let store = Embedded::new();
    fill(&mut Shop::open(store.folder.path(), Executor::Inline, sqlite::Synchronous::Off));
    let mut opened = store.open();
    opened.store.run_with(Carrier::Inline).unwrap();
    opened.store.run_with(Carrier::Broker).unwrap();
    assert_eq!(opened.store.last_carrier(), Ok(Some(Carrier::Broker)));
    runtime().block_on(async {
        let mut outbox = opened.store.outbox(opened.engine).unwrap();
        let leases = outbox.take_free().await.unwrap();
        assert!(leases.iter().any(|lease| lease.cursor > 0));
        assert_eq!(outbox.read(&leases, 1).await, Ok(vec![]), "no reaction is repeated");
    });
}
