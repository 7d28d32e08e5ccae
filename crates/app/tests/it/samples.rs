//! One event of each kind, and one more where a field may be absent.

use std::sync::Arc;

use app::events::event::{
    CampaignChanged, CampaignCreated, CompensationCompleted, CompensationRequired, CompensationResolved,
    CompensationResumed, CouponIssued, CouponRequest, CouponRequested, CouponRestoration, CouponResult, CouponUsed,
    DelayedProcessing, Event, ModeChanged, OrderAwaitingPayment, OrderCancelled, OrderCompleted, OrderCreated,
    OrderNote, PointRequest, PointRestoration, PointsCharged, PriceChanged, ProductDescribed, ProductRegistered,
    ProductRestocked, ProductSoldOut, ProductStatusChanged, RestorationType, ResultCode, Sold, StockAdjusted,
    StockRequest, StockRestoration,
};
use app::log::reactions::{Moved, report_event};
use app::state::rows::Details;
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, DropId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::{Report, Step};
use domain::order::{Choice, Line, Mode, Payment, Rule, Status as OrderStatus};
use domain::pricing::Discount;
use domain::reason::Reason;
use domain::stock::Status;
use domain::time::Timestamp;

const ANN: UserId = UserId(42);
const LAMP: ProductId = ProductId(3);
const DROP: CampaignId = CampaignId(7);
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
/// A time with all digits of a microsecond.
const LATER: Timestamp = Timestamp::from_micros(1_795_262_400_123_456);

pub(crate) fn samples() -> Vec<Event> {
    let fulfilment = crate::fulfilment_samples::samples();
    let outside = crate::outside_samples::samples();
    [orders(), steps(), compensations(), restorations(), coupons(), campaigns(), products(), fulfilment, outside]
        .concat()
}

fn order() -> Code {
    Code::from("ORD-4F7K2M9Q")
}

fn coupon() -> Code {
    Code::from("UC-7Q2M4F9K")
}

fn request() -> Code {
    Code::from("req-9K4F7Q2M")
}

fn created() -> OrderCreated {
    OrderCreated {
        order_id: order(),
        user_id: ANN,
        mode: Mode::Parallel,
        chosen_by: None,
        payment: Payment::Prepaid,
        pay_within_seconds: 600,
        items: vec![Line {
            product: LAMP,
            name: "Lamp".into(),
            quantity: 2,
            unit_price: Money::won(1_000),
            drop: None,
        }],
        coupon_id: None,
        user_coupon_id: None,
        total_price: Money::won(2_000),
        discount_price: Money::ZERO,
        points_used: Money::ZERO,
        amount_due: Money::won(2_000),
        warehouse_storage: false,
        total_steps: 1,
        created_at: NOON,
    }
}

fn orders() -> Vec<Event> {
    let with_everything = OrderCreated {
        mode: Mode::Sequential,
        chosen_by: Some(Rule::Gradual),
        items: vec![Line { drop: Some(DropId(5)), ..created().items[0].clone() }],
        payment: Payment::OnDelivery,
        coupon_id: Some(DROP),
        user_coupon_id: Some(coupon()),
        discount_price: Money::won(300),
        points_used: Money::won(200),
        amount_due: Money::won(1_500),
        warehouse_storage: true,
        total_steps: 3,
        ..created()
    };
    let completed = OrderCompleted {
        order_id: order(),
        order_number: order(),
        user_id: ANN,
        products: vec![Sold { id: LAMP, qty: 2 }],
        total_amount: Money::won(2_000),
        discount_amount: Money::won(300),
        points_used: Money::won(200),
        paid_amount: Money::won(1_500),
        amount_due: Money::won(1_500),
        status: Some(OrderStatus::PaymentCompleted),
        order_created_at: NOON,
        completed_at: LATER,
    };
    vec![
        Event::OrderCreated(created()),
        Event::OrderCreated(with_everything),
        Event::OrderAwaitingPayment(OrderAwaitingPayment {
            order_id: order(),
            user_id: ANN,
            amount_due: Money::won(2_000),
            pay_before: LATER,
            products: vec![Sold { id: LAMP, qty: 2 }],
        }),
        // As older versions wrote it.
        Event::OrderAwaitingPayment(OrderAwaitingPayment {
            order_id: order(),
            user_id: ANN,
            amount_due: Money::won(2_000),
            pay_before: LATER,
            products: vec![],
        }),
        // As older versions wrote it, without the status.
        Event::OrderCompleted(OrderCompleted { status: None, ..completed.clone() }),
        Event::OrderCompleted(completed),
        Event::OrderCancelled(OrderCancelled {
            order_id: order(),
            user_id: ANN,
            reason: Reason::StockExhausted,
            cancel_reason: None,
        }),
        Event::OrderCancelled(OrderCancelled {
            order_id: order(),
            user_id: ANN,
            reason: Reason::CancelledByCustomer,
            cancel_reason: Some("ordered twice".into()),
        }),
    ]
}

fn steps() -> Vec<Event> {
    let mut events = vec![
        Event::StockDeductionRequested(StockRequest { order_id: order(), product_id: LAMP, quantity: 2 }),
        Event::CouponUsageRequested(CouponRequest {
            order_id: order(),
            user_id: ANN,
            coupon_id: DROP,
            user_coupon_id: None,
        }),
        Event::CouponUsageRequested(CouponRequest {
            order_id: order(),
            user_id: ANN,
            coupon_id: DROP,
            user_coupon_id: Some(coupon()),
        }),
        Event::PointDeductionRequested(PointRequest { order_id: order(), user_id: ANN, points: Money::won(200) }),
    ];
    let refusals = [Reason::StockExhausted, Reason::CouponNotUsable, Reason::PointsInsufficient];
    for (step, reason) in [Step::Stock(LAMP), Step::Coupon, Step::Point].into_iter().zip(refusals) {
        for report in [Report::Completed, Report::Failed(reason), Report::Restored] {
            events.push(report_event(step, report, Moved::Nothing, order()));
        }
    }
    for report in [Report::Completed, Report::Restored] {
        for (step, moved) in [
            (Step::Stock(LAMP), Moved::Units(2)),
            (Step::Point, Moved::Points(ANN, Money::won(200))),
            (Step::Coupon, Moved::Coupon(ANN, coupon(), DROP)),
        ] {
            events.push(report_event(step, report, moved, order()));
        }
    }
    events
}

fn compensations() -> Vec<Event> {
    let steps = vec![Step::Point, Step::Coupon, Step::Stock(LAMP)];
    let reason = Reason::StepTimedOut;
    vec![
        Event::CompensationRequired(CompensationRequired {
            order_id: order(),
            reason,
            steps: steps.clone(),
            cancel_reason: None,
            in_turn: false,
        }),
        Event::CompensationRequired(CompensationRequired {
            order_id: order(),
            reason: Reason::CancelledByCustomer,
            steps: steps.clone(),
            cancel_reason: Some("ordered twice".into()),
            in_turn: true,
        }),
        Event::CompensationCompleted(CompensationCompleted { order_id: order(), reason }),
        Event::CompensationStuck(OrderNote {
            order_id: order(),
            user_id: Some(ANN),
            status: Some(OrderStatus::PendingPayment),
        }),
        Event::CompensationStuck(OrderNote { order_id: order(), user_id: None, status: None }),
        Event::CompensationResumed(CompensationResumed { order_id: order(), steps: steps.clone() }),
        Event::DelayedProcessing(DelayedProcessing { order_id: order(), step: Step::Stock(LAMP), ask_again_at: NOON }),
        Event::CompensationResolved(CompensationResolved {
            order_id: order(),
            resolved_by: ANN,
            reason: "counted by hand".into(),
            steps,
        }),
    ]
}

fn restorations() -> Vec<Event> {
    vec![
        Event::StockRestorationRequired(StockRestoration {
            order_id: order(),
            product_id: LAMP,
            quantity: 2,
            event_type: RestorationType::StockRestorationRequired,
            timestamp: NOON,
        }),
        Event::CouponRestorationRequired(CouponRestoration {
            order_id: order(),
            user_id: ANN,
            coupon_id: DROP,
            event_type: RestorationType::CouponRestorationRequired,
            timestamp: NOON,
        }),
        Event::PointRestorationRequired(PointRestoration {
            order_id: order(),
            user_id: ANN,
            points: Money::won(200),
            event_type: RestorationType::PointRestorationRequired,
            timestamp: NOON,
        }),
    ]
}

fn coupons() -> Vec<Event> {
    let result = CouponResult {
        request_id: request(),
        user_id: ANN,
        coupon_id: DROP,
        queue_key: QueueKey::User,
        success: true,
        result_code: ResultCode::Success,
        message: ResultCode::Success.message().into(),
        coupon_history_id: Some(coupon()),
        issue_number: Some(1),
        processed_at: LATER,
        processing_time_ms: 123,
    };
    let refused = CouponResult {
        queue_key: QueueKey::Campaign,
        success: false,
        result_code: ResultCode::OutOfStock,
        message: ResultCode::OutOfStock.message().into(),
        coupon_history_id: None,
        issue_number: None,
        ..result.clone()
    };
    let asked = CouponRequested {
        request_id: request(),
        user_id: ANN,
        coupon_id: DROP,
        queue_key: QueueKey::User,
        requested_at: NOON,
    };
    vec![
        Event::CouponRequested(asked.clone()),
        Event::CouponRequested(CouponRequested { queue_key: QueueKey::Campaign, ..asked }),
        Event::CouponResult(result),
        Event::CouponResult(refused),
        Event::CouponIssued(issued(None)),
        Event::CouponIssued(issued(Some(request()))),
        Event::CouponUsed(CouponUsed {
            user_coupon_id: coupon(),
            user_id: ANN,
            coupon_id: None,
            order_id: order(),
            discount_amount: Money::won(300),
            used_at: LATER,
        }),
        Event::CouponUsed(CouponUsed {
            user_coupon_id: coupon(),
            user_id: ANN,
            coupon_id: Some(DROP),
            order_id: order(),
            discount_amount: Money::won(300),
            used_at: LATER,
        }),
        Event::PointsCharged(PointsCharged { user_id: ANN, amount: Money::won(500), balance: Money::won(700) }),
    ]
}

fn issued(request_id: Option<Code>) -> CouponIssued {
    CouponIssued {
        user_coupon_id: coupon(),
        user_id: ANN,
        coupon_id: DROP,
        coupon_name: "Drop".into(),
        issue_number: 1,
        request_id,
        issued_at: NOON,
    }
}

fn campaigns() -> Vec<Event> {
    let fixed = CampaignCreated {
        coupon_id: DROP,
        name: "Drop".into(),
        discount: Discount::Fixed { value: Money::won(300) },
        total_quantity: 1_000,
        max_issue_per_user: 1,
        issue_mode: IssueMode::Direct,
        queue_key: None,
        issue_starts_at: NOON,
        issue_ends_at: LATER,
        valid_until: LATER,
    };
    let percent = |max_amount| CampaignCreated {
        discount: Discount::Percent { value: 10, max_amount },
        issue_mode: IssueMode::Queued,
        queue_key: Some(QueueKey::User),
        ..fixed.clone()
    };
    vec![
        Event::CampaignCreated(percent(None)),
        Event::CampaignCreated(percent(Some(Money::won(5_000)))),
        Event::CampaignCreated(fixed),
        Event::CampaignChanged(CampaignChanged {
            coupon_id: DROP,
            paused: true,
            total_quantity: 2_000,
            issue_ends_at: LATER,
        }),
    ]
}

fn products() -> Vec<Event> {
    let price = Money::won(1_000);
    vec![
        Event::ProductRegistered(ProductRegistered {
            product_id: LAMP,
            name: "Lamp".into(),
            price,
            stock: 5,
            details: Details::default(),
        }),
        Event::ProductRegistered(ProductRegistered {
            product_id: LAMP,
            name: "Lamp".into(),
            price,
            stock: 5,
            details: details(),
        }),
        Event::ProductDescribed(ProductDescribed { product_id: LAMP, details: Details::default() }),
        Event::ProductDescribed(ProductDescribed { product_id: LAMP, details: details() }),
        Event::ProductSoldOut(ProductSoldOut { product_id: LAMP }),
        Event::ProductRestocked(ProductRestocked { product_id: LAMP, available: 2 }),
        Event::PriceChanged(PriceChanged { product_id: LAMP, price }),
        Event::ProductStatusChanged(ProductStatusChanged { product_id: LAMP, status: Status::Paused }),
        Event::ModeChanged(mode_changed(Some(ANN))),
        Event::ModeChanged(mode_changed(None)),
        Event::StockAdjusted(StockAdjusted { product_id: LAMP, delta: -2, reason: "broken".into(), on_hand: 3 }),
    ]
}

fn details() -> Details {
    let attributes = serde_json::json!({"color": "white", "watts": 9});
    Details {
        sku: Some("LAMP-1".into()),
        external_id: Some("erp-77".into()),
        description: Some("Warm light.".into()),
        image_url: Some("https://images.example.com/lamp.png".into()),
        attributes: attributes.as_object().cloned().map(Arc::new),
    }
}

fn mode_changed(changed_by: Option<UserId>) -> ModeChanged {
    ModeChanged {
        version: 3,
        from: Choice::Sequential,
        from_percent: 0,
        to: Choice::Gradual,
        to_percent: 10,
        changed_by,
        reason: "a tenth of the users, to see".into(),
        changed_at: NOON,
    }
}
