//! Samples of events for external consumers only.

use app::events::event::{
    AlertCleared, AlertRaised, DeadLettered, DropChanged, DropCreated, DropMoment, Event, PointsMoved,
    ProductPutIntoDrop, ProductTakenOutOfDrop, StockMoved, StockMovement, WebhookDisabled,
};
use domain::alert::{Code as AlertCode, Measure, Severity};
use domain::drops::{Offer, Prequeue, WaitingRoom};
use domain::ids::{AlertId, Code, DropId, ProductId, UserId, WebhookId};
use domain::money::Money;
use domain::time::Timestamp;

const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

pub(crate) fn samples() -> Vec<Event> {
    [stock_and_points(), operations(), drops()].concat()
}

fn drops() -> Vec<Event> {
    let (drop_id, product) = (DropId(5), ProductId(3));
    let limited = DropCreated {
        drop_id,
        name: "Saturday".into(),
        starts_at: NOON,
        ends_at: Timestamp::from_micros(NOON.micros() + 3_600_000_000),
        products: vec![Offer { product, per_customer: Some(2) }],
        per_customer: Some(3),
        per_payment_method: Some(2),
        waiting_room: Some(WaitingRoom { admit_per_second: 50, hold_seconds: 300, prequeue: Prequeue::Shuffle }),
        seed_commitment: Some("a".repeat(64)),
    };
    let plain = DropCreated {
        products: vec![Offer { product, per_customer: None }],
        per_customer: None,
        per_payment_method: None,
        waiting_room: None,
        seed_commitment: None,
        ..limited.clone()
    };
    let moment = DropMoment { drop_id, name: "Saturday".into(), at: NOON };
    vec![
        Event::ProductPutIntoDrop(ProductPutIntoDrop { product_id: product, drop_id }),
        Event::ProductTakenOutOfDrop(ProductTakenOutOfDrop { product_id: product, drop_id }),
        Event::DropCreated(limited),
        Event::DropCreated(plain),
        Event::DropChanged(DropChanged { drop_id, paused: true, ends_at: NOON, admit_per_second: Some(50) }),
        Event::DropChanged(DropChanged { drop_id, paused: true, ends_at: NOON, admit_per_second: None }),
        Event::DropOpened(moment.clone()),
        Event::DropSoldOut(moment.clone()),
        Event::DropClosed(moment),
    ]
}

fn stock_and_points() -> Vec<Event> {
    let order = || Some(Code::from("ORD-4F7K2M9Q"));
    let sold = StockMoved {
        product_id: ProductId(3),
        movement: StockMovement::Sold,
        quantity: 2,
        on_hand_change: -2,
        reserved_change: -2,
        sold_change: 2,
        order_id: order(),
        reason: None,
        moved_at: NOON,
    };
    let written_off = StockMoved {
        movement: StockMovement::WrittenOff,
        reserved_change: 0,
        sold_change: 0,
        order_id: None,
        reason: Some("broken".into()),
        ..sold.clone()
    };
    let charged = PointsMoved {
        user_id: UserId(42),
        entry: "CHARGED".into(),
        amount: Money::won(500),
        change: 500,
        order_id: None,
        moved_at: NOON,
    };
    let deducted = PointsMoved { entry: "DEDUCTED".into(), change: -500, order_id: order(), ..charged.clone() };
    vec![
        Event::StockMoved(sold),
        Event::StockMoved(written_off),
        Event::PointsMoved(charged),
        Event::PointsMoved(deducted),
    ]
}

fn operations() -> Vec<Event> {
    vec![
        Event::DeadLettered(DeadLettered {
            letter_id: 17,
            group: "notice-group".into(),
            topic: "coupon-issued".into(),
            partition: 3,
            offset: 41,
            event_id: "0192f3a1-7bcd-7000-8000-000000000001".into(),
            key: "42".into(),
            kind: "CouponIssued".into(),
            payload: "{\"userCouponId\":".into(),
            attempts: 4,
            error: "a constraint".into(),
            first_failed_at: NOON,
            occurred_at: NOON,
        }),
        Event::WebhookDisabled(disabled("FAILING", Some(NOON))),
        Event::WebhookDisabled(disabled("GONE", None)),
        Event::AlertRaised(raised(AlertCode::ErrorRate, Some("shop-1"), 7.25)),
        Event::AlertRaised(raised(AlertCode::PaymentStuck, None, 1.0)),
        Event::AlertCleared(cleared(Some("notice-group"))),
        Event::AlertCleared(cleared(None)),
    ]
}

fn disabled(reason: &str, failing_since: Option<Timestamp>) -> WebhookDisabled {
    WebhookDisabled {
        webhook_id: WebhookId(4),
        url: "https://example.com/hooks".into(),
        reason: reason.into(),
        failing_since,
        disabled_at: NOON,
    }
}

fn raised(code: AlertCode, subject: Option<&str>, value: f64) -> AlertRaised {
    let threshold = if value.fract() == 0.0 { 0.0 } else { 2.5 };
    AlertRaised {
        alert_id: AlertId(1),
        code,
        severity: Severity::Critical,
        subject: subject.map(Into::into),
        value: Measure::of(value),
        threshold: Measure::of(threshold),
        since: NOON,
    }
}

fn cleared(subject: Option<&str>) -> AlertCleared {
    AlertCleared {
        alert_id: AlertId(1),
        code: AlertCode::DlqOpen,
        severity: Severity::Critical,
        subject: subject.map(Into::into),
        value: Measure::of(if subject.is_some() { 2.0 } else { 7.25 }),
        threshold: Measure::of(if subject.is_some() { 0.0 } else { 2.5 }),
        since: NOON,
        cleared_at: NOON,
    }
}
