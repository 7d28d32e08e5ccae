use domain::drops::Prequeue;

use super::*;
use crate::rehearsal::play::play;
use crate::rehearsal::script::{Arrivals, Crowd, Machines, Product, Room, Sale, Script, Speeds};

/// 400 customers for 50 units, half of them before the start.
pub(in crate::rehearsal) fn script() -> Script {
    Script {
        seed: 1,
        drop: Sale {
            name: "Saturday".into(),
            lasts_seconds: 600,
            per_customer: Some(2),
            products: vec![Product { stock: 50, per_customer: None, wanted: 1 }],
        },
        waiting_room: Some(Room { admit_per_second: 2, hold_seconds: 60, prequeue: Prequeue::Fifo }),
        customers: Crowd {
            count: 400,
            units: vec![50, 50],
            think_seconds: 4,
            look_every_seconds: 1,
            no_show_percent: 10,
            leave_percent: 0,
            leave_after_seconds: 30,
            again_percent: 50,
            unpaid_percent: 0,
            repeats: 3,
            repeat_after_seconds: 2,
        },
        arrivals: vec![Arrivals { from: -30, to: 0, share: 1 }, Arrivals { from: 0, to: 30, share: 1 }],
        shop: Machines::default(),
    }
}

fn assert_sound(outcome: &Outcome) {
    assert_eq!(outcome.violations, Vec::<String>::new());
    let ended: u64 = outcome.ends.values().sum();
    assert_eq!(ended, u64::from(outcome.customers), "{:?}", outcome.ends);
}

#[test]
fn a_waiting_room_sells_exactly_the_stock_in_its_order() {
    let outcome = play(&script());
    assert_sound(&outcome);
    assert_eq!((outcome.sold, outcome.stock), (50, 50));
    let sold_out = outcome.sold_out_seconds.unwrap();
    // About 50 / 1.5 buyers of 90 % of the admitted, two per second.
    assert!((12.0..40.0).contains(&sold_out), "sold out after {sold_out} s");
    assert!(outcome.ended(End::ToldSoldOut) > 300, "{:?}", outcome.ends);
    assert!(outcome.refused(Refused::LimitExceeded) > 0, "{:?}", outcome.refusals);
    assert!(outcome.wait_seconds.p95 > outcome.wait_seconds.p50);
}

#[test]
fn equal_scripts_have_equal_outcomes() {
    assert_eq!(play(&script()), play(&script()));
    assert_ne!(play(&script()), play(&Script { seed: 2, ..script() }));
}

#[test]
fn a_shuffle_and_several_processes_keep_the_rules() {
    let mut script = script();
    script.waiting_room = script.waiting_room.map(|room| Room { prequeue: Prequeue::Shuffle, ..room });
    script.shop.processes = 3;
    script.customers.leave_percent = 30;
    let outcome = play(&script);
    assert_sound(&outcome);
    assert_eq!(outcome.sold, 50);
    assert!(outcome.ended(End::Left) > 0, "{:?}", outcome.ends);
}

#[test]
fn without_a_waiting_room_the_rush_decides() {
    let mut script = script();
    script.waiting_room = None;
    let outcome = play(&script);
    assert_sound(&outcome);
    assert_eq!(outcome.sold, 50);
    assert!(outcome.sold_out_seconds.unwrap() < 2.0);
    assert!(outcome.refused(Refused::OutOfStock) > 0);
}

#[test]
fn units_that_are_not_paid_are_sold_again() {
    let mut script = script();
    script.customers.unpaid_percent = 40;
    script.shop.pay_within_seconds = 30;
    let outcome = play(&script);
    assert_sound(&outcome);
    assert_eq!(outcome.sold, 50);
    let paid = {
        let mut script = script.clone();
        script.customers.unpaid_percent = 0;
        play(&script)
    };
    assert!(
        outcome.sold_out_seconds > paid.sold_out_seconds,
        "{:?} {:?}",
        outcome.sold_out_seconds,
        paid.sold_out_seconds
    );
}

/// Customers who do not pay have bought nothing, also when their units come back after the end.
#[test]
fn only_paid_orders_count_as_sold() {
    for (unpaid_percent, pay_within_seconds) in [(100, 5), (100, 6_000), (50, 6_000)] {
        let mut script = script();
        script.drop.per_customer = None;
        script.customers.units = vec![100];
        script.customers.again_percent = 0;
        script.customers.unpaid_percent = unpaid_percent;
        script.shop.pay_within_seconds = pay_within_seconds;
        let outcome = play(&script);
        assert_sound(&outcome);
        assert_eq!(outcome.ended(End::Bought), outcome.sold.cast_unsigned(), "{:?}", outcome.ends);
        assert_eq!(outcome.sold == 0, unpaid_percent == 100, "{}", outcome.sold);
        assert!(outcome.ended(End::Unpaid) > 0, "{:?}", outcome.ends);
        assert_eq!(outcome.first_sold_out_seconds.is_some(), pay_within_seconds > 60, "else some are always back");
        assert_eq!(outcome.sold_out_seconds, None, "not everything is paid");
        assert_eq!(outcome.points.last().map(|point| point.sold), Some(outcome.sold));
    }
}

/// The last ones are admitted just before the end, and order after it.
#[test]
fn an_order_after_the_end_is_named_so() {
    let mut script = script();
    script.drop.lasts_seconds = 40;
    script.drop.products[0].stock = 400;
    script.customers.think_seconds = 20;
    script.customers.again_percent = 0;
    let outcome = play(&script);
    assert_sound(&outcome);
    assert!(outcome.ended(End::AfterTheEnd) > 0 && outcome.ended(End::Ended) > 0, "{:?}", outcome.ends);
    assert_eq!(outcome.ended(End::AfterTheEnd), outcome.refused(Refused::Ended), "{:?}", outcome.refusals);
}

#[test]
fn a_shop_that_is_too_slow_refuses_and_admits_more_slowly() {
    let mut script = script();
    script.shop.queue_max = 20;
    script.shop.speeds = Speeds { join_us: 400_000, order_us: 800_000, ..Speeds::default() };
    let outcome = play(&script);
    assert!(outcome.refused(Refused::Overloaded) > 0, "{:?}", outcome.refusals);
    assert!(outcome.admission_percent_min < 100);
    assert!(outcome.engine_busy_percent > 90.0, "{}", outcome.engine_busy_percent);
    assert_eq!(outcome.violations, Vec::<String>::new());
}

#[test]
fn a_wrong_value_names_its_key() {
    let wrong = |change: fn(&mut Script)| {
        let mut script = script();
        change(&mut script);
        script.check().unwrap_err().to_string()
    };
    assert_eq!(script().check(), Ok(()));
    assert_eq!(wrong(|script| script.customers.count = 0), "customers.count is 0, but must be from 1 to 1000000");
    assert_eq!(wrong(|script| script.arrivals[1].to = 0), "arrivals[1].to is 0, but must be from 1 to 600");
    assert_eq!(
        wrong(|script| script.customers.units = vec![50]),
        "customers.units adds up to 50, but must add up to 100 percent"
    );
}
