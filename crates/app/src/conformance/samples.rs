//! Varied rows and events from a seed, all of them states that the domain can reach.

use std::sync::Arc;
use std::time::Duration;

use domain::coupon::{Campaign, Coupon, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, Codec, CouponId, DropId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::fulfilment::{self, Goods};
use domain::order::saga::{Report, Step};
use domain::order::{
    self, Canceller, CouponWanted, Line, Mode, Order, Outcome, Payment, Placement, Receiver, Rule, Whereabouts,
};
use domain::payment::Method;
use domain::pricing::Discount;
use domain::reason::Reason;
use domain::stock::{Product, Status};
use domain::time::Timestamp;

use super::session::NOON;
use crate::events::event::ResultCode;
use crate::events::trace::TraceParent;
use crate::state::rows::{Customer, Decision, EventId, Granted, NewEvent, Request, RequestStatus};

const CODEC: Codec = Codec::new([7; 16]);

/// Random numbers from a seed (SplitMix64).
pub(super) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % end.unsigned_abs().max(1)).expect("a number below an i64 fits into an i64")
    }

    pub(super) fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(i64::try_from(from.len()).expect("a list of choices is short"));
        from[usize::try_from(index).expect("an index is not negative")]
    }

    pub(super) fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }

    fn moment(&mut self) -> Timestamp {
        Timestamp::from_micros(NOON.micros() + self.below(86_400_000_000))
    }

    fn text(&mut self) -> Arc<str> {
        Arc::from(self.pick(&[
            "Doorbuster",
            "한정 수량",
            "it's \"quoted\"",
            "",
            "🛒 cart\nnext line",
            "a'; DROP TABLE orders;--",
        ]))
    }

    fn won(&mut self, end: i64) -> Money {
        Money::won(self.below(end))
    }
}

/// Returns an order in a state that its commands can reach.
pub(super) fn order(dice: &mut Dice, id: OrderId) -> Order {
    let command = order::Command::Place(Box::new(placement(dice, id)));
    let at = dice.moment();
    let events = order::decide(None, &command, at).expect("the sample uses no more points than allowed");
    let mut order = None;
    for event in &events {
        order::evolve(&mut order, event, at);
    }
    let mut order = order.expect("placing creates the order");
    for _step in 0..dice.below(12) {
        order = advanced(dice, order);
    }
    order
}

/// Returns the order after one more command, if the order accepts it.
pub(super) fn advanced(dice: &mut Dice, before: Order) -> Order {
    let steps: Vec<Step> = before.saga.steps.iter().map(|record| record.step).collect();
    let at = dice.moment();
    let command = match dice.below(16) {
        0 => order::Command::GiveUp,
        1 => order::Command::Stick,
        2 => order::Command::Resume,
        3 => order::Command::Cancel {
            by: dice.pick(&[Canceller::Customer, Canceller::Admin]),
            note: dice.flip().then(|| dice.text()),
        },
        12..=15 => order::Command::Fulfil(fulfilment_command(dice, &before)),
        4..=6 => order::Command::Collect { step: dice.pick(&steps), report: Report::Restored, at },
        7 => {
            let report = Report::Failed(dice.pick(&Reason::ALL));
            order::Command::Collect { step: dice.pick(&steps), report, at }
        }
        _ => order::Command::Collect { step: dice.pick(&steps), report: Report::Completed, at },
    };
    let Ok(events) = order::decide(Some(&before), &command, at) else { return before };
    let mut order = Some(before);
    for event in &events {
        order::evolve(&mut order, event, at);
    }
    order.expect("the order existed before")
}

fn fulfilment_command(dice: &mut Dice, before: &Order) -> fulfilment::Command {
    match dice.below(8) {
        0 if before.outcome == Outcome::AwaitingPayment => fulfilment::Command::Captured,
        1 => {
            let method = dice.flip().then(|| dice.pick(&Method::ALL));
            fulfilment::Command::Process {
                method,
                receiver: Some(receiver(dice)),
                warehouse_storage: Some(dice.flip()),
            }
        }
        2 => fulfilment::Command::Dispatch,
        3 => {
            let goods = dice.pick(&[Whereabouts::InHouse, Whereabouts::Delivered]);
            fulfilment::Command::Refund { lines: vec![(ProductId(1), 1)], note: None, goods, by_shop: None }
        }
        4 => fulfilment::Command::ApproveRefund { goods: dice.pick(&Goods::ALL) },
        5 => fulfilment::Command::RejectRefund { note: dice.text() },
        6 => fulfilment::Command::TakeIn { lines: vec![], is_written_off: dice.flip() },
        _ => {
            let (note, goods) = (Some(dice.text()), Whereabouts::Delivered);
            let by_shop = dice.flip().then(|| dice.pick(&Goods::ALL));
            fulfilment::Command::Refund { lines: vec![], note, goods, by_shop }
        }
    }
}

fn receiver(dice: &mut Dice) -> Receiver {
    Receiver {
        name: dice.text().to_string(),
        phone: "010-1234-5678".to_owned(),
        postal_code: "04524".to_owned(),
        address: dice.text().to_string(),
    }
}

fn placement(dice: &mut Dice, id: OrderId) -> Placement {
    let lines: Vec<Line> = (1..=1 + dice.below(4))
        .map(|product| Line {
            product: ProductId(product),
            name: dice.text(),
            quantity: 1 + dice.below(9),
            unit_price: Money::won(1 + dice.below(50_000)),
            drop: dice.flip().then(|| DropId(1 + dice.below(9))),
        })
        .collect();
    let coupon = dice.flip().then(|| CouponWanted {
        campaign: CampaignId(1 + dice.below(9)),
        coupon: dice.flip().then(|| CouponId(1 + dice.below(999))),
    });
    let receiver = dice.flip().then(|| receiver(dice));
    Placement {
        id,
        number: CODEC.order(id),
        user: UserId(1 + dice.below(99)),
        mode: dice.pick(&Mode::ALL),
        chosen_by: dice.pick(&[None, Some(Rule::Adaptive), Some(Rule::Gradual)]),
        payment: dice.pick(&Payment::ALL),
        pay_within: Duration::from_secs(1_800),
        lines,
        coupon: coupon.map(|wanted| (wanted, Discount::Percent { value: 10, max_amount: None })),
        points: if dice.flip() { Money::won(1) } else { Money::ZERO },
        total_shown: None,
        receiver,
        warehouse_storage: dice.flip(),
    }
}

pub(super) fn product(dice: &mut Dice, id: ProductId) -> Product {
    let (reserved, free, sold, written_off) = (dice.below(9), dice.below(99), dice.below(99), dice.below(9));
    Product {
        id,
        name: dice.text(),
        price: dice.won(1_000_000),
        status: dice.pick(&Status::ALL),
        on_hand: reserved + free,
        reserved,
        received: reserved + free + sold + written_off,
        sold,
        written_off,
        drop: dice.flip().then(|| DropId(1 + dice.below(9))),
        created_at: dice.moment(),
        updated_at: dice.moment(),
    }
}

pub(super) fn campaign(dice: &mut Dice, id: CampaignId) -> Campaign {
    let issued = dice.below(99);
    let discount = match dice.below(3) {
        0 => Discount::Fixed { value: dice.won(5_000) },
        1 => Discount::Percent { value: dice.below(101), max_amount: None },
        _ => Discount::Percent { value: dice.below(101), max_amount: Some(dice.won(5_000)) },
    };
    Campaign {
        id,
        name: dice.text(),
        discount,
        quantity: issued + dice.below(99),
        issued,
        issue_per_user_max: 1 + dice.below(3),
        issue_starts_at: dice.moment(),
        issue_ends_at: dice.moment(),
        valid_until: dice.moment(),
        issue_mode: dice.pick(&IssueMode::ALL),
        queue_key: dice.pick(&QueueKey::ALL),
        paused: dice.flip(),
        created_at: dice.moment(),
        updated_at: dice.moment(),
    }
}

pub(super) fn coupon(dice: &mut Dice, id: i64, issue_number: i64) -> Coupon {
    Coupon {
        id: CouponId(id),
        code: CODEC.coupon(CouponId(id)),
        issue_number,
        used_order: dice.flip().then(|| OrderId(1 + dice.below(99))),
        issued_at: dice.moment(),
    }
}

pub(super) fn request(dice: &mut Dice, id: RequestId) -> Request {
    let decided = dice.flip();
    let decision = decided.then(|| {
        let granted = dice.flip().then(|| {
            let coupon = CouponId(1 + dice.below(99));
            Granted { coupon, code: CODEC.coupon(coupon), issue_number: 1 + dice.below(99) }
        });
        let code = if granted.is_some() { ResultCode::Success } else { dice.pick(&ResultCode::ALL[1..]) };
        Decision { code, granted, quantity: dice.below(99), at: dice.moment() }
    });
    let status = if decided { dice.pick(&RequestStatus::ALL[1..]) } else { RequestStatus::Pending };
    Request {
        id,
        user: UserId(1 + dice.below(99)),
        campaign: CampaignId(1 + dice.below(9)),
        status,
        decision,
        created_at: dice.moment(),
        updated_at: dice.moment(),
    }
}

pub(super) fn customer(dice: &mut Dice, user: UserId) -> Customer {
    use domain::ids::{EntryId, NoticeId};
    Customer {
        user,
        last_order: dice.flip().then(|| OrderId(1 + dice.below(99))),
        last_coupon: dice.flip().then(|| CouponId(1 + dice.below(99))),
        last_entry: dice.flip().then(|| EntryId(1 + dice.below(99))),
        last_notice: dice.flip().then(|| NoticeId(1 + dice.below(99))),
        notices: dice.below(99),
        created_at: dice.moment(),
    }
}

pub(super) fn code_of(order: i64) -> Code {
    CODEC.order(OrderId(order))
}

/// Returns the `number`th event of a test.
pub(super) fn new_event(number: u32, event: crate::events::event::Event) -> NewEvent {
    let at = NOON + Duration::from_micros(u64::from(number));
    let (id, trace) = (EventId(u128::from(number)), trace(number.into()));
    NewEvent { id, event, order: None, version: None, cause: "test", trace, at }
}

/// Returns a trace for every other number.
pub(super) fn trace(number: i64) -> Option<TraceParent> {
    TraceParent::parse(format!("00-{number:032x}-00f067aa0ba902b7-01").as_bytes()).filter(|_| number % 2 == 1)
}
