//! Forged records on the topics of a shop: each becomes a dead letter, and the events behind it are handled.

use std::sync::Arc;

use app::commands::Command;
use app::commands::answer::Answer;
use app::events::event::{Event, OrderCompleted, Sold};
use app::events::outbox::uuid;
use app::events::topic::{Spread, Topic};
use app::log::reactions::{Group, Moved, report_event};
use app::log::relay::{Outbox, Outgoing, Publisher as _, Relay};
use app::ports::EventLog;
use app::ports::views::Reach;
use app::state::rows::{DISBELIEVED, DeadLetter, DeadLetterStatus};
use domain::ids::{Code, OrderId, ProductId};
use domain::money::Money;
use domain::order::Outcome;
use domain::order::saga::{Report, Step};
use domain::time::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};

use super::{Brokers, KafkaPublisher, TIMEOUT, WaitingLog, runtime};
use crate::database::Database;
use crate::fixture::Embedded;
use crate::shop::{ANN, BOB, Shop, order};

const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// Returns the log of a shop whose events go over these brokers.
fn carry(brokers: &Arc<Brokers>, outbox: Box<dyn Outbox>, offsets: Box<dyn EventLog + Send>) -> Box<dyn EventLog> {
    let relay = Relay::new(outbox, Box::new(KafkaPublisher::new(brokers.cluster.clone(), None)));
    let (client, brokers) = (brokers.client(), Arc::clone(brokers));
    Box::new(WaitingLog { log: brokers.join(offsets), relay, client, brokers })
}

/// Publishes an event on its topic, under a new id.
fn publish(brokers: &Brokers, number: u128, event: Event, version: Option<i64>) {
    let topic = event.kind().topic();
    let outgoing = Outgoing { shard: 0, seq: 1, id: uuid(0xf000 + number), event, version, trace: None, at: NOON };
    let records: Vec<_> =
        app::log::replay::records(&[outgoing], Some(topic)).into_iter().map(|(_, record)| record).collect();
    let spread = Spread::from([(topic, 3)]);
    runtime().block_on(KafkaPublisher::new(brokers.cluster.clone(), None).publish(&records, &spread)).unwrap();
}

/// Publishes values that are too large for a column of a database, and times that no calendar has.
fn publish_noise(brokers: &Brokers) {
    let producer: ThreadedProducer<_> =
        ClientConfig::new().set("bootstrap.servers", &brokers.cluster.brokers).create().unwrap();
    let (topic, long) = (brokers.topic(Topic::OrderProcessingResults), "x".repeat(100_000));
    let id = uuid(0xe000);
    let headers = |id: &str, kind: &str, at: &str| {
        let header = |key, value| Header { key, value: Some(value) };
        let headers = OwnedHeaders::new().insert(header("ce_id", id)).insert(header("ce_type", kind));
        headers.insert(header("ce_time", at)).insert(header("ce_source", "/doorbuster/A"))
    };
    let kind = "dev.doorbuster.StockDeductionCompleted.v1";
    let named = report_event(Step::Coupon, Report::Completed, Moved::Nothing, Code::from(long.as_str())).payload();
    for (headers, key, value) in [
        (headers(&long, &long, "1"), long.as_str(), long.as_str()),
        (headers(&id, kind, "9223372036854775807"), "k", "{}"),
        (headers(&id, kind, "2026-11-21T12:00:00Z"), "k", named.as_str()),
    ] {
        let record = BaseRecord::to(&topic).partition(0).key(key).payload(value).headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
}

fn sold(code: Code, product: ProductId) -> Event {
    Event::OrderCompleted(OrderCompleted {
        order_id: code.clone(),
        order_number: code,
        user_id: BOB,
        products: vec![Sold { id: product, qty: 1 }],
        total_amount: Money::won(10),
        status: None,
        discount_amount: Money::ZERO,
        points_used: Money::ZERO,
        paid_amount: Money::ZERO,
        amount_due: Money::won(10),
        order_created_at: NOON,
        completed_at: NOON,
    })
}

fn letters(shop: &Shop) -> Vec<DeadLetter> {
    shop.wait(shop.views.letters(true, None, 99)).unwrap()
}

/// Completes one order and publishes its report again for another one, for which nothing is claimed yet.
fn every_forgery_is_refused(brokers: &Arc<Brokers>, mut shop: Shop) {
    let product = shop.register_product(5);
    shop.place_order(order(ANN, product, 1));
    let second = place_only(&mut shop, product);
    let code = shop.codec.order(second);
    let completed = report_event(Step::Stock(product), Report::Completed, Moved::Units(1), code.clone());
    publish(brokers, 1, completed, None);
    // By this version all later events of the order itself are late.
    publish(brokers, 2, sold(code, product), Some(99));
    publish_noise(brokers);
    // These events are behind the forged ones, in the same partitions.
    let charged = shop.run(Command::ChargePoints { user: ANN, amount: Money::won(5) });
    assert_eq!(charged.result, Ok(Answer::PointsCharged { balance: Money::won(5) }));

    let letters = letters(&shop);
    assert!(letters.iter().all(|letter| letter.status == DeadLetterStatus::Permanent), "{letters:?}");
    let mut found: Vec<(Group, bool)> =
        letters.iter().map(|letter| (letter.group, letter.trouble.error.starts_with(DISBELIEVED))).collect();
    found.sort_unstable();
    let (lie, noise) = (true, false);
    assert_eq!(
        found,
        [
            (Group::Completion, noise),
            (Group::Completion, noise),
            (Group::Completion, noise),
            (Group::Completion, lie),
            (Group::Notices, lie),
            (Group::Ranking, lie),
        ]
    );
    assert_eq!(shop.wait(shop.views.order(second)).unwrap().unwrap().outcome, Outcome::Completed);
    let product = shop.wait(shop.views.product(product)).unwrap().unwrap();
    assert_eq!((product.on_hand, product.reserved, product.sold), (3, 0, 2));
    let popular = shop.wait(shop.views.popular(None, 9)).unwrap();
    assert_eq!(popular.iter().map(|popular| popular.sold).collect::<Vec<_>>(), [2]);
    let reach = Reach { since: Timestamp::default(), waiting_max: 9, page: 9 };
    let notices = shop.wait(shop.views.notices_after(BOB, 0, reach)).unwrap();
    let kinds: Vec<_> = notices.told.iter().map(|notice| notice.kind.to_string()).collect();
    assert_eq!(kinds, ["order.completed"]);
}

fn place_only(shop: &mut Shop, product: ProductId) -> OrderId {
    let (_, mut answers) = shop.batch([Command::PlaceOrder(Box::new(order(BOB, product, 1)))]);
    let Ok(Answer::OrderPlaced { order, .. }) = answers.remove(0).result else { panic!("no order") };
    order
}

#[test]
fn a_folder_refuses_forged_records() {
    let Some(brokers) = Brokers::new("a_folder_refuses_forged_records") else { return };
    let (brokers, store) = (Arc::new(brokers), Embedded::new());
    let shop = Shop::carried(store.open(), |outbox, offsets| carry(&brokers, outbox, offsets));
    every_forgery_is_refused(&brokers, shop);
}

#[test]
fn a_database_refuses_forged_records() {
    const TEST: &str = "a_database_refuses_forged_records";
    let (Some(brokers), Some(database)) = (Brokers::new(TEST), Database::new(TEST)) else { return };
    let brokers = Arc::new(brokers);
    let shop = Shop::carried_on(&database, |outbox, offsets| carry(&brokers, outbox, offsets));
    every_forgery_is_refused(&brokers, shop);
}
