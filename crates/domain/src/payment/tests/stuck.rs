//! Refunds and voids that the provider declines or reverses.

use super::*;

#[test]
fn a_declined_refund_or_void_is_retried_under_a_new_key() {
    let (commands, keys) = declined_times(&refunding(), 2);
    assert_eq!(keys, ["ORD-1.43200000/1/refund/1", "ORD-1.43200000/1/refund/1/2"]);
    let payment = after(&commands);
    assert_eq!((payment.state, payment.declines), (State::Refunding, 2));
    assert_eq!(payment.next, Some(Next { way: NextCall::Execute, due: Some(NOON + pause(1)), tries: 0 }));
    let payment = check(&commands, &next_answer(&payment, yes(DUE)), State::Refunded);
    assert_eq!((payment.refunded, payment.owed_since), (DUE, None));

    let (commands, keys) = declined_times(&voiding(), 2);
    assert_eq!(keys, ["ORD-1.43200000/1/void", "ORD-1.43200000/1/void/2"]);
    let payment = after(&commands);
    check(&commands, &next_answer(&payment, yes(DUE)), State::Voided);
}

#[test]
fn the_last_decline_is_stuck_until_an_operator_retries_it() {
    for given in [refunding(), voiding()] {
        let (commands, keys) = declined_times(&given, GIVE_BACK_TRIES_MAX);
        let stuck = after(&commands);
        assert_eq!((stuck.state, stuck.asked(), stuck.owed_since), (State::Stuck, None, Some(NOON)));
        let payment = check(&commands, &Command::Retry, stuck.giving_back().map_or(State::Stuck, state_of));
        let key = payment.asked().unwrap().key(&"ORD-1".into());
        assert!(!keys.contains(&key), "{key} was declined before");
        let retried = [&commands[..], &[Command::Retry]].concat();
        let again = check(&retried, &next_answer(&payment, no()), State::Stuck);
        assert_eq!(again.declines, GIVE_BACK_TRIES_MAX + 1);
        let done = check(
            &retried,
            &next_answer(&payment, yes(DUE)),
            if given == voiding() { State::Voided } else { State::Refunded },
        );
        assert_eq!(done.owed_since, None);
    }
}

fn state_of(operation: Operation) -> State {
    if operation == Operation::Void { State::Voiding } else { State::Refunding }
}

#[test]
fn an_operator_resolves_only_what_is_stuck() {
    for given in [refunding(), voiding()] {
        assert_eq!(decide(Some(&after(&given)), &resolve(), NOON), Err(Rejection::NotStuck));
        assert_eq!(decide(Some(&after(&given)), &Command::Retry, NOON), Err(Rejection::NotStuck));
    }
    let (stuck, _) = declined_times(&refunding(), GIVE_BACK_TRIES_MAX);
    let payment = check(&stuck, &resolve(), State::Refunded);
    assert_eq!((payment.refunded, payment.resolved, payment.held()), (Money::ZERO, DUE, Money::ZERO));
    let resolution = payment.resolution.unwrap();
    assert_eq!((resolution.by, &*resolution.reference, resolution.at), (UserId(7), "TR-1", NOON));
    let (stuck, _) = declined_times(&voiding(), GIVE_BACK_TRIES_MAX);
    assert_eq!(check(&stuck, &resolve(), State::Voided).resolved, Money::ZERO);
}

/// A refund requested meanwhile waits behind a stuck one; the operator resolves only the stuck one.
#[test]
fn an_amount_owed_while_a_refund_is_stuck_is_the_next_refund() {
    let part = Money::won(500);
    let first = [&paid()[..], &[Command::Refund { amount: part }]].concat();
    let (mut stuck, _) = declined_times(&first, GIVE_BACK_TRIES_MAX);
    stuck.extend([Command::Refund { amount: Money::won(300) }, Command::Refund { amount: Money::won(200) }]);
    let payment = after(&stuck);
    assert_eq!((payment.state, payment.refunding, payment.owed), (State::Stuck, part, part));
    let payment = check(&stuck, &resolve(), State::Refunding);
    assert_eq!((payment.resolved, payment.refunding, payment.owed), (part, part, Money::ZERO));
    assert_eq!(payment.asked(), Some(Asked::first(MS, 1, Operation::Refund, 2)));
}

/// The provider reverses a refund after it succeeded.
#[test]
fn a_reversed_refund_is_requested_again() {
    let done = [&refunding()[..], &[approved(Operation::Refund, DUE)]].concat();
    let payment = check(&done, &declined(Operation::Refund), State::Refunding);
    assert_eq!((payment.refunded, payment.refunding), (Money::ZERO, DUE));
    assert_eq!(payment.asked(), Some(Asked { try_number: 2, ..Asked::first(MS, 1, Operation::Refund, 2) }));
    assert_eq!(payment.next.and_then(|next| next.due), Some(NOON + pause(0)), "after a pause");
    let told_twice = [&done[..], &[declined(Operation::Refund)]].concat();
    assert_eq!(after(&[&told_twice[..], &[declined(Operation::Refund)]].concat()), after(&told_twice));
    // A late result of a declined try does not change the one that succeeded.
    let (mut commands, _) = declined_times(&refunding(), 1);
    let late = commands.last().cloned().unwrap();
    commands.push(next_answer(&after(&commands), yes(DUE)));
    check(&commands, &late, State::Refunded);
}

/// The provider makes and then reverses each refund, until none is requested any more.
#[track_caller]
fn made_and_taken_back(given: &[Command]) -> (Vec<Command>, Vec<String>) {
    let (mut commands, mut keys) = (given.to_vec(), vec![]);
    while let Some(asked) = after(&commands).asked() {
        keys.push(asked.key(&"ORD-1".into()));
        commands.push(Command::Answer { asked, said: yes(after(&commands).refunding) });
        commands.push(Command::Answer { asked, said: no() });
    }
    (commands, keys)
}

/// A reversed refund counts as a try, like a declined one.
#[test]
fn a_refund_that_is_reversed_each_time_is_stuck_after_the_same_number_of_tries() {
    for declines in [0, 2] {
        let (given, _) = declined_times(&refunding(), declines);
        let (commands, keys) = made_and_taken_back(&given);
        let stuck = after(&commands);
        assert_eq!((stuck.state, stuck.refunding, stuck.refunded), (State::Stuck, DUE, Money::ZERO));
        assert_eq!((stuck.declines, stuck.last_error.as_deref()), (GIVE_BACK_TRIES_MAX, Some("no_funds")));
        assert_eq!(declines + i64::try_from(keys.len()).unwrap(), GIVE_BACK_TRIES_MAX, "{keys:?}");
        // Retried by an operator, and resolved in the end.
        let (commands, keys) = made_and_taken_back(&[&commands[..], &[Command::Retry]].concat());
        assert_eq!((keys.len(), after(&commands).declines), (1, GIVE_BACK_TRIES_MAX + 1), "{keys:?}");
        let resolved = check(&commands, &resolve(), State::Refunded);
        assert_eq!((resolved.resolved, resolved.owed_since), (DUE, None));
    }
}

/// Each part is reversed while the other one is under way.
#[test]
fn parts_that_are_reversed_in_turns_are_stuck_as_well() {
    let part = Money::won(500);
    let mut commands = [&paid()[..], &[Command::Refund { amount: part }, Command::Refund { amount: part }]].concat();
    let (mut before, mut keys): (Option<Asked>, BTreeSet<String>) = (None, BTreeSet::new());
    while let Some(asked) = after(&commands).asked() {
        assert!(keys.insert(asked.key(&"ORD-1".into())), "{keys:?}");
        commands.extend(before.map(|asked| Command::Answer { asked, said: no() }));
        commands.push(Command::Answer { asked, said: yes(part) });
        before = Some(asked);
    }
    let stuck = after(&commands);
    let tries = usize::try_from(GIVE_BACK_TRIES_MAX).unwrap();
    assert_eq!((stuck.state, stuck.refunding, keys.len()), (State::Stuck, part, 2 * tries));
}
