//! A small shop written by hand: an order in every state, a campaign that sold out, two ledgers.

mod log;
mod orders;

use std::sync::Arc;

use domain::coupon::{Campaign, Coupon, IssueMode, QueueKey};
use domain::drops::{Buyer, Card, CardHash, Drop, Offer, Secrets, Terms};
use domain::ids::{
    CampaignId, Code, CouponId, DropId, EntryId, NoticeId, OrderId, ProductId, RequestId, UserId, WebhookId,
};
use domain::money::Money;
use domain::order::Outcome;
use domain::points::Account;
use domain::pricing::Discount;
use domain::stock::{Product, Status};
use domain::time::Timestamp;
use domain::webhook::{self, Delivery, DeliveryKey, Endpoint};

use crate::audit::{
    CampaignFact, CouponFacts, CustomerFacts, DropFact, EventFacts, KeptFigures, Link, LogFacts, NoticeLink,
    OrderFacts, ProductFacts, ShardFacts, Snapshot, StatisticsFacts, WebhookFact,
};
use crate::commands::answer::Answer;
use crate::events::event::ResultCode;
use crate::log::group::Group;
use crate::ports::StoreError;
use crate::state::rows::{
    AnswerKey, Counted, Customer, Decision, Entry, Granted, OffsetKey, Partition, Request, RequestStatus, Resolution,
    StoredAnswer, WHOLE_SHOP,
};
use crate::state::settings::Carrier;

pub(super) use orders::{compensation, completed_event, number};

pub(super) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
pub(super) const ANN: UserId = UserId(1);
pub(super) const BOB: UserId = UserId(2);
const LAMP: ProductId = ProductId(1);
const SALE: CampaignId = CampaignId(1);
pub(super) const DROP: DropId = DropId(1);

/// Indexes in [`Shop::orders`].
pub(super) const COMPLETED: usize = 0;
pub(super) const CANCELLED: usize = 1;
pub(super) const PENDING: usize = 2;
pub(super) const AWAITING: usize = 3;
pub(super) const COMPENSATING: usize = 4;
pub(super) const STUCK: usize = 5;

pub(super) struct Shop {
    pub(super) products: Vec<ProductFacts>,
    pub(super) campaigns: Vec<CampaignFact>,
    pub(super) orders: Vec<OrderFacts>,
    pub(super) customers: Vec<CustomerFacts>,
    pub(super) answers: Vec<(AnswerKey, StoredAnswer)>,
    pub(super) events: Vec<Vec<EventFacts>>,
    pub(super) shards: Vec<ShardFacts>,
    pub(super) webhooks: Vec<WebhookFact>,
    pub(super) drops: Vec<DropFact>,
    pub(super) log: LogFacts,
    pub(super) statistics: StatisticsFacts,
    pub(super) problems: Vec<String>,
}

impl Snapshot for Shop {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> Result<(), StoreError> {
        self.products.iter().cloned().for_each(each);
        Ok(())
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), StoreError> {
        self.campaigns.iter().cloned().for_each(each);
        Ok(())
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), StoreError> {
        self.orders.iter().cloned().for_each(each);
        Ok(())
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), StoreError> {
        self.customers.iter().cloned().for_each(each);
        Ok(())
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError> {
        self.answers.iter().cloned().for_each(|(key, stored)| each(key, stored));
        Ok(())
    }

    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> Result<(), StoreError> {
        self.drops.iter().cloned().for_each(each);
        Ok(())
    }

    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> Result<(), StoreError> {
        self.webhooks.iter().cloned().for_each(each);
        Ok(())
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts, StoreError> {
        self.events.iter().flatten().cloned().for_each(each);
        Ok(LogFacts { shards: self.shards.clone(), ..self.log.clone() })
    }

    fn statistics(&mut self) -> Result<StatisticsFacts, StoreError> {
        Ok(self.statistics.clone())
    }

    fn integrity(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(self.problems.clone())
    }
}

/// The drop of all lamps, the card that pays for an order, and the customers.
fn drops(orders: &[OrderFacts]) -> Vec<DropFact> {
    let products = vec![Offer { product: LAMP, per_customer: Some(20) }];
    let (starts_at, ends_at) = (NOON, Timestamp::from_micros(i64::MAX));
    let secrets = Secrets { seed: [1; 32], key: [2; 32] };
    let terms = Terms {
        name: "Saturday".into(),
        starts_at,
        ends_at,
        products,
        per_customer: None,
        per_payment_method: Some(2),
        waiting_room: None,
        secrets,
    };
    let card = Card { units: 2, ..Card::new(DROP, CardHash([7; 16])) };
    let mut drops = vec![DropFact::Drop(Box::new(Drop::new(DROP, &terms, vec![], NOON))), DropFact::Card(card)];
    for user in [ANN, BOB] {
        let orders = orders.iter().filter_map(|facts| facts.row.as_ref()).map(|row| &row.order);
        let counted = orders.filter(|order| order.user() == user && order.outcome != Outcome::Cancelled);
        let units = counted.map(|order| order.created.lines[0].quantity).sum();
        let buyer = Buyer { units: vec![(LAMP, units)], ..Buyer::new(DROP, user) };
        drops.push(DropFact::Buyer(buyer.paying(OrderId(4), (user == ANN).then_some(card.hash))));
    }
    drops
}

/// An endpoint that subscribes to nothing any more, with one delivery.
fn webhooks() -> Vec<WebhookFact> {
    let new = Endpoint::new(WebhookId(1), "https://example.com/hook".into(), "whsec_a".into(), NOON);
    let endpoint = Endpoint { terms: vec![], deliveries: 1, ..new };
    let delivery = Delivery {
        key: DeliveryKey { webhook: WebhookId(1), number: 1 },
        event: 7,
        event_type: "webhook.test".into(),
        order_key: None,
        slot: None,
        payload: Some("{}".into()),
        state: webhook::State::Completed,
        tries: 1,
        attempts: 1,
        due: None,
        last_status: Some(200),
        created_at: NOON,
        log: vec![],
    };
    vec![WebhookFact::Endpoint(endpoint), WebhookFact::Delivery(delivery)]
}

/// Returns the shop. Lamps cost 1,000 won each; 20 were received, 1 was written off, and every order is for two.
pub(super) fn shop() -> Shop {
    let mut shop = Shop {
        products: vec![],
        campaigns: vec![],
        orders: orders::orders(),
        customers: vec![],
        answers: vec![],
        events: vec![],
        shards: vec![],
        webhooks: webhooks(),
        drops: vec![],
        log: LogFacts { carrier: Some(Carrier::Broker), ..LogFacts::default() },
        statistics: StatisticsFacts::default(),
        problems: vec![],
    };
    shop.products.push(ProductFacts {
        product: Product {
            id: LAMP,
            name: Arc::from("lamp"),
            price: Money::won(1_000),
            status: Status::OnSale,
            on_hand: 17,
            // Held by the orders that are pending, awaiting payment, and stuck.
            reserved: 6,
            received: 20,
            sold: 2,
            written_off: 1,
            drop: Some(DROP),
            created_at: NOON,
            updated_at: NOON,
        },
        received: 20,
        written_off: 1,
    });
    shop.drops = drops(&shop.orders);
    shop.campaigns = sold_out_campaign();
    shop.customers = vec![customer(ANN, ann_entries(), &shop.orders), customer(BOB, bob_entries(), &shop.orders)];
    shop.answers = answers();
    let (events, shards) = log::sealed(&shop.orders, &shop.campaigns);
    shop.events = events;
    shop.shards = shards;
    shop.statistics = coupon_statistics(&shop.shards);
    shop
}

/// Returns the figures of the campaign, whose group has digested every event; no group has counted orders yet.
fn coupon_statistics(shards: &[ShardFacts]) -> StatisticsFacts {
    let position = |facts: &ShardFacts| {
        let partition = Partition { topic: None, number: i32::try_from(facts.shard).unwrap() };
        (OffsetKey { group: Group::CouponStatistics, partition }, facts.head.seq + 1)
    };
    let of = |subject: i64| {
        let refused = (subject, "refused:coupon.sold_out".into(), 1);
        [(subject, "issued".into(), 2), refused]
    };
    let rows = [SALE.0, WHOLE_SHOP].into_iter().flat_map(of).collect();
    let kept = KeptFigures::new(Counted::Coupons, Resolution::Day, NOON, rows);
    StatisticsFacts { positions: shards.iter().map(position).collect(), is_whole: false, kept: vec![kept] }
}

fn coupon(id: i64, used_order: Option<OrderId>) -> Coupon {
    let code = Code::from(format!("UC-{id}").as_str());
    Coupon { id: CouponId(id), code, issue_number: id, used_order, issued_at: NOON }
}

/// Returns two coupons: ANN and BOB were first, a third request was refused, and one more waits.
fn sold_out_campaign() -> Vec<CampaignFact> {
    let campaign = Campaign {
        id: SALE,
        name: Arc::from("sale"),
        discount: Discount::Fixed { value: Money::won(300) },
        quantity: 2,
        issued: 2,
        issue_per_user_max: 1,
        issue_starts_at: NOON,
        issue_ends_at: NOON,
        valid_until: NOON,
        issue_mode: IssueMode::Queued,
        queue_key: QueueKey::Campaign,
        paused: false,
        created_at: NOON,
        updated_at: NOON,
    };
    let held = |id, user, used| CampaignFact::Coupon(CouponFacts { campaign: SALE, user, coupon: coupon(id, used) });
    vec![
        CampaignFact::Begins(SALE, Some(campaign)),
        held(1, ANN, Some(OrderId(1))),
        held(2, BOB, None),
        request(1, ANN, Some((ResultCode::Success, Some(1)))),
        request(2, BOB, Some((ResultCode::Success, Some(2)))),
        request(3, UserId(3), Some((ResultCode::OutOfStock, None))),
        request(4, UserId(4), None),
        // The gate does not know the second coupon yet.
        CampaignFact::Gated(1),
    ]
}

fn request(id: i64, user: UserId, decided: Option<(ResultCode, Option<i64>)>) -> CampaignFact {
    let status = if decided.is_some() { RequestStatus::Notified } else { RequestStatus::Pending };
    let decision = decided.map(|(code, granted)| Decision {
        code,
        granted: granted.map(|number| Granted {
            coupon: CouponId(number),
            code: coupon(number, None).code,
            issue_number: number,
        }),
        quantity: 2,
        at: NOON,
    });
    CampaignFact::Request(Request {
        id: RequestId(id),
        user,
        campaign: SALE,
        status,
        decision,
        created_at: NOON,
        updated_at: NOON,
    })
}

fn entry(id: i64, user: UserId, kind: &'static str, (balance, order): (i64, Option<i64>)) -> Entry {
    let (from_account, to_account, amount) = match kind {
        "CHARGED" => (0, user.0, 2_000),
        "DEDUCTED" => (user.0, -1, 500),
        _ => (-1, user.0, 500),
    };
    Entry {
        id: EntryId(id),
        user,
        from_account,
        to_account,
        amount: Money::won(amount),
        kind,
        order: order.map(OrderId),
        balance: Money::won(balance),
        previous: (id % 10 > 1).then_some(EntryId(id - 1)),
        at: NOON,
    }
}

fn ann_entries() -> Vec<Entry> {
    vec![entry(11, ANN, "CHARGED", (2_000, None)), entry(12, ANN, "DEDUCTED", (1_500, Some(1)))]
}

fn bob_entries() -> Vec<Entry> {
    vec![
        entry(21, BOB, "CHARGED", (2_000, None)),
        entry(22, BOB, "DEDUCTED", (1_500, Some(5))),
        entry(23, BOB, "RESTORED", (2_000, Some(5))),
    ]
}

fn customer(user: UserId, entries: Vec<Entry>, orders: &[OrderFacts]) -> CustomerFacts {
    let rows = orders.iter().filter_map(|facts| facts.row.as_ref()).filter(|row| row.order.user() == user);
    let orders: Vec<Link> = rows.map(Link::order).collect();
    let link = |number| Link { id: number, previous: Some(number - 1) };
    let notice = |number| NoticeLink { number, link: link(number) };
    let customer = Customer {
        last_order: orders.last().map(|link| OrderId(link.id)),
        last_coupon: Some(CouponId(user.0)),
        last_entry: entries.last().map(|entry| entry.id),
        last_notice: Some(NoticeId(4)),
        notices: 4,
        ..Customer::new(user, NOON)
    };
    let balance = entries.last().map_or(Money::ZERO, |entry| entry.balance);
    CustomerFacts {
        user,
        customer: Some(customer),
        account: Some(Account { user, balance }),
        entries,
        orders,
        coupons: vec![Link::coupon(CouponId(user.0), None)],
        // The first two were deleted.
        notices: vec![notice(3), notice(4)],
    }
}

fn answers() -> Vec<(AnswerKey, StoredAnswer)> {
    let answers = [
        Answer::OrderPlaced { order: OrderId(1), number: number(1) },
        Answer::OrderChanged { order: OrderId(2) },
        Answer::CouponRequested { request: RequestId(1), code: Code::from("req-1") },
        Answer::CouponIssued { campaign: SALE, coupon: coupon(1, None).code, issue_number: 1, issued_at: NOON },
    ];
    let stored = |answer| StoredAnswer { fingerprint: [0; 32], answer, at: NOON };
    answers.into_iter().zip(1..).map(|(answer, key)| (AnswerKey([key; 32]), stored(answer))).collect()
}
