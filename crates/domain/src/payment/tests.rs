mod stuck;

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::payment::*;

const ORDER: OrderId = OrderId(1);
const DUE: Money = Money::won(9_501);
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

const START: Command = Command::Start { order: ORDER, placed_at: NOON, method: Method::Card, amount: DUE, means: None };
const MS: Option<i64> = Some(43_200_000);

const fn asked(operation: Operation) -> Asked {
    Asked::first(MS, 1, operation, if matches!(operation, Operation::Refund) { 1 } else { 0 })
}

const fn answer(operation: Operation, said: ProviderResult) -> Command {
    Command::Answer { asked: asked(operation), said }
}

fn approved(operation: Operation, amount: Money) -> Command {
    answer(operation, ProviderResult::Approved { reference: "pi_1".into(), amount })
}

fn declined(operation: Operation) -> Command {
    answer(operation, ProviderResult::Declined { code: "insufficient_funds".into() })
}

fn paid() -> [Command; 3] {
    [START, approved(Operation::Authorize, DUE), approved(Operation::Capture, DUE)]
}

/// The payment after some commands, each of which must succeed.
#[track_caller]
fn after(commands: &[Command]) -> Payment {
    let mut payment = None;
    for command in commands {
        for event in decide(payment.as_ref(), command, NOON).unwrap() {
            evolve(&mut payment, &event, NOON);
        }
    }
    payment.unwrap()
}

#[track_caller]
fn check(given: &[Command], when: &Command, then: State) -> Payment {
    let payment = after(&[given, std::slice::from_ref(when)].concat());
    assert_eq!(payment.state, then);
    assert_eq!(payment.next.is_some(), payment.state.operation().is_some());
    payment
}

/// P-01, P-03.
#[test]
fn money_is_authorized_and_then_captured() {
    let payment = check(&[START], &approved(Operation::Authorize, DUE), State::Capturing);
    assert_eq!((payment.authorized, payment.captured), (DUE, Money::ZERO));
    let payment = check(&paid()[..2], &paid()[2], State::Captured);
    assert_eq!((payment.captured, payment.held()), (DUE, DUE));
}

#[test]
fn a_declined_attempt_may_be_followed_by_one_with_the_next_number() {
    let payment = check(&[START, declined(Operation::Authorize)], &START, State::Authorizing);
    assert_eq!(payment.asked(), Some(Asked::first(MS, 2, Operation::Authorize, 0)));
}

/// The provider declined and then captured after all: that is refunded, and the order can still be paid.
#[test]
fn a_capture_after_a_decline_is_refunded_and_another_attempt_is_possible() {
    let voiding = [START, declined(Operation::Authorize), approved(Operation::Authorize, DUE)];
    assert_eq!(decide(Some(&after(&voiding)), &START, NOON), Err(Rejection::InProgress));
    let voided = [&voiding[..], &[approved(Operation::Void, DUE)]].concat();
    let payment = check(&voided, &START, State::Authorizing);
    assert_eq!((payment.attempt, payment.is_wanted), (2, true));
}

/// T14.
#[test]
fn nothing_is_paid_twice() {
    for (commands, refused) in [(&[START][..], Rejection::InProgress), (&paid(), Rejection::AlreadyPaid)] {
        assert_eq!(decide(Some(&after(commands)), &START, NOON), Err(refused));
    }
    let twice = [&paid()[..], &[paid()[2].clone()]].concat();
    assert_eq!(after(&twice).captured, DUE);
}

/// An unknown result is queried, and the call is repeated only if it was certainly not executed.
#[test]
fn an_unknown_result_is_queried_and_the_call_is_never_blindly_repeated() {
    let unknown = answer(Operation::Authorize, ProviderResult::Unknown);
    let payment = check(&[START], &unknown, State::Authorizing);
    assert_eq!(payment.next, Some(Next { way: NextCall::Query, due: Some(NOON + pause(0)), tries: 1 }));
    let payment = check(&[START, unknown], &answer(Operation::Authorize, ProviderResult::NotFound), State::Authorizing);
    assert_eq!(payment.next.map(|next| next.way), Some(NextCall::Execute));
}

#[test]
fn an_unexpected_amount_is_not_booked() {
    let payment = check(&[START], &approved(Operation::Authorize, Money::won(1)), State::Authorizing);
    assert_eq!((payment.authorized, payment.next.map(|next| next.way)), (Money::ZERO, Some(NextCall::Query)));
}

#[test]
fn an_unreachable_provider_ends_the_attempt() {
    let out_of_reach = vec![answer(Operation::Authorize, ProviderResult::NotExecuted); 5];
    let payment = after(&[&[START][..], &out_of_reach].concat());
    assert_eq!((payment.state, payment.refusal.as_deref()), (State::Declined, Some(UNAVAILABLE)));
    let four = after(&[&[START][..], &out_of_reach[..4]].concat());
    assert_eq!((four.state, four.next.map(|next| next.tries)), (State::Authorizing, Some(4)));
}

/// The payment of a cancelled order succeeds late.
#[test]
fn a_late_payment_of_a_cancelled_order_is_voided_or_refunded() {
    let withdrawn = [START, Command::Withdraw];
    check(&withdrawn, &approved(Operation::Authorize, DUE), State::Voiding);
    check(&withdrawn, &answer(Operation::Authorize, ProviderResult::NotFound), State::Declined);
    let capturing = [START, approved(Operation::Authorize, DUE), Command::Withdraw];
    let payment = check(&capturing, &approved(Operation::Capture, DUE), State::Refunding);
    assert_eq!(payment.refunding, DUE);
    check(&capturing, &answer(Operation::Capture, ProviderResult::NotFound), State::Voiding);
}

/// This call was not executed; an earlier one whose result was lost may have been.
#[test]
fn the_payment_of_a_cancelled_order_is_queried_before_it_ends() {
    let capturing = [START, approved(Operation::Authorize, DUE), Command::Withdraw];
    let payment = check(&capturing, &answer(Operation::Capture, ProviderResult::NotExecuted), State::Capturing);
    assert_eq!(payment.next.map(|next| next.way), Some(NextCall::Query));
}

#[test]
fn money_moved_against_an_earlier_result_is_booked_and_returned() {
    let capture_refused = [START, approved(Operation::Authorize, DUE), declined(Operation::Capture)];
    let payment = check(&capture_refused, &approved(Operation::Capture, DUE), State::Refunding);
    assert_eq!((payment.captured, payment.refunding), (DUE, DUE));
    check(&[START, declined(Operation::Authorize)], &approved(Operation::Authorize, DUE), State::Voiding);
}

/// The provider's result of the pending operation.
fn next_answer(payment: &Payment, said: ProviderResult) -> Command {
    Command::Answer { asked: payment.asked().unwrap(), said }
}

fn no() -> ProviderResult {
    ProviderResult::Declined { code: "no_funds".into() }
}

fn yes(amount: Money) -> ProviderResult {
    ProviderResult::Approved { reference: "re_1".into(), amount }
}

/// The commands after `times` declines of the pending refund or void, and the key of each try.
#[track_caller]
fn declined_times(given: &[Command], times: i64) -> (Vec<Command>, Vec<String>) {
    let (mut commands, mut keys) = (given.to_vec(), vec![]);
    for _ in 0..times {
        let payment = after(&commands);
        keys.push(payment.asked().unwrap().key(&"ORD-1".into()));
        commands.push(next_answer(&payment, no()));
    }
    (commands, keys)
}

fn refunding() -> Vec<Command> {
    [&paid()[..], &[Command::Refund { amount: DUE }]].concat()
}

fn voiding() -> Vec<Command> {
    vec![
        START,
        approved(Operation::Authorize, DUE),
        Command::Withdraw,
        answer(Operation::Capture, ProviderResult::NotFound),
    ]
}

fn resolve() -> Command {
    Command::Resolve { by: UserId(7), reason: "paid by transfer".into(), reference: "TR-1".into() }
}

/// The pause also applies when a consumer group requests the next refund.
#[test]
fn a_refund_called_after_a_reversal_is_due_after_its_pause() {
    let done = [&refunding()[..], &[approved(Operation::Refund, DUE), declined(Operation::Refund)]].concat();
    let mut payment = Some(after(&done));
    payment.as_mut().unwrap().wait_to_be_called();
    let call = Command::Call { attempt: 1, refund: 2 };
    assert_eq!(decide(payment.as_ref(), &call, NOON), Ok(vec![Event::Called]));
    evolve(&mut payment, &Event::Called, NOON);
    assert_eq!(payment.unwrap().next.and_then(|next| next.due), Some(NOON + pause(0)));
}

#[test]
fn parts_are_refunded_one_after_the_other_under_their_own_keys() {
    let part = Money::won(500);
    let refunding = [&paid()[..], &[Command::Refund { amount: part }]].concat();
    let payment = check(&refunding, &approved(Operation::Refund, part), State::Captured);
    assert_eq!(payment.held(), Money::won(9_001));
    // The whole rest, and a part of it, while the first refund is under way.
    let rest =
        [&refunding[..], &[Command::Refund { amount: part }, Command::Refund { amount: Money::won(8_501) }]].concat();
    let too_much = Command::Refund { amount: Money::won(1) };
    assert_eq!(decide(Some(&after(&rest)), &too_much, NOON), Err(Rejection::NotThatMuchHeld));
    let rest = [&rest[..], &[approved(Operation::Refund, part)]].concat();
    let second = after(&rest);
    let refund = Asked::first(MS, 1, Operation::Refund, 2);
    assert_eq!((second.asked(), second.refunding), (Some(refund), Money::won(9_001)));
    check(&rest, &next_answer(&second, yes(Money::won(9_001))), State::Refunded);
}

/// The provider is called once, when the request has reached its consumer group.
#[test]
fn an_operation_that_waits_for_its_group_is_due_when_it_is_called() {
    let due = |payment: &Option<Payment>| payment.as_ref().and_then(|payment| payment.next).and_then(|next| next.due);
    for (given, call) in [(vec![START], (1, 0)), (refunding(), (1, 1))] {
        let mut payment = Some(after(&given));
        payment.as_mut().unwrap().wait_to_be_called();
        assert_eq!(due(&payment), None);
        let (attempt, refund) = call;
        for other in
            [Command::Call { attempt: 2, refund }, Command::Call { attempt, refund: refund + 1 }, Command::Resume]
        {
            assert_eq!(decide(payment.as_ref(), &other, NOON), Ok(vec![]));
        }
        let call = Command::Call { attempt, refund };
        assert_eq!(decide(payment.as_ref(), &call, NOON), Ok(vec![Event::Called]));
        evolve(&mut payment, &Event::Called, NOON);
        assert_eq!(due(&payment), Some(NOON));
        assert_eq!(decide(payment.as_ref(), &call, NOON), Ok(vec![]), "a repeat asks nothing");
    }
}

#[test]
fn pauses_double_up_to_the_maximum() {
    assert_eq!([0, 1, 5, 6, 99].map(|tries| pause(tries).as_secs()), [1, 2, 32, 60, 60]);
}

fn any_said() -> impl Strategy<Value = ProviderResult> {
    prop_oneof![
        4 => Just(ProviderResult::Approved { reference: "pi_1".into(), amount: DUE }),
        1 => Just(ProviderResult::Approved { reference: "pi_1".into(), amount: Money::won(1) }),
        1 => Just(ProviderResult::Declined { code: "no".into() }),
        2 => (-1..=1_i64).prop_map(|past| ProviderResult::ActionRequired { reference: "pi_1".into(), action: Action { url: None, client_secret: None, until: Timestamp::from_micros(NOON.micros() + past) }.into() }),
        1 => prop::sample::select(vec![ProviderResult::Pending, ProviderResult::NotFound, ProviderResult::NotExecuted, ProviderResult::Unknown]),
    ]
}

/// Stands for the operation that is pending at that moment.
const OPEN: Asked = Asked::first(MS, 0, Operation::Void, 0);

fn any_command() -> impl Strategy<Value = Command> {
    let asked = (1..3_i64, prop::sample::select(Operation::ALL.to_vec()), 0..3_i64);
    prop_oneof![
        5 => prop::sample::select(vec![START, Command::Withdraw, Command::Resume, Command::Retry, Command::Return]),
        1 => Just(resolve()),
        2 => (1..9_501_i64).prop_map(|amount| Command::Refund { amount: Money::won(amount) }),
        8 => (asked, 1..3_i64, any_said()).prop_map(|((attempt, operation, refund), try_number, said)| {
            let refund = if operation == Operation::Refund { refund } else { 0 };
            let try_number = if matches!(operation, Operation::Refund | Operation::Void) { try_number } else { FIRST_TRY };
            Command::Answer { asked: Asked { order_ms: MS, attempt, operation, refund, try_number }, said }
        }),
        // A result of the operation that is pending at that moment.
        8 => any_said().prop_map(|said| Command::Answer { asked: OPEN, said }),
        4 => any_said().prop_map(|said| Command::Tell { asked: OPEN, said }),
    ]
}

/// Fills in the amount and the pending operation that the command leaves open.
fn about_now(payment: Option<&Payment>, command: Command) -> Command {
    let asked = payment.and_then(Payment::asked);
    match (command, asked, payment) {
        (Command::Answer { asked: OPEN, said }, Some(asked), Some(payment)) => {
            Command::Answer { asked, said: in_full(payment, said) }
        }
        (Command::Tell { asked: OPEN, said }, Some(asked), Some(payment)) => {
            Command::Tell { asked, said: in_full(payment, said) }
        }
        (command, ..) => command,
    }
}

/// Gives an approval the amount of the pending operation.
fn in_full(payment: &Payment, said: ProviderResult) -> ProviderResult {
    match payment.asked().filter(|_| matches!(said, ProviderResult::Approved { .. })) {
        Some(asked) => yes(payment.amount_of(asked.operation)),
        None => said,
    }
}

proptest! {
    /// A small law 10, under any results in any order: repeated, late, wrong, or about another attempt.
    #[test]
    fn under_any_results_authorized_covers_captured_and_captured_covers_refunded(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut payment: Option<Payment> = None;
        let mut withdrawn = false;
        for command in commands {
            if matches!(command, Command::Start { .. }) && withdrawn {
                // The order's own rules ensure that a cancelled order is not paid.
                continue;
            }
            let command = about_now(payment.as_ref(), command);
            for event in decide(payment.as_ref(), &command, NOON).unwrap_or_default() {
                evolve(&mut payment, &event, NOON);
            }
            let Some(now) = &payment else { continue };
            withdrawn = !now.is_wanted;
            let given = now.refunded + now.resolved + now.owes();
            prop_assert!(now.authorized >= now.captured && now.captured >= given);
            prop_assert!([now.refunded, now.refunding, now.owed, now.resolved].iter().all(|part| *part >= Money::ZERO));
            prop_assert_eq!(now.refunded, now.given_back.iter().map(|given| given.amount).sum());
            prop_assert_eq!(now.owed_since.is_some(), now.is_giving_back());
            prop_assert_eq!(now.next.is_some(), now.state.operation().is_some());
            prop_assert_eq!(now.action.is_some(), now.requires_action());
            if withdrawn {
                prop_assert!(now.state != State::Captured, "money of a cancelled order is on its way back");
            }
        }
    }
}
