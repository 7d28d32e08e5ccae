//! Events in their places, and groups that read them in place: the same on both stores.

use adapters::mysql;
use adapters::sqlite::{self, Options, Synchronous};
use app::events::event::EventKind;
use app::events::topic::Topic;
use app::log::groups::{self, LogInspector, Target, Wanted};
use app::log::reactions::Group;
use app::log::replay::{self, Selection};
use app::state::rows::{OffsetKey, Partition};
use app::state::settings::{Carrier, Executor};
use domain::ids::OrderId;
use domain::time::Timestamp;

use crate::database::Database;
use crate::shop::{ANN, BOB, Shop, order};

const EVER: Timestamp = Timestamp::from_micros(0);
const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

/// Places two orders and returns the one with more events.
fn sell(shop: &mut Shop) -> OrderId {
    let product = shop.register_product(9);
    shop.place_order(order(BOB, product, 1));
    shop.place_order(order(ANN, product, 2))
}

fn check(shop: &Shop, inspector: &dyn LogInspector, sold: OrderId) {
    let views = shop.views.clone();
    let events = shop.wait(views.outgoing_of(sold)).unwrap();
    assert_eq!((events[0].event.kind(), events[0].version), (EventKind::OrderCreated, Some(1)));
    let completed = events.iter().find(|event| event.event.kind() == EventKind::OrderCompleted).unwrap();
    let shard = completed.shard;
    let places = shop.wait(views.shards()).unwrap();
    let place = places.iter().find(|place| place.shard == shard).unwrap();
    let page = shop.wait(views.outgoing(shard, 0, 99)).unwrap();
    assert_eq!(page.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=place.end).collect::<Vec<_>>());
    assert!(page.contains(completed));
    assert_eq!((place.relayed, place.waiting_since), (0, Some(page[0].at)), "nothing is published yet");
    assert_eq!(shop.wait(views.last_before(shard, EVER)).unwrap(), 0);
    assert_eq!(shop.wait(views.last_before(shard, NEVER)).unwrap(), place.end);

    let partition = Partition { topic: None, number: shard as i32 };
    let key = OffsetKey { group: Group::Ranking, partition };
    assert_eq!(shop.wait(inspector.offset_at(partition, NEVER)).unwrap(), place.end + 1);
    let first = shop.wait(inspector.offset_at(partition, completed.at)).unwrap();
    assert!(first <= completed.seq && page[first as usize - 1].at >= completed.at);
    let standings = shop.wait(groups::standings(Group::Ranking, views.as_ref(), inspector)).unwrap();
    let standing = standings.iter().find(|standing| standing.key == key).unwrap();
    assert_eq!((standing.offset, standing.extent.end), (completed.seq + 1, place.end + 1));

    let passage = shop.wait(inspector.between(key, 1..place.end + 1)).unwrap();
    let sales = page.iter().filter(|event| event.event.kind() == EventKind::OrderCompleted).count();
    assert_eq!((passage.events, passage.is_whole, passage.shown.len()), (sales, true, sales));
    let shown = passage.shown.iter().find(|shown| shown.offset == completed.seq).unwrap();
    assert_eq!(shown.order.as_deref(), Some(shop.codec.order(sold).as_str()));
    assert_eq!(shop.wait(inspector.between(key, completed.seq..completed.seq)).unwrap().events, 0);

    let wanted = Wanted { group: Group::Ranking, to: Target::Time(EVER), topic: None, partition: Some(shard as i32) };
    let planned = shop.wait(groups::plan(wanted, views.as_ref(), inspector)).unwrap();
    assert_eq!(
        planned.iter().map(|planned| (planned.moved.from, planned.moved.to)).collect::<Vec<_>>(),
        [(completed.seq + 1, 1)]
    );
    assert!(planned[0].moved.to < planned[0].moved.from);
    let elsewhere = Wanted { topic: Some(Topic::OrderEvents), ..wanted };
    assert_eq!(shop.wait(groups::plan(elsewhere, views.as_ref(), inspector)), Err(groups::Unplanned::NoPartition));

    let selected = shop.wait(replay::select(Selection::Order(sold), views.as_ref())).unwrap();
    assert_eq!(selected.events, [], "unpublished events count as under way");
}

#[test]
fn the_store_in_a_folder_reports_the_events_places() {
    let folder = tempfile::tempdir().unwrap();
    sqlite::open(folder.path(), Options::default()).unwrap().store.run_with(Carrier::OwnLog).unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Log, Synchronous::Off);
    let sold = sell(&mut shop);
    let inspector = sqlite::read_shop(folder.path()).unwrap().views;
    check(&shop, &inspector, sold);
}

#[test]
fn a_shared_store_reports_the_events_places() {
    let Some(database) = Database::new("a_shared_store_reports_the_events_places") else { return };
    let mut shop = Shop::on(&database, Executor::Log);
    let sold = sell(&mut shop);
    let inspector = shop.wait(mysql::read(&database.url())).unwrap().views;
    check(&shop, &inspector, sold);
    // A relay has published everything.
    database.execute("INSERT INTO relay_shard (shard, position, epoch, holder, leased_until) SELECT shard, seq, 1, 1, 0 FROM outbox_shard");
    let selected = shop.wait(replay::select(Selection::Since(EVER), shop.views.as_ref())).unwrap();
    let places = shop.wait(shop.views.shards()).unwrap();
    assert!(
        selected.is_whole && places.iter().all(|place| place.waiting_since.is_none() && place.relayed == place.end)
    );
    assert_eq!(selected.events.len() as i64, places.iter().map(|place| place.end).sum::<i64>());
    let from = Selection::From { seq: 2, shard: Some(places[0].shard) };
    let later = shop.wait(replay::select(from, shop.views.as_ref())).unwrap();
    assert_eq!(later.events.len() as i64, places[0].end - 1);
}
