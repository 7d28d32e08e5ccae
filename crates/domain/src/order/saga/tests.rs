use crate::order::saga::*;

const STOCK: Step = Step::Stock(ProductId(1));
const STEPS: [Step; 3] = [STOCK, Step::Coupon, Step::Point];
const REASON: [Reason; 3] = [Reason::StockExhausted, Reason::CouponNotUsable, Reason::PointsInsufficient];
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);
const DIRECTIONS: [Direction; 2] = [Direction::Claiming, Direction::Restoring(Reason::CancelledByCustomer)];

fn states_of(place: usize) -> [StepState; 5] {
    let failed = StepState::Failed(REASON[place]);
    [StepState::Waiting, StepState::Requested, StepState::Completed, failed, StepState::Restored]
}

/// Every combination of three steps' states.
fn combinations() -> Vec<[StepState; 3]> {
    let mut all = vec![];
    for stock in states_of(0) {
        for coupon in states_of(1) {
            for point in states_of(2) {
                all.push([stock, coupon, point]);
            }
        }
    }
    all
}

fn saga(direction: Direction, states: [StepState; 3]) -> Saga {
    let mut saga = Saga::new(STEPS, Pace::Together, NOON);
    saga.direction = direction;
    for (record, state) in saga.steps.iter_mut().zip(states) {
        record.state = state;
    }
    saga
}

const fn may_hold(state: StepState) -> bool {
    matches!(state, StepState::Requested | StepState::Completed)
}

/// O-12: completed and unreported steps, point → coupon → stock.
#[test]
fn restoration_runs_in_reverse_over_held_and_unreported_steps() {
    for direction in DIRECTIONS {
        for states in combinations() {
            let mut expected: Vec<Step> =
                STEPS.into_iter().zip(states).filter(|(_, state)| may_hold(*state)).map(|(step, _)| step).collect();
            expected.reverse();
            assert_eq!(saga(direction, states).to_restore().collect::<Vec<_>>(), expected, "{states:?}");
        }
    }
}

/// O-10, O-11, T2, T3: the next action, for every combination of states and both directions.
#[test]
fn the_next_action_follows_from_the_states() {
    for states in combinations() {
        let open = states.contains(&StepState::Requested);
        let held = states.iter().any(|state| may_hold(*state));
        let failed = states
            .iter()
            .enumerate()
            .find_map(|(place, state)| (*state == StepState::Failed(REASON[place])).then_some(REASON[place]));
        let claiming = match failed {
            _ if open => Next::Wait,
            None if states.contains(&StepState::Waiting) => Next::Wait,
            None => Next::Claimed,
            Some(reason) if held => Next::Compensate(reason),
            Some(reason) => Next::Cancel(reason),
        };
        assert_eq!(saga(Direction::Claiming, states).next(), claiming, "{states:?}");

        let reason = Reason::CancelledByCustomer;
        let restoring = if held { Next::Wait } else { Next::Compensated(reason) };
        assert_eq!(saga(Direction::Restoring(reason), states).next(), restoring, "{states:?}");
    }
}

/// O-23: a failure has no effect before every step has reported.
#[test]
fn one_failed_step_does_not_stop_the_others() {
    let states = [StepState::Failed(Reason::StockExhausted), StepState::Requested, StepState::Requested];
    assert_eq!(saga(Direction::Claiming, states).next(), Next::Wait);
}

/// The reason does not depend on which failure arrived first.
#[test]
fn the_reported_failure_is_the_first_in_the_order_of_claiming() {
    let states = [StepState::Completed, StepState::Failed(REASON[1]), StepState::Failed(REASON[2])];
    assert_eq!(saga(Direction::Claiming, states).next(), Next::Compensate(Reason::CouponNotUsable));
}

#[test]
fn reports_about_an_unknown_step_are_ignored() {
    let saga = Saga::new([STOCK], Pace::Together, NOON);
    for step in [Step::Coupon, Step::Point, Step::Stock(ProductId(2))] {
        assert!(!saga.accepts(step, Report::Completed));
    }
}

#[test]
fn nothing_is_restored_before_restoration_is_requested() {
    for states in combinations() {
        for step in STEPS {
            assert!(!saga(Direction::Claiming, states).accepts(step, Report::Restored), "{states:?}");
        }
    }
}

#[test]
fn an_accepted_report_is_not_accepted_again() {
    for direction in DIRECTIONS {
        for states in combinations() {
            for (place, step) in STEPS.into_iter().enumerate() {
                for report in [Report::Completed, Report::Failed(REASON[place]), Report::Restored] {
                    let mut saga = saga(direction, states);
                    if saga.accepts(step, report) {
                        saga.note(step, report, NOON);
                        assert!(!saga.accepts(step, report), "{states:?} {step:?} {report:?}");
                    }
                }
            }
        }
    }
}

fn collect(saga: &mut Saga, (step, report): (Step, Report)) {
    if saga.accepts(step, report) {
        saga.note(step, report, NOON);
    }
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = vec![];
    for place in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(place);
        all.extend(permutations(&rest).into_iter().map(|mut tail| {
            tail.insert(0, first.clone());
            tail
        }));
    }
    all
}

/// Plays the reports in every order, with a duplicate of each at every later place, and expects one final state.
#[track_caller]
fn check_commutes(start: &Saga, reports: &[(Step, Report)]) {
    let mut ends = vec![];
    for order in permutations(reports) {
        for (place, duplicate) in order.iter().enumerate() {
            for again in place + 1..=order.len() {
                let mut played = order.clone();
                played.insert(again, *duplicate);
                let mut saga = start.clone();
                played.into_iter().for_each(|report| collect(&mut saga, report));
                ends.push(saga);
            }
        }
    }
    ends.dedup();
    assert_eq!(ends.len(), 1, "{ends:#?}");
}

#[test]
fn reports_may_arrive_twice_and_in_any_order() {
    for outcomes in 0..8_u32 {
        let reports: Vec<(Step, Report)> = STEPS
            .into_iter()
            .enumerate()
            .map(|(place, step)| {
                let is_granted = outcomes >> place & 1 == 1;
                (step, if is_granted { Report::Completed } else { Report::Failed(REASON[place]) })
            })
            .collect();
        check_commutes(&Saga::new(STEPS, Pace::Together, NOON), &reports);
    }
}

/// The reports that a participant may send about one step after restoration was requested: it was claimed, it was
/// restored, and a late request was refused.
#[test]
fn while_restoring_late_reports_may_arrive_twice_and_in_any_order() {
    let start = saga(Direction::Restoring(Reason::StepTimedOut), [StepState::Requested; 3]);
    let late = Report::Failed(Reason::ClaimReleased);
    let stock = [(STOCK, Report::Completed), (STOCK, Report::Restored), (STOCK, late)];
    let coupon = [(Step::Coupon, late), (Step::Coupon, Report::Restored)];
    let reports: Vec<(Step, Report)> = stock.into_iter().chain(coupon).collect();
    check_commutes(&start, &reports);
}

#[test]
fn a_restored_step_stays_restored() {
    let restored = saga(Direction::Restoring(Reason::StepTimedOut), [StepState::Restored; 3]);
    for report in [Report::Completed, Report::Failed(Reason::StockExhausted), Report::Restored] {
        assert!(!restored.accepts(STOCK, report));
    }
}

/// O-17: a wave is requested when the wave before is held, whichever report came last.
#[test]
fn in_waves_the_last_report_of_a_wave_requests_the_next() {
    let desk = Step::Stock(ProductId(2));
    let mut saga = Saga::new([STOCK, desk, Step::Coupon, Step::Point], Pace::InWaves, NOON);
    for (answer, asked) in [
        (None, vec![STOCK, desk]),
        (Some(desk), vec![STOCK]),
        (Some(STOCK), vec![Step::Coupon]),
        (Some(Step::Coupon), vec![Step::Point]),
        (Some(Step::Point), vec![]),
    ] {
        answer.into_iter().for_each(|step| collect(&mut saga, (step, Report::Completed)));
        assert_eq!(saga.asked().collect::<Vec<_>>(), asked, "{answer:?}");
    }
    assert_eq!(saga.next(), Next::Claimed);
}

/// O-17, O-47.
#[test]
fn a_wave_without_steps_is_skipped() {
    let mut saga = Saga::new([STOCK, Step::Point], Pace::InWaves, NOON);
    collect(&mut saga, (STOCK, Report::Completed));
    assert_eq!(saga.asked().collect::<Vec<_>>(), [Step::Point]);
}

/// O-18, O-19, O-47: after a failure no further step is requested, and only what is held is restored.
#[test]
fn in_waves_a_failure_stops_further_requests() {
    for (place, refused) in STEPS.into_iter().enumerate() {
        let mut saga = Saga::new(STEPS, Pace::InWaves, NOON);
        STEPS[..place].iter().for_each(|step| collect(&mut saga, (*step, Report::Completed)));
        collect(&mut saga, (refused, Report::Failed(REASON[place])));
        let mut held = STEPS[..place].to_vec();
        held.reverse();
        let next = if place == 0 { Next::Cancel(REASON[0]) } else { Next::Compensate(REASON[place]) };
        assert_eq!((saga.next(), saga.to_restore().collect::<Vec<_>>()), (next, held));
        assert!(saga.asked().next().is_none());
        for step in &STEPS[place + 1..] {
            assert!(!saga.accepts(*step, Report::Completed), "{step:?} was never requested");
        }
    }
}

/// In the history, a wave's last report may precede the start of compensation although it was collected later.
#[test]
fn a_history_that_compensates_requests_nothing_more() {
    let begun = Saga::new(STEPS, Pace::InWaves, NOON);
    let (mut collected_after, mut read_before) = (begun.clone(), begun);
    collected_after.turn_back(Reason::CancelledByCustomer, &[STOCK], NOON);
    collect(&mut collected_after, (STOCK, Report::Completed));
    collect(&mut read_before, (STOCK, Report::Completed));
    read_before.turn_back(Reason::CancelledByCustomer, &[STOCK], NOON);
    assert_eq!(read_before, collected_after);
}

#[test]
fn no_further_step_is_requested_after_a_timeout() {
    let mut saga = Saga::new(STEPS, Pace::InWaves, NOON);
    saga.direction = Direction::Restoring(Reason::CancelledByCustomer);
    collect(&mut saga, (STOCK, Report::Completed));
    assert!(saga.asked().next().is_none());
}
