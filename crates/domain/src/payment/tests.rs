use proptest::prelude::*;

use super::*;

const ORDER: OrderId = OrderId(1);
const DUE: Money = Money::won(9_501);
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

const START: Command = Command::Start { order: ORDER, method: Method::Card, amount: DUE };

const fn asked(deed: Deed) -> Asked {
    Asked { attempt: 1, deed, refund: if matches!(deed, Deed::Refund) { 1 } else { 0 } }
}

const fn answer(deed: Deed, said: Said) -> Command {
    Command::Answer { asked: asked(deed), said }
}

fn approved(deed: Deed, amount: Money) -> Command {
    answer(deed, Said::Approved { reference: "pi_1".into(), amount })
}

fn declined(deed: Deed) -> Command {
    answer(deed, Said::Declined { code: "insufficient_funds".into() })
}

fn paid() -> [Command; 3] {
    [START, approved(Deed::Authorize, DUE), approved(Deed::Capture, DUE)]
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
    assert_eq!(payment.next.is_some(), payment.state.deed().is_some());
    payment
}

/// P-01, P-03.
#[test]
fn money_is_set_aside_and_then_taken() {
    let payment = check(&[START], &approved(Deed::Authorize, DUE), State::Capturing);
    assert_eq!((payment.authorized, payment.captured), (DUE, Money::ZERO));
    let payment = check(&paid()[..2], &paid()[2], State::Captured);
    assert_eq!((payment.captured, payment.held()), (DUE, DUE));
}

#[test]
fn a_refusal_may_be_followed_by_another_attempt_under_the_next_number() {
    let payment = check(&[START, declined(Deed::Authorize)], &START, State::Authorizing);
    assert_eq!(payment.asked(), Some(Asked { attempt: 2, deed: Deed::Authorize, refund: 0 }));
}

/// The provider first said no and then took it after all: that goes back, and the order may still be paid.
#[test]
fn an_attempt_that_went_wrong_is_not_the_last() {
    let voiding = [START, declined(Deed::Authorize), approved(Deed::Authorize, DUE)];
    assert_eq!(decide(Some(&after(&voiding)), &START, NOON), Err(Rejection::InProgress));
    let voided = [&voiding[..], &[approved(Deed::Void, DUE)]].concat();
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

/// Failure mode 16: what nobody knows is looked up, and asked for again only when it surely never happened.
#[test]
fn an_unknown_answer_is_looked_up_and_never_repeated_blindly() {
    let unknown = answer(Deed::Authorize, Said::Unknown);
    let payment = check(&[START], &unknown, State::Authorizing);
    assert_eq!(payment.next, Some(Next { way: Way::LookUp, due: NOON + pause(0), tries: 1 }));
    let payment = check(&[START, unknown], &answer(Deed::Authorize, Said::Never), State::Authorizing);
    assert_eq!(payment.next.map(|next| next.way), Some(Way::Do));
}

#[test]
fn an_amount_that_was_not_asked_for_is_not_booked() {
    let payment = check(&[START], &approved(Deed::Authorize, Money::won(1)), State::Authorizing);
    assert_eq!((payment.authorized, payment.next.map(|next| next.way)), (Money::ZERO, Some(Way::LookUp)));
}

#[test]
fn a_provider_that_stays_out_of_reach_ends_the_attempt() {
    let out_of_reach = vec![answer(Deed::Authorize, Said::NotDone); 5];
    let payment = after(&[&[START][..], &out_of_reach].concat());
    assert_eq!((payment.state, payment.refusal.as_deref()), (State::Declined, Some(UNAVAILABLE)));
    let four = after(&[&[START][..], &out_of_reach[..4]].concat());
    assert_eq!((four.state, four.next.map(|next| next.tries)), (State::Authorizing, Some(4)));
}

/// Failure mode 16, the late success of a cancelled order.
#[test]
fn what_a_cancelled_order_still_takes_goes_back_by_itself() {
    let withdrawn = [START, Command::Withdraw];
    check(&withdrawn, &approved(Deed::Authorize, DUE), State::Voiding);
    check(&withdrawn, &answer(Deed::Authorize, Said::Never), State::Declined);
    let capturing = [START, approved(Deed::Authorize, DUE), Command::Withdraw];
    let payment = check(&capturing, &approved(Deed::Capture, DUE), State::Refunding);
    assert_eq!(payment.refunding, DUE);
    check(&capturing, &answer(Deed::Capture, Said::Never), State::Voiding);
}

/// Nothing happened this time; an answer that was lost may have said otherwise.
#[test]
fn money_of_a_cancelled_order_is_looked_for_before_it_is_given_up() {
    let capturing = [START, approved(Deed::Authorize, DUE), Command::Withdraw];
    let payment = check(&capturing, &answer(Deed::Capture, Said::NotDone), State::Capturing);
    assert_eq!(payment.next.map(|next| next.way), Some(Way::LookUp));
}

#[test]
fn money_that_moved_against_what_was_said_is_booked_and_goes_back() {
    let capture_refused = [START, approved(Deed::Authorize, DUE), declined(Deed::Capture)];
    let payment = check(&capture_refused, &approved(Deed::Capture, DUE), State::Refunding);
    assert_eq!((payment.captured, payment.refunding), (DUE, DUE));
    check(&[START, declined(Deed::Authorize)], &approved(Deed::Authorize, DUE), State::Voiding);
}

/// Failure mode 18.
#[test]
fn a_refund_that_the_provider_refuses_is_not_given_up() {
    let refunding = [&paid()[..], &[Command::Refund { amount: DUE }]].concat();
    let payment = check(&refunding, &declined(Deed::Refund), State::Refunding);
    assert_eq!(payment.next.map(|next| next.way), Some(Way::LookUp));
}

#[test]
fn parts_are_refunded_one_after_the_other_under_their_own_keys() {
    let part = Money::won(500);
    let refunding = [&paid()[..], &[Command::Refund { amount: part }]].concat();
    assert_eq!(decide(Some(&after(&refunding)), &Command::Refund { amount: part }, NOON), Err(Rejection::InProgress));
    let payment = check(&refunding, &approved(Deed::Refund, part), State::Captured);
    assert_eq!(payment.held(), Money::won(9_001));
    let rest =
        [&refunding[..], &[approved(Deed::Refund, part), Command::Refund { amount: Money::won(9_001) }]].concat();
    let second = after(&rest).asked().unwrap();
    assert_eq!((second.deed, second.refund), (Deed::Refund, 2));
    let approved =
        Command::Answer { asked: second, said: Said::Approved { reference: "re_2".into(), amount: Money::won(9_001) } };
    check(&rest, &approved, State::Refunded);
}

#[test]
fn pauses_grow_and_end() {
    assert_eq!([0, 1, 5, 6, 99].map(|tries| pause(tries).as_secs()), [1, 2, 32, 60, 60]);
}

fn any_said() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => Just(Said::Approved { reference: "pi_1".into(), amount: DUE }),
        1 => Just(Said::Approved { reference: "pi_1".into(), amount: Money::won(1) }),
        1 => Just(Said::Declined { code: "no".into() }),
        1 => prop::sample::select(vec![Said::Pending, Said::Never, Said::NotDone, Said::Unknown]),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let asked = (1..3_i64, prop::sample::select(Deed::ALL.to_vec()), 0..3_i64);
    prop_oneof![
        1 => Just(START),
        1 => Just(Command::Withdraw),
        1 => Just(Command::Resume),
        8 => (asked, any_said()).prop_map(|((attempt, deed, refund), said)| {
            let refund = if deed == Deed::Refund { refund } else { 0 };
            Command::Answer { asked: Asked { attempt, deed, refund }, said }
        }),
    ]
}

proptest! {
    /// Law 10 in small, under any answers in any order: twice, late, foreign, about another attempt.
    #[test]
    fn whatever_is_answered_authorized_captured_and_refunded_fall(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut payment: Option<Payment> = None;
        let mut withdrawn = false;
        for command in commands {
            if matches!(command, Command::Start { .. }) && withdrawn {
                // An order that was taken back is not paid any more; its own rules see to that.
                continue;
            }
            for event in decide(payment.as_ref(), &command, NOON).unwrap_or_default() {
                evolve(&mut payment, &event, NOON);
            }
            let Some(now) = &payment else { continue };
            withdrawn = !now.is_wanted;
            prop_assert!(now.authorized >= now.captured && now.captured >= now.refunded + now.refunding);
            prop_assert!(now.refunded >= Money::ZERO && now.refunding >= Money::ZERO);
            prop_assert_eq!(now.next.is_some(), now.state.deed().is_some());
            if withdrawn {
                prop_assert!(now.state != State::Captured, "money of a cancelled order is on its way back");
            }
        }
    }
}
