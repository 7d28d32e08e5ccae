//! Deadlines, and clocks that jump.

use std::time::Duration;

use app::commands::Command;
use app::commands::answer::Refusal;
use app::state::settings::Executor;
use domain::money::Money;
use domain::order::Outcome;
use domain::time::Timestamp;

use crate::shop::{ANN, HOUR, NOON, STEP_DEADLINE, Shop, campaign_of, job, order_of};

const MOMENT: Duration = Duration::from_micros(1);

fn charge() -> Command {
    Command::ChargePoints { user: ANN, amount: Money::won(1) }
}

#[test]
fn a_command_past_its_deadline_is_not_decided() {
    let mut shop = Shop::open(Executor::Inline);
    let (in_time, served) = job(charge());
    let (overdue, refused) = job(charge());
    shop.clock.set(NOON + HOUR);
    shop.batch(vec![in_time.before(NOON + HOUR), overdue.before(NOON + (HOUR - MOMENT))]);
    assert!(served.answer().result.is_ok());
    assert!(matches!(refused.answer().result, Err(Refusal::Overloaded { .. })));
    assert_eq!(shop.balance(ANN), 1);
}

#[test]
fn everything_in_a_batch_has_one_time() {
    let mut shop = Shop::open(Executor::Inline);
    shop.decide([charge(), charge()]);
    assert!(shop.state().entries.values().all(|entry| entry.at == NOON));
}

#[test]
fn decisions_never_go_back_in_time_when_the_clock_does() {
    let mut shop = Shop::open(Executor::Inline);
    let mut campaign = campaign_of(5);
    campaign.issue_ends_at = NOON + HOUR;
    let campaign = shop.campaign(campaign);
    shop.clock.set(NOON + HOUR);
    assert_eq!(shop.issue(campaign, ANN), Err(Refusal::CouponExpired));
    shop.clock.set(NOON);
    assert_eq!(shop.issue(campaign, ANN), Err(Refusal::CouponExpired));
    shop.charge(ANN, 1);
    assert!(shop.state().entries.values().all(|entry| entry.at == NOON + HOUR));
}

#[test]
fn an_order_has_its_whole_deadline_when_the_clock_goes_back() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    shop.clock.set(NOON + HOUR);
    shop.charge(ANN, 1);
    shop.clock.set(NOON);
    let order = shop.place_only(order_of(ANN, product));
    shop.clock.set(NOON + HOUR + (STEP_DEADLINE - MOMENT));
    shop.fire_timers();
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
    shop.clock.set(NOON + HOUR + STEP_DEADLINE);
    shop.fire_timers();
    assert_eq!(shop.order(order).outcome, Outcome::Compensating);
}

/// The time of decisions stops until the clock has caught up; deadlines of commands use the clock itself.
#[test]
fn commands_are_in_time_by_the_clock_that_was_set_back() {
    let mut shop = Shop::open(Executor::Inline);
    shop.clock.set(NOON + HOUR);
    shop.charge(ANN, 1);
    shop.clock.set(NOON + MOMENT);
    let (in_time, served) = job(charge());
    let (overdue, refused) = job(charge());
    shop.batch(vec![in_time.before(NOON + MOMENT), overdue.before(NOON)]);
    assert!(served.answer().result.is_ok());
    assert!(matches!(refused.answer().result, Err(Refusal::Overloaded { .. })));
}

#[test]
fn a_clock_before_all_time_does_no_harm() {
    let mut shop = Shop::open(Executor::Inline);
    shop.clock.set(Timestamp::from_micros(i64::MIN));
    shop.charge(ANN, 1);
    shop.clock.set(NOON);
    shop.charge(ANN, 1);
    assert_eq!(shop.balance(ANN), 2);
}
