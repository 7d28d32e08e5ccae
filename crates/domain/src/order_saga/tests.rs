use super::*;

const STOCK: Step = Step::Stock(ProductId(1));
const STEPS: [Step; 3] = [STOCK, Step::Coupon, Step::Point];
const REASON: [Reason; 3] = [Reason::StockExhausted, Reason::CouponNotUsable, Reason::PointsInsufficient];
const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);
const DIRECTIONS: [Direction; 2] = [Direction::Claiming, Direction::Restoring(Reason::CancelledByCustomer)];

fn states_of(place: usize) -> [StepState; 4] {
    [StepState::Requested, StepState::Completed, StepState::Failed(REASON[place]), StepState::Restored]
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
    let mut saga = Saga::new(STEPS, NOON);
    saga.direction = direction;
    for (record, state) in saga.steps.iter_mut().zip(states) {
        record.state = state;
    }
    saga
}

const fn may_hold(state: StepState) -> bool {
    matches!(state, StepState::Requested | StepState::Completed)
}

/// O-12: completed and unknown steps, point → coupon → stock.
#[test]
fn restoration_goes_backwards_over_what_is_held_or_unknown() {
    for direction in DIRECTIONS {
        for states in combinations() {
            let mut expected: Vec<Step> =
                STEPS.into_iter().zip(states).filter(|(_, state)| may_hold(*state)).map(|(step, _)| step).collect();
            expected.reverse();
            assert_eq!(saga(direction, states).to_restore().collect::<Vec<_>>(), expected, "{states:?}");
        }
    }
}

/// O-10, O-11, T2, T3: what to do next, for every combination of states and either direction.
#[test]
fn the_next_move_follows_from_what_is_known() {
    for states in combinations() {
        let open = states.contains(&StepState::Requested);
        let held = states.iter().any(|state| may_hold(*state));
        let failed = states
            .iter()
            .enumerate()
            .find_map(|(place, state)| (*state == StepState::Failed(REASON[place])).then_some(REASON[place]));
        let claiming = match failed {
            _ if open => Next::Wait,
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

/// O-23: a refusal is not acted upon before everybody has answered.
#[test]
fn one_refusal_does_not_stop_the_others() {
    let states = [StepState::Failed(Reason::StockExhausted), StepState::Requested, StepState::Requested];
    assert_eq!(saga(Direction::Claiming, states).next(), Next::Wait);
}

/// The reason does not depend on which refusal arrived first.
#[test]
fn the_customer_is_told_the_first_refusal_in_the_order_of_claiming() {
    let states = [StepState::Completed, StepState::Failed(REASON[1]), StepState::Failed(REASON[2])];
    assert_eq!(saga(Direction::Claiming, states).next(), Next::Compensate(Reason::CouponNotUsable));
}

#[test]
fn reports_of_a_step_that_the_order_does_not_have_are_passed_over() {
    let saga = Saga::new([STOCK], NOON);
    for step in [Step::Coupon, Step::Point, Step::Stock(ProductId(2))] {
        assert!(!saga.accepts(step, Report::Completed));
    }
}

#[test]
fn nothing_is_restored_before_it_was_asked_for() {
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

fn take_in(saga: &mut Saga, (step, report): (Step, Report)) {
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

/// Plays the reports in every order, with a duplicate of each inserted at every later place, and wants one end.
#[track_caller]
fn check_commutes(start: &Saga, reports: &[(Step, Report)]) {
    let mut ends = vec![];
    for order in permutations(reports) {
        for (place, duplicate) in order.iter().enumerate() {
            for again in place + 1..=order.len() {
                let mut played = order.clone();
                played.insert(again, *duplicate);
                let mut saga = start.clone();
                played.into_iter().for_each(|report| take_in(&mut saga, report));
                ends.push(saga);
            }
        }
    }
    ends.dedup();
    assert_eq!(ends.len(), 1, "{ends:#?}");
}

#[test]
fn answers_may_come_twice_and_in_any_order() {
    for outcomes in 0..8_u32 {
        let reports: Vec<(Step, Report)> = STEPS
            .into_iter()
            .enumerate()
            .map(|(place, step)| {
                let is_granted = outcomes >> place & 1 == 1;
                (step, if is_granted { Report::Completed } else { Report::Failed(REASON[place]) })
            })
            .collect();
        check_commutes(&Saga::new(STEPS, NOON), &reports);
    }
}

/// What a participant may say of one step once restoration was asked for: it had it, gave it back, and refused a late
/// request.
#[test]
fn while_restoring_late_claims_and_restorations_may_come_twice_and_in_any_order() {
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
