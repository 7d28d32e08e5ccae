use proptest::prelude::*;

use crate::order::modes::*;

const SMALL: Basket = Basket { user: UserId(1), items: 1, has_coupon: false, has_points: false };

fn gradual(user: i64, percent: u8) -> Mode {
    let (mode, rule) = Modes { choice: Choice::Gradual, percent }.of(Basket { user: UserId(user), ..SMALL });
    assert_eq!(rule, Some(Rule::Gradual));
    mode
}

#[track_caller]
fn check_adaptive(basket: Basket, expected: Mode) {
    assert_eq!(Modes::always(Choice::Adaptive).of(basket), (expected, Some(Rule::Adaptive)), "{basket:?}");
}

#[test]
fn a_named_mode_is_not_chosen_by_a_rule() {
    for mode in Mode::ALL {
        assert_eq!(Modes::always(mode.into()).of(SMALL), (mode, None));
    }
}

/// O-20: the boundary lies between three items and four.
#[test]
fn adaptive_takes_three_items_in_parallel_and_four_step_by_step() {
    check_adaptive(Basket { items: 3, ..SMALL }, Mode::Parallel);
    check_adaptive(Basket { items: 4, ..SMALL }, Mode::Sequential);
    check_adaptive(Basket { has_coupon: true, ..SMALL }, Mode::Sequential);
    check_adaptive(Basket { has_points: true, ..SMALL }, Mode::Sequential);
}

/// T5.
#[test]
fn no_hash_is_outside_of_the_buckets() {
    for hash in [0, 1, 99, 100, u64::MAX, i64::MIN.cast_unsigned(), i32::MIN.cast_unsigned().into()] {
        assert!(bucket(hash) < PERCENT, "{hash}");
    }
    for user in [i64::MIN, -1, 0, 1, i64::MAX, i32::MIN.into()] {
        assert_eq!(gradual(user, 0), Mode::Sequential, "no user is below 0 percent");
        assert_eq!(gradual(user, 100), Mode::Parallel, "everybody is among the first 100 percent");
    }
}

/// Pins the buckets of some users: a change would move customers in the middle of a rollout.
#[test]
fn a_user_stays_in_the_same_bucket() {
    let buckets: Vec<u64> = (1..=8).map(|user| bucket(hash(UserId(user)))).collect();
    assert_eq!(buckets, [65, 10, 53, 78, 18, 92, 87, 22]);
}

#[test]
fn ten_percent_of_consecutive_users_are_about_ten_percent() {
    let chosen = (1..=10_000).filter(|user| gradual(*user, 10) == Mode::Parallel).count();
    assert!((850..1_150).contains(&chosen), "{chosen} of 10,000");
}

proptest! {
    /// O-21.
    #[test]
    fn raising_the_percentage_never_moves_a_user_back(user: i64, low in 0_u8..=100, more in 0_u8..=100) {
        let high = low.saturating_add(more).min(100);
        prop_assert!(gradual(user, low) == Mode::Sequential || gradual(user, high) == Mode::Parallel);
    }
}
