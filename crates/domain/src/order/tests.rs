use proptest::prelude::*;

use std::time::Duration;

use crate::ids::{CampaignId, Code, OrderId, ProductId};
use crate::limits::QUANTITY_MAX;
use crate::money::Money;
use crate::order::*;
use crate::pricing::Discount;

const ANN: UserId = UserId(1);
const LAMP: ProductId = ProductId(1);
const DESK: ProductId = ProductId(2);
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);
const LATER: Timestamp = Timestamp::from_micros(43_260_000_000);
const LAMP_STOCK: Step = Step::Stock(LAMP);

fn line(product: ProductId, quantity: i64, unit_price: i64) -> Line {
    Line { product, name: "Thing".into(), quantity, unit_price: Money::won(unit_price), drop: None }
}

/// One lamp of 1,000 won, prepaid.
fn placement() -> Placement {
    Placement {
        id: OrderId(1),
        number: Code::from("ORD-1"),
        user: ANN,
        mode: Mode::Parallel,
        chosen_by: None,
        payment: Payment::Prepaid,
        pay_within: Duration::from_secs(600),
        lines: vec![line(LAMP, 1, 1_000)],
        coupon: None,
        points: Money::ZERO,
        total_shown: None,
        receiver: None,
        warehouse_storage: false,
    }
}

/// The same with a coupon of 300 won and 200 points.
fn with_everything() -> Placement {
    let wanted = CouponWanted { campaign: CampaignId(7), coupon: None };
    let coupon = Some((wanted, Discount::Fixed { value: Money::won(300) }));
    Placement { coupon, points: Money::won(200), ..placement() }
}

fn place_it(placement: Placement) -> Result<Vec<Event>, Rejection> {
    decide(None, &Command::Place(Box::new(placement)), NOON)
}

/// The order after its placement and some commands, each of which must succeed.
#[track_caller]
fn after(placement: Placement, commands: &[Command]) -> Order {
    let mut order = None;
    for event in place_it(placement).unwrap() {
        evolve(&mut order, &event, NOON);
    }
    for command in commands {
        for event in decide(order.as_ref(), command, LATER).unwrap() {
            evolve(&mut order, &event, LATER);
        }
    }
    order.unwrap()
}

const fn reported(step: Step, report: Report) -> Command {
    Command::Collect { step, report, at: NOON }
}

const fn completed(step: Step) -> Command {
    reported(step, Report::Completed)
}

const fn failed(step: Step, reason: Reason) -> Command {
    reported(step, Report::Failed(reason))
}

const fn restored(step: Step) -> Command {
    reported(step, Report::Restored)
}

const CANCEL: Command = Command::Cancel { by: Canceller::Customer, note: None };

/// Checks the decision, without the report that is only folded.
#[track_caller]
fn check(given: &Order, when: &Command, then: Result<&[Event], Rejection>) {
    let answer = decide(Some(given), when, LATER).map(|mut events| {
        events.retain(|event| !matches!(event, Event::Reported { .. }));
        events
    });
    assert_eq!(answer, then.map(<[Event]>::to_vec));
}

/// O-02.
#[test]
fn an_order_starts_pending_with_everything_priced() {
    let order = after(with_everything(), &[]);
    let created = &order.created;
    assert_eq!((order.outcome, order.status, order.version), (Outcome::Pending, Status::Created, 1));
    assert_eq!(created.total, Money::won(1_000));
    assert_eq!(created.discount, Money::won(300));
    assert_eq!(created.points, Money::won(200));
    assert_eq!(created.due, Money::won(500));
}

/// O-03, O-04, T1.
#[test]
fn an_order_has_a_step_for_each_product_and_one_each_for_coupon_and_points() {
    let two_products = Placement { lines: vec![line(LAMP, 1, 1_000), line(DESK, 1, 10)], ..with_everything() };
    let order = after(two_products, &[]);
    let steps: Vec<Step> = order.created.steps().collect();
    assert_eq!(steps, [LAMP_STOCK, Step::Stock(DESK), Step::Coupon, Step::Point]);
    assert_eq!(order.total_steps(), 3);
    assert_eq!(after(placement(), &[]).total_steps(), 1);
}

#[test]
fn a_discount_above_the_total_leaves_nothing_to_pay() {
    let wanted = CouponWanted { campaign: CampaignId(7), coupon: None };
    let coupon = Some((wanted, Discount::Fixed { value: Money::won(5_000) }));
    let order = after(Placement { coupon, ..placement() }, &[]);
    assert_eq!((order.created.discount, order.created.due), (Money::won(1_000), Money::ZERO));
}

/// T29: the client's figure is only compared.
#[test]
fn another_total_than_the_customer_was_shown_is_refused() {
    let shown = |total| place_it(Placement { total_shown: Some(Money::won(total)), ..with_everything() });
    assert_eq!(shown(999), Err(Rejection::PriceChanged { total: Money::won(1_000) }));
    assert!(shown(1_000).is_ok());
}

#[test]
fn a_changed_price_is_rejected_before_points_are_checked() {
    let both = Placement { total_shown: Some(Money::won(1)), points: Money::won(9_999), ..placement() };
    assert_eq!(place_it(both), Err(Rejection::PriceChanged { total: Money::won(1_000) }));
}

#[test]
fn points_above_what_is_left_to_pay_are_refused() {
    let refused = place_it(Placement { points: Money::won(701), ..with_everything() });
    assert_eq!(refused, Err(Rejection::PointsAbovePayable { payable: Money::won(700) }));
}

#[test]
fn lines_of_one_product_are_added_up_in_the_order_of_first_mention() {
    let merged = merge_lines([(DESK, 1), (LAMP, 2), (DESK, 3)]);
    assert_eq!(merged, [(DESK, 4), (LAMP, 2)]);
    assert_eq!(merge_lines([(LAMP, i64::MAX), (LAMP, 1)]), [(LAMP, i64::MAX)]);
}

#[test]
fn a_claimed_order_awaits_payment() {
    let order = after(placement(), &[]);
    let pay_before = LATER + Duration::from_secs(600);
    check(&order, &completed(LAMP_STOCK), Ok(&[Event::AwaitingPayment { pay_before }]));
    let claimed = after(placement(), &[completed(LAMP_STOCK)]);
    assert_eq!((claimed.outcome, claimed.status), (Outcome::AwaitingPayment, Status::PendingPayment));
    assert_eq!(claimed.pay_before, Some(pay_before));
}

/// O-10.
#[test]
fn a_claimed_order_with_nothing_due_is_complete() {
    let paid = Placement { points: Money::won(1_000), ..placement() };
    let order = after(paid, &[completed(Step::Point), completed(LAMP_STOCK)]);
    assert_eq!((order.outcome, order.status), (Outcome::Completed, Status::PaymentCompleted));
}

#[test]
fn an_order_paid_on_delivery_is_complete_once_claimed() {
    let order = after(Placement { payment: Payment::OnDelivery, ..placement() }, &[completed(LAMP_STOCK)]);
    assert_eq!((order.outcome, order.status), (Outcome::Completed, Status::Preparing));
}

/// O-11, O-12: once all steps have reported, what was claimed is restored.
#[test]
fn a_failed_step_restores_what_the_others_claimed() {
    let order = after(with_everything(), &[completed(LAMP_STOCK), completed(Step::Point)]);
    let reason = Reason::CouponNotUsable;
    let steps = vec![Step::Point, LAMP_STOCK];
    check(&order, &failed(Step::Coupon, reason), Ok(&[Event::CompensationRequired { reason, steps, note: None }]));
}

#[test]
fn an_order_without_claims_is_cancelled_at_once() {
    let reason = Reason::StockExhausted;
    check(&after(placement(), &[]), &failed(LAMP_STOCK, reason), Ok(&[Event::Cancelled { reason, note: None }]));
}

/// O-14.
#[test]
fn when_everything_is_restored_the_order_is_cancelled() {
    let short = failed(Step::Coupon, Reason::CouponNotUsable);
    let order = after(with_everything(), &[completed(LAMP_STOCK), completed(Step::Point), short]);
    check(&order, &restored(LAMP_STOCK), Ok(&[]));
    let given_back = [restored(Step::Point), restored(LAMP_STOCK)];
    let mut order = Some(order);
    for command in &given_back {
        for event in decide(order.as_ref(), command, LATER).unwrap() {
            evolve(&mut order, &event, LATER);
        }
    }
    let order = order.unwrap();
    assert_eq!((order.outcome, order.status), (Outcome::Cancelled, Status::Cancelled));
    assert_eq!(order.reason, Some(Reason::CouponNotUsable));
}

/// T2, T3: an unreported step may hold a claim.
#[test]
fn a_timeout_restores_claimed_and_unreported_steps() {
    let order = after(with_everything(), &[completed(LAMP_STOCK)]);
    let steps = vec![Step::Point, Step::Coupon, LAMP_STOCK];
    let reason = Reason::StepTimedOut;
    check(&order, &Command::GiveUp, Ok(&[Event::CompensationRequired { reason, steps, note: None }]));
}

#[test]
fn a_timeout_after_a_failed_step_reports_that_failure() {
    let order = after(with_everything(), &[failed(Step::Coupon, Reason::CouponNotUsable)]);
    let steps = vec![Step::Point, LAMP_STOCK];
    let reason = Reason::CouponNotUsable;
    check(&order, &Command::GiveUp, Ok(&[Event::CompensationRequired { reason, steps, note: None }]));
}

#[test]
fn a_customer_may_cancel_an_order_that_is_not_complete() {
    let reason = Reason::CancelledByCustomer;
    let required = [Event::CompensationRequired { reason, steps: vec![LAMP_STOCK], note: None }];
    check(&after(placement(), &[]), &CANCEL, Ok(&required));
    check(&after(placement(), &[completed(LAMP_STOCK)]), &CANCEL, Ok(&required));
}

#[test]
fn a_cancelled_or_compensating_order_is_not_cancellable() {
    let compensating = after(placement(), &[CANCEL]);
    let cancelled = after(placement(), &[CANCEL, restored(LAMP_STOCK)]);
    let stuck = after(placement(), &[CANCEL, Command::Stick]);
    for order in [compensating, cancelled, stuck] {
        check(&order, &CANCEL, Err(Rejection::NotCancellable));
    }
}

#[test]
fn a_claim_that_completes_while_restoring_is_still_restored() {
    let order = after(placement(), &[CANCEL, completed(LAMP_STOCK)]);
    assert_eq!(order.outcome, Outcome::Compensating);
    let reason = Reason::CancelledByCustomer;
    check(&order, &restored(LAMP_STOCK), Ok(&[Event::Cancelled { reason, note: None }]));
}

#[test]
fn a_stuck_order_is_resumed_with_its_outstanding_steps() {
    let order = after(with_everything(), &[CANCEL, restored(Step::Coupon), Command::Stick]);
    assert_eq!(order.outcome, Outcome::CompensationStuck);
    let steps = vec![Step::Point, LAMP_STOCK];
    check(&order, &Command::Resume, Ok(&[Event::CompensationResumed { steps }]));
}

#[test]
fn a_late_restoration_ends_a_stuck_compensation() {
    let order = after(placement(), &[CANCEL, Command::Stick]);
    let reason = Reason::CancelledByCustomer;
    check(&order, &restored(LAMP_STOCK), Ok(&[Event::Cancelled { reason, note: None }]));
}

#[test]
fn only_a_stuck_order_is_resumed() {
    for order in [after(placement(), &[]), after(placement(), &[CANCEL])] {
        check(&order, &Command::Resume, Err(Rejection::NotStuck));
    }
}

#[test]
fn late_timers_change_nothing() {
    let on_delivery = Placement { payment: Payment::OnDelivery, ..placement() };
    let complete = after(on_delivery, &[completed(LAMP_STOCK)]);
    let awaiting = after(placement(), &[completed(LAMP_STOCK)]);
    for order in [complete, awaiting] {
        check(&order, &Command::GiveUp, Ok(&[]));
        check(&order, &Command::Stick, Ok(&[]));
    }
}

/// O-16: in every state of an order, a report that was collected once is not collected again.
#[test]
fn a_repeated_report_changes_nothing() {
    for history in histories() {
        for (last, before) in (0..history.len()).map(|end| (&history[end], &history[..=end])) {
            if let Command::Collect { .. } = last {
                let order = after(with_everything(), before);
                assert_eq!(decide(Some(&order), last, LATER), Ok(vec![]), "{before:?}");
            }
        }
    }
}

/// O-25: the version counts the order's own events, without gap.
#[test]
fn every_event_of_the_order_moves_its_version_by_one() {
    for history in histories() {
        let mut order = Some(after(with_everything(), &[]));
        for command in &history {
            for event in decide(order.as_ref(), command, LATER).unwrap() {
                let before = order.as_ref().unwrap().version;
                evolve(&mut order, &event, LATER);
                let is_of_the_saga =
                    matches!(event, Event::Reported { .. } | Event::Asked { .. } | Event::AskedBack { .. });
                let step = i64::from(!is_of_the_saga);
                assert_eq!(order.as_ref().unwrap().version, before + step);
            }
        }
    }
}

/// One history for each outcome of an order with three steps.
fn histories() -> Vec<Vec<Command>> {
    let claims = [completed(Step::Coupon), completed(LAMP_STOCK), completed(Step::Point)];
    let restorations = [restored(Step::Coupon), restored(LAMP_STOCK), restored(Step::Point)];
    let short = [claims[0].clone(), claims[1].clone(), failed(Step::Point, Reason::PointsInsufficient)];
    vec![
        claims.to_vec(),
        [&claims[..], &[CANCEL], &restorations].concat(),
        [&short[..], &restorations[..2]].concat(),
        [&[CANCEL], &claims[..], &restorations].concat(),
        [&[Command::GiveUp, Command::Stick, Command::Resume], &restorations[..]].concat(),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let steps = prop_oneof![Just(LAMP_STOCK), Just(Step::Coupon), Just(Step::Point)];
    let reports = prop_oneof![
        3 => Just(Report::Completed),
        1 => Just(Report::Failed(Reason::StockExhausted)),
        2 => Just(Report::Restored),
    ];
    prop_oneof![
        12 => (steps, reports).prop_map(|(step, report)| reported(step, report)),
        1 => Just(CANCEL),
        1 => Just(Command::GiveUp),
        1 => Just(Command::Stick),
        1 => Just(Command::Resume),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_an_outcome_is_final(commands in prop::collection::vec(any_command(), 0..40)) {
        let on_delivery = Placement { payment: Payment::OnDelivery, ..with_everything() };
        let mut order = Some(after(on_delivery, &[]));
        for command in &commands {
            let before = order.clone().unwrap();
            for event in decide(order.as_ref(), command, LATER).unwrap_or_default() {
                evolve(&mut order, &event, LATER);
            }
            let now = order.as_ref().unwrap();
            if before.outcome.is_final() {
                prop_assert_eq!(now.outcome, before.outcome);
                prop_assert!(now.status == before.status || before.status.can_become(now.status));
            }
            if now.outcome == Outcome::Cancelled {
                prop_assert_eq!(now.saga.to_restore().next(), None);
            }
            if now.outcome == Outcome::Completed {
                prop_assert!(now.saga.steps.iter().all(|record| record.state == crate::order::saga::StepState::Completed));
            }
        }
    }

    #[test]
    fn merging_keeps_every_unit_and_names_each_product_once(
        lines in prop::collection::vec((0..5_i64, 1..100_i64), 0..20),
    ) {
        let merged = merge_lines(lines.iter().map(|(product, quantity)| (ProductId(*product), *quantity)));
        let total = |lines: &[(ProductId, i64)]| lines.iter().map(|(_, quantity)| quantity).sum::<i64>();
        prop_assert_eq!(total(&merged), lines.iter().map(|(_, quantity)| quantity).sum::<i64>());
        let mut products: Vec<_> = merged.iter().map(|(product, _)| *product).collect();
        products.sort_unstable();
        products.dedup();
        prop_assert_eq!(products.len(), merged.len());
    }
}

#[test]
fn limits_hold_for_all_lines_together() {
    let units = Placement { lines: vec![line(LAMP, QUANTITY_MAX + 1, 1)], ..placement() };
    assert_eq!(place_it(units), Err(Rejection::TooManyUnits { product: LAMP }));
    let dear = (1..=10).map(|product| line(ProductId(product), QUANTITY_MAX, 10_000_000_000)).collect();
    assert_eq!(place_it(Placement { lines: dear, ..placement() }), Err(Rejection::TotalTooLarge));
    let wanted = CouponWanted { campaign: CampaignId(7), coupon: None };
    let coupon = Some((wanted, Discount::Percent { value: 1, max_amount: None }));
    let worthless = Placement { lines: vec![line(LAMP, 1, 99)], coupon, ..placement() };
    assert_eq!(place_it(worthless), Err(Rejection::CouponWorthless));
}
