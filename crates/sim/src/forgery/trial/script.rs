//! The script of the small shop: each kind of order's life once, so that each kind of record is on a topic.

use std::time::Duration;

use app::commands::{Command, CreateCampaign, PlaceOrder, ProcessOrder, RefundWanted};
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Choice, Payment, Receiver};
use domain::payment::Method;
use domain::pricing::Discount;
use domain::time::Timestamp;

pub(super) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// A step of the script, after which the shop comes to rest.
pub(super) enum Act {
    Do(fn() -> Command),
    /// Disables the stock service, or enables it again.
    Out(bool),
    Pass(Duration),
}

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const LAMP: ProductId = ProductId(1);
const LAST: ProductId = ProductId(2);
const DIRECT: CampaignId = CampaignId(1);
const QUEUED: CampaignId = CampaignId(2);
const DAY_US: i64 = 86_400_000_000;

pub(super) const SCRIPT: &[Act] = &[
    Act::Do(|| Command::RegisterProduct { name: "Lamp".into(), price: Money::won(1_000), stock: 9, details: None }),
    Act::Do(|| Command::RegisterProduct { name: "Last".into(), price: Money::won(700), stock: 1, details: None }),
    Act::Do(|| campaign(IssueMode::Direct, 5)),
    Act::Do(|| campaign(IssueMode::Queued, 1)),
    Act::Do(|| Command::ChargePoints { user: ANN, amount: Money::won(1_000) }),
    Act::Do(|| Command::IssueCoupon { campaign: DIRECT, user: ANN }),
    Act::Do(|| Command::RequestCoupon { campaign: QUEUED, user: ANN }),
    Act::Do(|| Command::RequestCoupon { campaign: QUEUED, user: BOB }),
    // Order 1 is completed.
    Act::Do(|| {
        let coupon = Some((DIRECT, None));
        order(PlaceOrder { items: vec![(LAMP, 1), (LAST, 1)], coupon, points: Money::won(300), ..wanted(ANN) })
    }),
    // Order 2 fails at its last step, and its other claims are restored.
    Act::Do(|| order(PlaceOrder { items: vec![(LAMP, 1), (LAST, 1)], mode: Some(Choice::Sequential), ..wanted(BOB) })),
    // Order 3 waits for a disabled service, then for its payment.
    Act::Out(true),
    Act::Do(|| order(PlaceOrder { payment: Payment::Prepaid, points: Money::won(100), ..wanted(ANN) })),
    Act::Out(false),
    Act::Pass(Duration::from_secs(60)),
    Act::Do(|| Command::Pay { order: OrderId(3), method: Method::Card, means: None, amount_shown: None }),
    // Order 4 is paid and shipped in one step.
    Act::Do(|| order(PlaceOrder { payment: Payment::Prepaid, mode: Some(Choice::Atomic), ..wanted(BOB) })),
    Act::Do(|| {
        Command::ProcessOrder(Box::new(ProcessOrder {
            order: OrderId(4),
            method: Some(Method::Card),
            receiver: Some(receiver()),
            warehouse_storage: None,
        }))
    }),
    // Order 5 is cancelled before it is paid.
    Act::Do(|| order(PlaceOrder { payment: Payment::Prepaid, ..wanted(BOB) })),
    Act::Do(|| Command::CancelOrder { order: OrderId(5), by: Canceller::Customer, note: None }),
    // Order 1 and order 3 are refunded.
    Act::Do(|| refund(OrderId(1), vec![(LAMP, 1)])),
    Act::Do(|| refund(OrderId(3), vec![])),
    // Order 6 uses more points than the customer has.
    Act::Do(|| order(PlaceOrder { points: Money::won(900), ..wanted(ANN) })),
];

fn wanted(user: UserId) -> PlaceOrder {
    PlaceOrder {
        user,
        items: vec![(LAMP, 1)],
        coupon: None,
        points: Money::ZERO,
        payment: Payment::OnDelivery,
        receiver: None,
        warehouse_storage: false,
        total_shown: None,
        mode: None,
        tickets: vec![],
    }
}

fn order(wanted: PlaceOrder) -> Command {
    Command::PlaceOrder(Box::new(wanted))
}

fn refund(order: OrderId, lines: Vec<(ProductId, i64)>) -> Command {
    Command::RefundOrder(Box::new(RefundWanted { order, lines, note: None, by_shop: None }))
}

fn campaign(issue_mode: IssueMode, quantity: i64) -> Command {
    Command::CreateCampaign(Box::new(CreateCampaign {
        name: "Drop".into(),
        discount: Discount::Fixed { value: Money::won(100) },
        quantity,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: Timestamp::from_micros(NOON.micros() + DAY_US),
        valid_until: Timestamp::from_micros(NOON.micros() + DAY_US),
        issue_mode,
        queue_key: QueueKey::Campaign,
    }))
}

fn receiver() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}
