//! Each corrupted fact is found by exactly the law that it violates, and derived figures are repaired.

mod fixture;
mod repairs;

use std::sync::Arc;

use domain::claim::Claim;
use domain::coupon::Campaign;
use domain::ids::{Code, DropId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::Mode;
use domain::order::saga::Step;
use domain::pricing::Discount;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::webhook::Term;

use fixture::{
    AWAITING, BOB, CANCELLED, COMPENSATING, COMPLETED, NOON, PENDING, STUCK, Shop, completed_event, number, shop,
};

use super::{CampaignFact, DropFact, Law, ProductFacts, ShardFacts, WebhookFact, audit, repairs};
use crate::commands::Command;
use crate::commands::answer::Answer;
use crate::events::outbox::ShardHead;
use crate::log::group::Group;
use crate::ports::views::ShardPlace;
use crate::state::rows::{AnswerKey, Counted, OffsetKey, Partition, Request, RequestStatus};

fn broken_laws(shop: &mut Shop) -> Vec<(Law, Vec<String>)> {
    let audit = audit(shop, NOON).unwrap();
    let laws = audit.laws.into_iter().zip(Law::ALL).filter(|(report, _)| report.violations > 0);
    laws.map(|(report, law)| (*law, report.examples)).collect()
}

#[test]
fn a_sound_shop_violates_no_law() {
    let mut shop = shop();
    assert_eq!(broken_laws(&mut shop), vec![]);
    let audit = audit(&mut shop, NOON).unwrap();
    assert!(audit.laws.iter().all(|law| law.checked > 0), "every law checks something: {audit:?}");
}

#[test]
fn only_the_stuck_order_of_a_sound_shop_is_resumed() {
    assert_eq!(repairs(&mut shop(), NOON).unwrap(), vec![Command::ResumeOrder { order: OrderId(6) }]);
}

#[test]
fn the_report_is_what_the_command_prints() {
    let mut shop = shop();
    shop.problems.push("page 7: lost".to_owned());
    let audit = audit(&mut shop, NOON).unwrap();
    let json = serde_json::to_value(&audit).unwrap();
    assert_eq!(json["violations"], 1);
    let log = json["laws"].as_array().unwrap().iter().find(|law| law["law"] == 20).unwrap();
    assert_eq!(log["violations"], 1);
    assert_eq!(log["examples"][0], "page 7: lost");
    let skipped: Vec<_> = json["skipped"].as_array().unwrap().iter().map(|skipped| &skipped["law"]).collect();
    assert!(skipped.contains(&&serde_json::json!(7)), "a law that is not checked is named");
}

/// A corruption, and the one law that must report it.
type Case = (Law, &'static str, fn(&mut Shop));

#[test]
fn each_corruption_is_found_by_its_law_alone() {
    for (law, what, corrupt) in stock_and_saga_cases()
        .into_iter()
        .chain(coupon_cases())
        .chain(book_cases())
        .chain(log_cases())
        .chain(webhook_cases())
        .chain(drop_cases())
    {
        let mut shop = shop();
        corrupt(&mut shop);
        let broken = broken_laws(&mut shop);
        let laws: Vec<Law> = broken.iter().map(|(law, _)| *law).collect();
        assert_eq!(laws, vec![law], "{what}: {broken:?}");
    }
}

fn log_cases() -> Vec<Case> {
    vec![
        (Law::Statistics, "a coupon is counted twice", |shop| shop.statistics.kept[0].sums[0].2 += 1),
        (Law::Statistics, "a figure is missing", |shop| drop(shop.statistics.kept[0].sums.remove(0))),
        (Law::Statistics, "a refusal with an event is not counted", |shop| shop.statistics.kept[0].sums[1].2 -= 1),
        (Law::Statistics, "products do not add up to the shop", |shop| {
            shop.statistics.kept[0].counted = Counted::Orders;
            shop.statistics.kept[0].sums.clear();
            shop.statistics.kept[0].of_products.push(("revenue".into(), 5));
        }),
        (Law::Gate, "the gate knows a coupon that was not issued", |shop| {
            shop.campaigns.push(CampaignFact::Gated(3));
        }),
        (Law::Outbox, "an event is stored twice", |shop| shop.log.repeated.push("019a".to_owned())),
        (Law::Outbox, "the relay is ahead of the log", |shop| shop.log.relayed.push(relayed(shop, 1, None))),
        (Law::Outbox, "an event has waited for the relay too long", |shop| {
            let long_ago = Timestamp::from_micros(NOON.micros() - 301_000_000);
            let latest = shop.events.iter().flatten().map(|event| event.at).max().unwrap();
            assert!(latest >= NOON, "by the clock of the log itself");
            shop.log.relayed.push(relayed(shop, -1, Some(long_ago)));
        }),
        (Law::Inbox, "a group has handled an event that does not exist", |shop| {
            shop.log.strangers.push(("notice-group".to_owned(), "019a".to_owned()));
        }),
        (Law::Inbox, "a group skipped an event", |shop| {
            shop.log.passed_over.push(("notice-group".to_owned(), "019a".to_owned()));
        }),
        (Law::Inbox, "a group's offset is after the end", |shop| {
            let ShardFacts { shard, head, .. } = shop.shards[0];
            let partition = Partition { topic: None, number: shard as i32 };
            shop.log.positions.push((OffsetKey { group: Group::Notices, partition }, head.seq + 2));
        }),
        (Law::Inbox, "a trailing group's offset is after the end", |shop| {
            shop.log.trail_end = Some(7);
            let partition = Partition { topic: None, number: 0 };
            shop.log.positions.push((OffsetKey { group: Group::OrderStatistics, partition }, 9));
        }),
    ]
}

fn webhook_cases() -> Vec<Case> {
    vec![
        (Law::Webhooks, "a delivery is complete and due", |shop| {
            let Some(WebhookFact::Delivery(delivery)) = shop.webhooks.last_mut() else { panic!("it is the last") };
            delivery.due = Some(NOON);
        }),
        (Law::Webhooks, "a delivery is lost", |shop| drop(shop.webhooks.pop())),
        (Law::Webhooks, "an event that an endpoint wanted has no delivery", |shop| {
            let Some(WebhookFact::Endpoint(endpoint)) = shop.webhooks.first_mut() else { panic!("it is the first") };
            endpoint.terms.push(Term { from: Timestamp::from_micros(0), event_types: Some(vec![]) });
            for ShardFacts { shard, head, .. } in &shop.shards {
                let partition = Partition { topic: None, number: *shard as i32 };
                shop.log.positions.push((OffsetKey { group: Group::Webhooks, partition }, head.seq + 1));
            }
        }),
    ]
}

fn drop_cases() -> Vec<Case> {
    vec![
        (Law::Drops, "a customer has more units than their orders", |shop| {
            let Some(DropFact::Buyer(buyer)) = shop.drops.last_mut() else { panic!("it is the last") };
            buyer.units[0].1 += 1;
        }),
        (Law::Drops, "a customer is lost", |shop| drop(shop.drops.pop())),
        (Law::Drops, "a limit is exceeded", |shop| {
            let Some(DropFact::Drop(drop)) = shop.drops.first_mut() else { panic!("it is the first") };
            drop.per_customer = Some(1);
        }),
        (Law::Drops, "a card has more units than it pays for", |shop| {
            let Some(DropFact::Card(card)) = shop.drops.get_mut(1) else { panic!("it is the second") };
            card.units += 1;
        }),
        (Law::Drops, "a card is lost", |shop| drop(shop.drops.remove(1))),
        (Law::Drops, "the limit of a card is exceeded", |shop| {
            let Some(DropFact::Drop(drop)) = shop.drops.first_mut() else { panic!("it is the first") };
            drop.per_payment_method = Some(1);
        }),
        (Law::Drops, "the drop of a product does not exist", |shop| {
            let lamp = &shop.products[0].product;
            let (id, drop) = (ProductId(9), Some(DropId(99)));
            let product =
                Product { id, drop, on_hand: 0, reserved: 0, received: 0, sold: 0, written_off: 0, ..lamp.clone() };
            shop.products.push(ProductFacts { product, received: 0, written_off: 0 });
        }),
        (Law::Drops, "a drop believes that it is sold out", |shop| {
            let Some(DropFact::Drop(drop)) = shop.drops.first_mut() else { panic!("it is the first") };
            drop.sold_out.push(drop.products[0].product);
        }),
    ]
}

/// Returns a relay offset that is `ahead` of the first shard's end.
fn relayed(shop: &Shop, ahead: i64, waiting_since: Option<Timestamp>) -> ShardPlace {
    let ShardFacts { shard, head, .. } = shop.shards[0];
    ShardPlace { shard, end: head.seq, relayed: head.seq + ahead, waiting_since }
}

fn stock_and_saga_cases() -> Vec<Case> {
    vec![
        (Law::Stock, "a unit too many is sold", |shop| {
            shop.products[0].product.sold += 1;
            shop.products[0].product.on_hand -= 1;
        }),
        (Law::Stock, "a unit is reserved without a claim", |shop| shop.products[0].product.reserved += 1),
        (Law::Stock, "a receipt is lost", |shop| shop.products[0].received -= 5),
        (Law::Claims, "a pending order has no timer", |shop| shop.orders[PENDING].timer = None),
        (Law::Claims, "an order that waits for its customer has a timer", |shop| {
            shop.orders[AWAITING].timer = shop.orders[PENDING].timer;
        }),
        (Law::Claims, "a closed order has a claim", |shop| {
            shop.orders[CANCELLED].claims.push((Step::Point, Claim::Released));
        }),
        (Law::Claims, "a claim is about no step", |shop| {
            shop.orders[PENDING].claims.push((Step::Point, Claim::Released));
        }),
        (Law::Claims, "a claim is lost", |shop| shop.orders[AWAITING].claims.clear()),
        (Law::Claims, "a released claim has lost its tombstone", |shop| {
            shop.orders[COMPENSATING].claims.pop();
        }),
        (Law::Demand, "more is sold than was ordered", |shop| {
            let payload = completed_event(1).payload().replace("\"qty\":2", "\"qty\":3");
            shop.orders[COMPLETED].events.last_mut().unwrap().payload = payload;
        }),
        (Law::Orders, "the amounts do not add up", |shop| {
            let created = &mut shop.orders[COMPLETED].row.as_mut().unwrap().order.created;
            Arc::make_mut(created).due = Money::won(1);
        }),
        (Law::Orders, "a version is missing", |shop| shop.orders[STUCK].events[2].version = Some(4)),
        (Law::Orders, "the row differs from the fold of its events", |shop| {
            Arc::make_mut(&mut shop.orders[PENDING].row.as_mut().unwrap().order.created).mode = Mode::Atomic;
        }),
        (Law::Orders, "an event cannot be parsed", |shop| shop.orders[PENDING].events[0].payload.truncate(9)),
        (Law::Orders, "an order was never created", |shop| {
            shop.orders[CANCELLED].events.clear();
            shop.orders[CANCELLED].row.as_mut().unwrap().order.version = 0;
        }),
        (Law::Paths, "an event follows the end of an order", |shop| {
            let facts = &mut shop.orders[CANCELLED];
            let mut again = facts.events.last().unwrap().clone();
            again.version = Some(4);
            facts.events.push(again);
            facts.row.as_mut().unwrap().order.version = 4;
        }),
        (Law::Journal, "compensation goes forward", |shop| {
            let event = fixture::compensation(5, vec![Step::Stock(ProductId(1)), Step::Point]);
            shop.orders[COMPENSATING].events[3].payload = event.payload();
        }),
        (Law::Journal, "a step reports a claim after a refusal", |shop| {
            let facts = &mut shop.orders[CANCELLED];
            let mut late = facts.events[1].clone();
            late.kind = "PointDeductionCompleted".to_owned();
            late.payload = r#"{"orderId":"ORD-2","step":"POINT","ok":true}"#.to_owned();
            facts.events.push(late);
        }),
    ]
}

fn coupon_cases() -> Vec<Case> {
    vec![
        (Law::Coupons, "the count is too low", |shop| campaign(shop).issued -= 1),
        (Law::Coupons, "more are issued than the quantity", |shop| campaign(shop).quantity -= 1),
        (Law::Coupons, "a user has more than allowed", |shop| campaign(shop).issue_per_user_max = 0),
        (Law::Requests, "a request is never decided", |shop| {
            request(shop, 4).created_at = Timestamp::from_micros(0);
        }),
        (Law::Requests, "a decided request waits", |shop| request(shop, 2).status = RequestStatus::Pending),
        (Law::Requests, "a coupon belongs to another user", |shop| request(shop, 2).user = UserId(9)),
        (Law::Requests, "a result was announced without a decision", |shop| {
            let decision = request(shop, 3).decision.take();
            assert!(decision.is_some());
            request(shop, 3).status = RequestStatus::Pending;
        }),
        (Law::FirstCome, "a request was refused before the last coupon was issued", |shop| {
            request(shop, 3).decision.as_mut().unwrap().at = Timestamp::from_micros(NOON.micros() - 1);
        }),
        (Law::FirstCome, "a number was issued before a lower one", |shop| {
            request(shop, 2).decision.as_mut().unwrap().at = Timestamp::from_micros(NOON.micros() - 1);
        }),
        (Law::FirstCome, "a request was refused although coupons were left", |shop| {
            request(shop, 3).decision.as_mut().unwrap().quantity = 3;
        }),
        (Law::Redemption, "an order has lost its coupon", |shop| shop.orders[COMPLETED].coupons.clear()),
        (Law::Redemption, "a cancelled order has kept a coupon", |shop| {
            shop.orders[CANCELLED].coupons = shop.orders[COMPLETED].coupons.clone();
        }),
        (Law::Redemption, "a coupon belongs to another user", |shop| shop.orders[COMPLETED].coupons[0].user = BOB),
        (Law::Redemption, "the discount is not the coupon's", |shop| {
            campaign(shop).discount = Discount::Fixed { value: Money::won(299) };
        }),
    ]
}

fn book_cases() -> Vec<Case> {
    vec![
        (Law::Orders, "the amounts are too large to be added up", |shop| {
            let created = &mut shop.orders[COMPLETED].row.as_mut().unwrap().order.created;
            Arc::make_mut(created).due = Money::won(i64::MAX);
        }),
        (Law::Points, "a balance is too high", |shop| {
            shop.customers[0].account.as_mut().unwrap().balance += Money::won(1);
        }),
        (Law::Points, "an entry was changed", |shop| shop.customers[1].entries[0].amount = Money::won(1)),
        (Law::Points, "an entry goes from an account to itself", |shop| {
            shop.customers[1].entries[0].from_account = BOB.0;
        }),
        (Law::Points, "points were not restored", |shop| {
            shop.orders[COMPENSATING].entries.pop();
        }),
        (Law::Points, "points were taken twice", |shop| {
            let entry = shop.orders[COMPLETED].entries[0];
            shop.orders[COMPLETED].entries.push(entry);
        }),
        (Law::Idempotency, "two keys have placed one order", |shop| {
            let (_, stored) = shop.answers[0].clone();
            shop.answers.push((AnswerKey([9; 32]), stored));
        }),
        (Law::Idempotency, "an answer names another order number", |shop| {
            shop.answers[0].1.answer = Answer::OrderPlaced { order: OrderId(1), number: number(2) };
        }),
        (Law::Idempotency, "an answer names a request that does not exist", |shop| {
            let code = Code::from("req-9");
            shop.answers[2].1.answer = Answer::CouponRequested { request: RequestId(9), code };
        }),
        (Law::Chains, "a notice is missing", |shop| shop.customers[0].notices[1].number = 5),
        (Law::Chains, "a chain is cut", |shop| shop.customers[1].orders[2].previous = None),
        (Law::Chains, "a customer is gone", |shop| {
            let gone = &mut shop.customers[0];
            gone.customer = None;
            gone.entries.clear();
            gone.account = None;
        }),
        (Law::Log, "an event was changed", |shop| {
            let shard = shop.events.iter().position(|events| !events.is_empty()).unwrap();
            shop.events[shard][0].payload.push(' ');
        }),
        (Law::Log, "the last event was dropped, and the head with it", |shop| {
            let shard = shop.events.iter().position(|events| events.len() == 1).unwrap();
            shop.events[shard].clear();
            shop.shards[shard].head = ShardHead::default();
        }),
        (Law::Log, "a head was changed", |shop| {
            let shard = shop.events.iter().position(|events| !events.is_empty()).unwrap();
            shop.shards[shard].head.hash[0] ^= 1;
        }),
        (Law::Log, "the store has lost a page", |shop| shop.problems.push("page 7".to_owned())),
    ]
}

fn campaign(shop: &mut Shop) -> &mut Campaign {
    let found = shop.campaigns.iter_mut().find_map(|fact| match fact {
        CampaignFact::Begins(_, campaign) => campaign.as_mut(),
        CampaignFact::Gated(_) | CampaignFact::Coupon(_) | CampaignFact::Request(_) => None,
    });
    found.unwrap()
}

fn request(shop: &mut Shop, id: i64) -> &mut Request {
    let found = shop.campaigns.iter_mut().find_map(|fact| match fact {
        CampaignFact::Request(request) if request.id == RequestId(id) => Some(request),
        CampaignFact::Begins(..) | CampaignFact::Gated(_) | CampaignFact::Coupon(_) | CampaignFact::Request(_) => None,
    });
    found.unwrap()
}
