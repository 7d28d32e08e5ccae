use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ids::{CampaignId, Code, OrderId, UserId};
use crate::order::{self, Canceller, CouponWanted, Line, Mode, Placement, decide as decide_order, evolve};
use crate::order_saga::{Report, Step};
use crate::pricing::Discount;
use crate::time::Timestamp;

const LAMP: ProductId = ProductId(1);
const DESK: ProductId = ProductId(2);
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

fn ann() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}

fn line(product: ProductId, quantity: i64, unit_price: i64) -> Line {
    Line { product, name: "Thing".into(), quantity, unit_price: Money::won(unit_price) }
}

/// Three lamps of 1,000 won and a desk of 7,001, with a coupon of 300 won and 200 points, to be paid beforehand.
fn placement() -> Placement {
    let wanted = CouponWanted { campaign: CampaignId(7), coupon: None };
    Placement {
        chosen_by: None,
        id: OrderId(1),
        number: Code::from("ORD-1"),
        user: UserId(1),
        mode: Mode::Parallel,
        payment: Payment::Prepaid,
        pay_within: Duration::from_secs(600),
        lines: vec![line(LAMP, 3, 1_000), line(DESK, 1, 7_001)],
        coupon: Some((wanted, Discount::Fixed { value: Money::won(300) })),
        points: Money::won(200),
        total_shown: None,
        receiver: None,
        warehouse_storage: false,
    }
}

fn do_it(order: &mut Option<Order>, command: &order::Command) {
    for event in decide_order(order.as_ref(), command, NOON).unwrap() {
        evolve(order, &event, NOON);
    }
}

/// The order with everything claimed, and after some commands more, each of which must succeed.
#[track_caller]
fn claimed(placement: Placement, commands: &[Command]) -> Order {
    let mut order = None;
    do_it(&mut order, &order::Command::Place(Box::new(placement)));
    let steps: Vec<Step> = order.as_ref().unwrap().created.steps().collect();
    for step in steps {
        do_it(&mut order, &order::Command::Collect { step, report: Report::Completed, at: NOON });
    }
    for command in commands {
        do_it(&mut order, &order::Command::Settle(command.clone()));
    }
    order.unwrap()
}

fn process() -> Command {
    Command::Process { method: None, receiver: Some(ann()), warehouse_storage: false }
}

fn refund(lines: &[(ProductId, i64)]) -> Command {
    Command::Refund { lines: lines.to_vec(), note: None }
}

#[track_caller]
fn check(given: &Order, when: &Command, then: Result<&[Event], Rejection>) {
    assert_eq!(decide(given, when), then.map(<[Event]>::to_vec));
}

/// O-28.
#[test]
fn the_capture_completes_the_order() {
    let order = claimed(placement(), &[Command::Captured]);
    assert_eq!((order.outcome, order.status), (Outcome::Completed, Status::PaymentCompleted));
    assert_eq!(order.pay_before, None);
}

#[test]
fn only_what_is_due_is_paid_and_only_once() {
    let order = claimed(placement(), &[]);
    check(&order, &Command::Pay { shown: Some(Money::won(9_501)) }, Ok(&[]));
    let due = Money::won(9_501);
    check(&order, &Command::Pay { shown: Some(Money::won(9_500)) }, Err(Rejection::AmountMismatch { due }));
    let paid = claimed(placement(), &[Command::Captured]);
    check(&paid, &Command::Pay { shown: None }, Err(Rejection::AlreadyPaid));
    let on_delivery = claimed(Placement { payment: Payment::OnDelivery, ..placement() }, &[]);
    check(&on_delivery, &Command::Pay { shown: None }, Err(Rejection::NotDue));
}

/// S-05, failure mode 33: the reaper is conditional on the state.
#[test]
fn an_order_expires_only_while_it_waits_to_be_paid() {
    let waiting = claimed(placement(), &[]);
    let events = decide(&waiting, &Command::Expire).unwrap();
    let steps = vec![Step::Point, Step::Coupon, Step::Stock(DESK), Step::Stock(LAMP)];
    assert_eq!(events, [Event::CompensationRequired { reason: Reason::PaymentExpired, steps, note: None }]);
    check(&claimed(placement(), &[Command::Captured]), &Command::Expire, Ok(&[]));
}

/// O-33, O-34: both edges of the warehouse in one decision.
#[test]
fn paid_goods_go_to_their_receiver_or_into_the_warehouse() {
    let sent = claimed(placement(), &[process(), Command::Captured]);
    check(&sent, &Command::Dispatch, Ok(&[moved(Status::Preparing)]));
    let stored = Placement { warehouse_storage: true, ..placement() };
    let stored = claimed(stored, &[Command::Captured]);
    check(&stored, &Command::Dispatch, Ok(&[moved(Status::InWarehouse), moved(Status::Completed)]));
    let nowhere = claimed(placement(), &[Command::Captured]);
    check(&nowhere, &Command::Dispatch, Ok(&[]));
}

/// O-35, T14.
#[test]
fn paying_and_sending_in_one_step_happens_once() {
    let asked = claimed(placement(), &[process()]);
    assert!(asked.is_processing && asked.has_destination());
    check(&asked, &process(), Ok(&[]));
    check(&claimed(placement(), &[process(), Command::Captured, Command::Dispatch]), &process(), Ok(&[]));
    let refused = claimed(placement(), &[process(), Command::FailProcessing { code: "insufficient_funds".into() }]);
    assert!(decide(&refused, &process()).is_ok_and(|events| events.len() == 1), "it may be asked for again");
}

#[test]
fn a_paid_order_is_sent_when_somebody_says_where_to() {
    let paid = claimed(placement(), &[Command::Captured]);
    let nobody = Command::Process { method: None, receiver: None, warehouse_storage: false };
    check(&paid, &nobody, Err(Rejection::ReceiverMissing));
    let told = claimed(placement(), &[Command::Captured, process()]);
    assert!(!told.is_processing, "there is nothing to pay");
    check(&told, &Command::Dispatch, Ok(&[moved(Status::Preparing)]));
}

/// P-06: the status goes on only when nothing is left; a part moves goods and money alone.
#[test]
fn a_part_comes_back_and_then_the_rest() {
    let paid = claimed(placement(), &[Command::Captured]);
    let part = claimed(placement(), &[Command::Captured, refund(&[(LAMP, 1)])]);
    assert_eq!((part.status, part.returned(0), part.returned(1)), (Status::PaymentCompleted, 1, 0));
    let whole = claimed(placement(), &[Command::Captured, refund(&[(LAMP, 1)]), refund(&[])]);
    assert_eq!(whole.status, Status::RefundRequested);
    assert_eq!(whole.worth_returned(), Worth { money: paid.created.due, points: paid.created.points });
    check(&whole, &Command::ConfirmRefund, Ok(&[moved(Status::Refunded)]));
    check(&whole, &refund(&[]), Err(Rejection::NotRefundable));
}

#[test]
fn no_more_comes_back_than_was_bought() {
    let paid = claimed(placement(), &[Command::Captured, refund(&[(LAMP, 2)])]);
    for lines in [&[(LAMP, 2)][..], &[(LAMP, 0)], &[(ProductId(9), 1)], &[(LAMP, 1), (LAMP, 1)]] {
        check(&paid, &refund(lines), Err(Rejection::NotThatMuchLeft));
    }
    check(&claimed(placement(), &[]), &refund(&[]), Err(Rejection::NotRefundable));
}

/// A completed order is not made undone: its outcome stays, its status says that it was taken back.
#[test]
fn a_paid_order_is_taken_back_as_a_whole_before_its_goods_leave() {
    let mut paid = Some(claimed(placement(), &[process(), Command::Captured, Command::Dispatch]));
    let due = paid.as_ref().unwrap().created.due;
    let cancel = order::Command::Cancel { by: Canceller::Customer, note: None };
    let events = decide_order(paid.as_ref(), &cancel, NOON).unwrap();
    let [Event::Returned(back), Event::StatusChanged { status: Status::Cancelled, reason, note: None }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((back.money, back.points, back.is_last), (due, Money::won(200), true));
    assert_eq!(*reason, Some(Reason::CancelledByCustomer));
    do_it(&mut paid, &cancel);
    assert_eq!(paid.as_ref().map(|order| order.outcome), Some(Outcome::Completed));
    let shipped =
        [process(), Command::Captured, Command::Dispatch, Command::Follow { status: Status::ShipmentStarted }];
    let shipped = claimed(placement(), &shipped);
    assert_eq!(decide_order(Some(&shipped), &cancel, NOON), Err(Rejection::NotCancellable));
}

#[test]
fn nothing_was_paid_to_the_shop_where_the_customer_pays_on_delivery() {
    let order = claimed(Placement { payment: Payment::OnDelivery, ..placement() }, &[]);
    let events = decide(&order, &refund(&[])).unwrap();
    let Some(Event::Returned(back)) = events.first() else { panic!("{events:?}") };
    assert_eq!((back.money, back.points), (Money::ZERO, Money::won(200)));
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Captured),
        Just(process()),
        Just(Command::FailProcessing { code: "no".into() }),
        Just(Command::Dispatch),
        prop::sample::select(Status::ALL.to_vec()).prop_map(|status| Command::Follow { status }),
        prop::sample::subsequence(vec![(LAMP, 1), (LAMP, 2), (DESK, 1)], 0..3).prop_map(|lines| refund(&lines)),
        Just(Command::ConfirmRefund),
    ]
}

proptest! {
    /// T21, and law 1 in small: whatever is asked, no edge is skipped and no unit comes back twice.
    #[test]
    fn whatever_is_asked_the_status_takes_its_edges_and_no_unit_comes_back_twice(
        commands in prop::collection::vec(any_command(), 0..20),
    ) {
        let mut order = claimed(placement(), &[]);
        let (mut money, mut points) = (Money::ZERO, Money::ZERO);
        for command in commands {
            // The payment is captured once; its own rules see to that.
            if command == Command::Captured && order.outcome != Outcome::AwaitingPayment {
                continue;
            }
            for event in decide(&order, &command).unwrap_or_default() {
                if let Event::Returned(back) = &event {
                    money += back.money;
                    points += back.points;
                }
                let mut after = Some(order.clone());
                evolve(&mut after, &event, NOON);
                order = after.unwrap();
            }
            let created = &order.created;
            prop_assert!(created.lines.iter().enumerate().all(|(place, line)| order.returned(place) <= line.quantity));
            prop_assert_eq!(order.worth_returned(), Worth { money, points });
            prop_assert!(money <= created.due && points <= created.points);
            prop_assert_eq!(order.is_all_returned(), (money, points) == (created.due, created.points));
        }
    }
}
