use std::time::Duration;

use proptest::prelude::*;

use crate::ids::{CampaignId, Code, OrderId, UserId};
use crate::order::fulfilment::*;
use crate::order::saga::{Report, Step};
use crate::order::{self, Canceller, CouponWanted, Line, Mode, Payment, Placement, decide as decide_order, evolve};
use crate::pricing::Discount;
use crate::refund::Worth;
use crate::time::Timestamp;

const LAMP: ProductId = ProductId(1);
const DESK: ProductId = ProductId(2);
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

fn ann() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}

fn line(product: ProductId, quantity: i64, unit_price: i64) -> Line {
    Line { product, name: "Thing".into(), quantity, unit_price: Money::won(unit_price), drop: None }
}

/// Three lamps of 1,000 won and a desk of 7,001, with a coupon of 300 won and 200 points, prepaid.
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

/// The order with everything claimed and after further commands, each of which must succeed.
#[track_caller]
fn claimed(placement: Placement, commands: &[Command]) -> Order {
    let mut order = None;
    do_it(&mut order, &order::Command::Place(Box::new(placement)));
    let steps: Vec<Step> = order.as_ref().unwrap().created.steps().collect();
    for step in steps {
        do_it(&mut order, &order::Command::Collect { step, report: Report::Completed, at: NOON });
    }
    for command in commands {
        do_it(&mut order, &order::Command::Fulfil(command.clone()));
    }
    order.unwrap()
}

fn process() -> Command {
    Command::Process { method: None, receiver: Some(ann()), warehouse_storage: Some(false) }
}

fn refund(lines: &[(ProductId, i64)]) -> Command {
    asked_back(lines, Whereabouts::InHouse)
}

fn asked_back(lines: &[(ProductId, i64)], goods: Whereabouts) -> Command {
    Command::Refund { lines: lines.to_vec(), note: Some("it does not fit".into()), goods, by_shop: None }
}

/// A paid, shipped and delivered order.
fn delivered(commands: &[Command]) -> Order {
    let follow = |status| Command::Follow { status };
    let way = [Status::ShipmentStarted, Status::InTransit, Status::Completed].map(follow);
    let given = [&[process(), Command::Captured, Command::Dispatch][..], &way, commands].concat();
    claimed(placement(), &given)
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
fn only_the_amount_due_is_paid_and_only_once() {
    let order = claimed(placement(), &[]);
    check(&order, &Command::Pay { shown: Some(Money::won(9_501)) }, Ok(&[]));
    let due = Money::won(9_501);
    check(&order, &Command::Pay { shown: Some(Money::won(9_500)) }, Err(Rejection::AmountMismatch { due }));
    let paid = claimed(placement(), &[Command::Captured]);
    check(&paid, &Command::Pay { shown: None }, Err(Rejection::AlreadyPaid));
    let on_delivery = claimed(Placement { payment: Payment::OnDelivery, ..placement() }, &[]);
    check(&on_delivery, &Command::Pay { shown: None }, Err(Rejection::NotDue));
}

/// S-05: the reaper is conditional on the state.
#[test]
fn an_order_expires_only_while_it_awaits_payment() {
    let waiting = claimed(placement(), &[]);
    let events = decide(&waiting, &Command::Expire).unwrap();
    let steps = vec![Step::Point, Step::Coupon, Step::Stock(DESK), Step::Stock(LAMP)];
    assert_eq!(events, [Event::CompensationRequired { reason: Reason::PaymentExpired, steps, note: None }]);
    check(&claimed(placement(), &[Command::Captured]), &Command::Expire, Ok(&[]));
}

#[test]
fn an_order_whose_card_is_refused_is_cancelled_while_it_awaits_payment() {
    let waiting = claimed(placement(), &[]);
    let events = decide(&waiting, &Command::RefuseCard).unwrap();
    let steps = vec![Step::Point, Step::Coupon, Step::Stock(DESK), Step::Stock(LAMP)];
    let reason = Reason::PaymentMethodLimitExceeded;
    assert_eq!(events, [Event::CompensationRequired { reason, steps, note: None }]);
    check(&claimed(placement(), &[Command::Captured]), &Command::RefuseCard, Ok(&[]));
}

/// O-33, O-34: both status changes of storage in one decision.
#[test]
fn paid_goods_are_shipped_or_stored() {
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
fn payment_and_dispatch_in_one_step_happen_once() {
    let asked = claimed(placement(), &[process()]);
    assert!(asked.is_processing && asked.has_destination());
    check(&asked, &process(), Ok(&[]));
    check(&claimed(placement(), &[process(), Command::Captured, Command::Dispatch]), &process(), Ok(&[]));
    let refused = claimed(placement(), &[process(), Command::FailProcessing { code: "insufficient_funds".into() }]);
    assert!(decide(&refused, &process()).is_ok_and(|events| events.len() == 1), "it may be requested again");
}

#[test]
fn a_paid_order_is_shipped_when_its_receiver_is_known() {
    let paid = claimed(placement(), &[Command::Captured]);
    let nobody = Command::Process { method: None, receiver: None, warehouse_storage: Some(false) };
    check(&paid, &nobody, Err(Rejection::ReceiverMissing));
    let told = claimed(placement(), &[Command::Captured, process()]);
    assert!(!told.is_processing, "there is nothing to pay");
    check(&told, &Command::Dispatch, Ok(&[moved(Status::Preparing)]));
}

/// P-06: the status changes only when nothing is left; a partial return moves goods and money alone.
#[test]
fn a_part_is_returned_and_then_the_rest() {
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
fn no_more_units_are_returned_than_were_bought() {
    let paid = claimed(placement(), &[Command::Captured, refund(&[(LAMP, 2)])]);
    for lines in [&[(LAMP, 2)][..], &[(LAMP, 0)], &[(ProductId(9), 1)], &[(LAMP, 1), (LAMP, 1)]] {
        check(&paid, &refund(lines), Err(Rejection::NotThatMuchLeft));
    }
    check(&claimed(placement(), &[]), &refund(&[]), Err(Rejection::NotRefundable));
}

/// The outcome of a completed order is final; its status shows the cancellation.
#[test]
fn a_paid_order_is_cancelled_as_a_whole_before_its_goods_leave() {
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
fn an_order_paid_on_delivery_has_no_money_to_refund() {
    let order = claimed(Placement { payment: Payment::OnDelivery, ..placement() }, &[]);
    let events = decide(&order, &refund(&[])).unwrap();
    let Some(Event::Returned(back)) = events.first() else { panic!("{events:?}") };
    assert_eq!((back.money, back.points), (Money::ZERO, Money::won(200)));
}

#[test]
fn returned_units_are_no_longer_due_on_delivery() {
    let on_delivery = |events: &[Command]| claimed(Placement { payment: Payment::OnDelivery, ..placement() }, events);
    assert_eq!(on_delivery(&[]).no_longer_due(), Money::ZERO);
    let all = on_delivery(&[refund(&[])]);
    assert_eq!(all.no_longer_due(), all.created.due);
    let part = on_delivery(&[refund(&[(DESK, 1)])]).no_longer_due();
    assert!(Money::ZERO < part && part < all.created.due, "{part:?}");
    let prepaid = claimed(placement(), &[Command::Captured, refund(&[])]);
    assert_eq!(prepaid.no_longer_due(), Money::ZERO);
}

/// Delivered goods are refunded when the shop approves, and are on sale again when they arrive.
#[test]
fn the_shop_decides_about_delivered_goods() {
    let refund = asked_back(&[], Whereabouts::Delivered);
    let asked = delivered(std::slice::from_ref(&refund));
    assert_eq!(
        (asked.status, asked.returned(0), asked.worth_returned().money),
        (Status::RefundRequested, 0, Money::ZERO)
    );
    check(&asked, &refund, Ok(&[]));
    check(&asked, &asked_back(&[(LAMP, 1)], Whereabouts::Delivered), Err(Rejection::RefundPending));
    check(&asked, &Command::ConfirmRefund, Ok(&[]));

    let reject = Command::RejectRefund { note: "it was worn".into() };
    let rejected = delivered(&[refund.clone(), reject.clone()]);
    assert_eq!(
        (rejected.status, rejected.reject_reason().map(|note| &**note)),
        (Status::Completed, Some("it was worn"))
    );
    check(&rejected, &reject, Err(Rejection::NoRefundAsked));

    let approve = Command::ApproveRefund { goods: Goods::Awaited };
    let approved = delivered(&[refund, approve]);
    assert_eq!((approved.status, approved.worth_returned().money), (Status::RefundRequested, approved.created.due));
    assert_eq!((approved.awaited(LAMP), approved.awaited(DESK)), (3, 1));
    check(&approved, &Command::ConfirmRefund, Ok(&[moved(Status::Refunded)]));
}

#[test]
fn a_partial_refund_leaves_the_rest_delivered() {
    let part = asked_back(&[(LAMP, 2)], Whereabouts::Delivered);
    let approved = delivered(&[part, Command::ApproveRefund { goods: Goods::Awaited }]);
    assert_eq!((approved.status, approved.returned(0), approved.awaited(LAMP)), (Status::Completed, 2, 2));
    let arrived = |units, is_written_off| Command::TakeIn { lines: vec![(LAMP, units)], is_written_off };
    check(&approved, &arrived(3, false), Err(Rejection::NotThatMuchAwaited));
    let lines = vec![(LAMP, 1)];
    check(&approved, &arrived(1, true), Ok(&[Event::GoodsArrived { lines, is_written_off: true }]));
    let part = asked_back(&[(LAMP, 2)], Whereabouts::Delivered);
    let commands = [part, Command::ApproveRefund { goods: Goods::Awaited }, arrived(1, true), arrived(1, false)];
    let all = delivered(&commands);
    assert_eq!((all.awaited(LAMP), all.refund_reason().map(|note| &**note)), (0, Some("it does not fit")));
    check(&all, &Command::TakeIn { lines: vec![], is_written_off: false }, Err(Rejection::NotThatMuchAwaited));
}

/// Goods sold at auction cannot be returned; a returned parcel requests its refund.
#[test]
fn the_location_of_the_goods_decides_whether_they_can_be_returned() {
    check(&delivered(&[]), &asked_back(&[], Whereabouts::SoldAtAuction), Err(Rejection::GoodsSold));
    let follow = |status| Command::Follow { status };
    let way = [process(), Command::Captured, Command::Dispatch];
    let way = [&way[..], &[Status::ShipmentStarted, Status::InTransit].map(follow)].concat();
    let on_its_way = claimed(placement(), &way);
    check(&on_its_way, &asked_back(&[], Whereabouts::OnTheWay), Err(Rejection::GoodsOnTheWay));
    let back = claimed(placement(), &[&way[..], &[Command::ComeBack]].concat());
    assert_eq!((back.status, back.reason), (Status::RefundRequested, Some(Reason::ShipmentReturned)));
    let reject = Command::RejectRefund { note: "the address was wrong".into() };
    let rejected = claimed(placement(), &[&way[..], &[Command::ComeBack, reject]].concat());
    assert_eq!(rejected.status, Status::InTransit);
}

#[test]
fn an_order_allows_what_would_change_it() {
    let (there, gone) = (Whereabouts::Delivered, Whereabouts::OnTheWay);
    let allows = |order: &Order, goods| order.allows(&order::Command::Fulfil(asked_back(&[], goods)), NOON);
    let order = delivered(&[]);
    assert!(allows(&order, there) && !allows(&order, gone));
    let asked = delivered(&[asked_back(&[], there)]);
    check(&asked, &asked_back(&[], there), Ok(&[]));
    assert!(!allows(&asked, there), "a repeated request is accepted and changes nothing");
}

/// T4: a new destination is accepted until the goods are committed.
#[test]
fn another_destination_is_accepted_until_the_goods_are_committed() {
    let bob = Receiver { name: "Bob".into(), ..ann() };
    let to_bob = Command::Process { method: None, receiver: Some(bob.clone()), warehouse_storage: Some(false) };
    let stored = Command::Process { method: None, receiver: None, warehouse_storage: Some(true) };
    for commands in [&[process()][..], &[process(), Command::Captured, Command::Dispatch]] {
        let given = claimed(placement(), commands);
        check(&given, &process(), Ok(&[]));
        let asked = Event::ProcessingRequested { method: None, receiver: Some(bob.clone()), warehouse_storage: false };
        check(&given, &to_bob, Ok(&[asked]));
        assert!(decide(&given, &stored).is_ok_and(|events| events.len() == 1));
    }
    check(&delivered(&[]), &to_bob, Err(Rejection::GoodsCommitted));
    check(&delivered(&[]), &process(), Ok(&[]));
    check(&delivered(&[asked_back(&[], Whereabouts::Delivered)]), &process(), Err(Rejection::NotPayable));
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Captured),
        Just(process()),
        Just(Command::FailProcessing { code: "no".into() }),
        Just(Command::Dispatch),
        prop::sample::select(Status::ALL.to_vec()).prop_map(|status| Command::Follow { status }),
        (prop::sample::subsequence(vec![(LAMP, 1), (LAMP, 2), (DESK, 1)], 0..3), any_whereabouts())
            .prop_map(|(lines, goods)| asked_back(&lines, goods)),
        prop::sample::select(Goods::ALL.to_vec()).prop_map(|goods| Command::ApproveRefund { goods }),
        Just(Command::RejectRefund { note: "no".into() }),
        Just(Command::ComeBack),
        any::<bool>().prop_map(|is_written_off| Command::TakeIn { lines: vec![], is_written_off }),
        Just(Command::ConfirmRefund),
    ]
}

fn any_whereabouts() -> impl Strategy<Value = Whereabouts> {
    use Whereabouts::{CameBack, Delivered, InHouse, OnTheWay, SoldAtAuction};
    prop::sample::select(vec![InHouse, OnTheWay, Delivered, CameBack, SoldAtAuction])
}

proptest! {
    /// T21, and a small law 1: under any commands, no edge is skipped and no unit is returned twice.
    #[test]
    fn any_commands_keep_to_the_status_table_and_return_no_unit_twice(
        commands in prop::collection::vec(any_command(), 0..20),
    ) {
        let mut order = claimed(placement(), &[]);
        let (mut money, mut points) = (Money::ZERO, Money::ZERO);
        for command in commands {
            // The payment's own rules ensure that it is captured once.
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
            prop_assert!(created.lines.iter().enumerate().all(|(place, line)| order.awaited(line.product) <= order.returned(place)));
            prop_assert_eq!(order.is_all_returned(), (money, points) == (created.due, created.points));
        }
    }
}
