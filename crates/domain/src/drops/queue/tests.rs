use proptest::prelude::*;

use super::*;

const fn t(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * MICROS)
}

fn queue(prequeue: Prequeue, rate: i64) -> Queue {
    Queue::new(WaitingRoom { admit_per_second: rate, hold_seconds: 60, prequeue }, [9; 32])
}

fn joined(prequeue: Prequeue, rate: i64, count: i64) -> Queue {
    let mut queue = queue(prequeue, rate);
    for _ in 0..count {
        queue.join();
    }
    queue
}

#[test]
fn a_queue_admits_by_its_rate_in_the_order_of_decision() {
    let mut queue = joined(Prequeue::Fifo, 10, 100);
    assert_eq!((queue.standing(5, t(0)).ahead, queue.moves_at()), (Some(4), None));
    queue.open(t(100));
    for second in 0..3 {
        queue.advance(true, 100, t(100 + second));
        assert_eq!(queue.admitted, 10 * (second + 1));
    }
    assert_eq!(queue.standing(30, t(102)).status, TicketStatus::Admitted);
    assert_eq!(queue.standing(31, t(102)).ahead, Some(0));
    assert_eq!((queue.wait_seconds(0), queue.wait_seconds(69)), (1, 7));
    assert_eq!(queue.waiting(), 70);
}

#[test]
fn a_deep_engine_slows_the_admission_and_a_drop_that_sells_nothing_stops_it() {
    let mut queue = joined(Prequeue::Fifo, 10, 100);
    queue.open(t(0));
    queue.advance(true, 100, t(0));
    queue.advance(true, 20, t(1));
    assert_eq!((queue.admitted, queue.wait_seconds(9)), (12, 5));
    queue.advance(false, 100, t(2));
    queue.advance(true, 100, t(3));
    assert_eq!(queue.admitted, 22);
    queue.advance(true, 100, t(1_000));
    assert_eq!(queue.admitted, 42, "a pause is not made up for in one rush");
}

#[test]
fn a_hold_ends_and_its_ticket_never_comes_back() {
    let mut queue = joined(Prequeue::Fifo, 1, 9);
    queue.open(t(0));
    queue.advance(true, 100, t(0));
    let until = queue.standing(1, t(0)).until.unwrap();
    assert_eq!(queue.standing(1, t(59)).status, TicketStatus::Admitted);
    assert_eq!((until, queue.standing(1, until).status), (t(60), TicketStatus::Expired));
    (1..90).for_each(|second| queue.advance(true, 100, t(second)));
    assert_eq!(queue.standing(1, t(90)).status, TicketStatus::Expired);
}

#[test]
fn those_who_left_are_not_ahead_and_take_no_turn() {
    let mut queue = joined(Prequeue::Fifo, 2, 6);
    queue.leave(1);
    queue.leave(4);
    assert_eq!([2, 3, 5, 6].map(|number| queue.standing(number, t(0)).ahead), [Some(0), Some(1), Some(2), Some(3)]);
    queue.open(t(0));
    queue.advance(true, 100, t(0));
    assert_eq!((queue.admitted, queue.waiting()), (3, 2));
    queue.advance(true, 100, t(1));
    assert_eq!((queue.admitted, queue.waiting()), (6, 0));
}

#[test]
fn a_shuffle_draws_those_who_came_before_and_queues_the_others_behind() {
    let mut queue = joined(Prequeue::Shuffle, 10, 50);
    assert_eq!(queue.standing(7, t(0)).position, None);
    queue.leave(7);
    queue.open(t(0));
    assert_eq!(queue.join(), 51);
    let mut places: Vec<i64> = (1..=50).filter_map(|number| queue.place(number)).collect();
    assert_eq!(queue.place(51), Some(51));
    assert_ne!(places, (1..=50).collect::<Vec<_>>());
    places.sort_unstable();
    assert_eq!(places, (1..=50).collect::<Vec<_>>());
    assert_eq!(queue.waiting(), 50);
}

/// Five customers come one after the other, and then two hundred at once.
#[test]
fn how_many_came_is_no_rate() {
    let mut queue = queue(Prequeue::Fifo, 50);
    queue.open(t(0));
    for second in 0..15 {
        if second % 3 == 0 {
            queue.join();
        }
        queue.advance(true, 100, t(second));
    }
    assert_eq!((queue.admitted, queue.waiting()), (5, 0));
    (0..200).for_each(|_| {
        queue.join();
    });
    assert_eq!(queue.wait_seconds(199), 4);
    // The engine takes half of the rate, which is measured once people wait.
    for second in 15..22 {
        queue.join();
        queue.advance(true, if second < 16 { 100 } else { 10 }, t(second));
    }
    assert_eq!(queue.wait_seconds(99), 20, "5 per second");
}

#[test]
fn a_time_without_admissions_is_no_rate() {
    let mut queue = joined(Prequeue::Fifo, 10, 1_000);
    queue.open(t(0));
    (0..10).for_each(|second| queue.advance(true, 100, t(second)));
    assert_eq!(queue.wait_seconds(99), 10);
    (10..70).for_each(|second| queue.advance(false, 100, t(second)));
    queue.advance(true, 100, t(70));
    assert_eq!(queue.wait_seconds(99), 10, "it sold nothing for a minute");
    queue.set_rate(50);
    assert_eq!(queue.wait_seconds(99), 2, "an admin has changed the rate");
}

proptest! {
    /// No ticket is overtaken, no admission exceeds the rate, and everybody who stays is admitted in the end.
    #[test]
    fn a_queue_tells_the_truth(rate in 1..20_i64, steps in prop::collection::vec((0..4_u8, 1..9_i64), 1..80)) {
        let mut queue = queue(Prequeue::Fifo, rate);
        queue.open(t(0));
        let (mut now, mut gone) = (0, std::collections::BTreeSet::new());
        for (act, amount) in steps {
            match act {
                0 | 1 => (0..amount).for_each(|_| {
                    queue.join();
                }),
                2 => {
                    let number = amount % queue.joined.max(1) + 1;
                    if number <= queue.joined && number > queue.admitted && gone.insert(number) {
                        queue.leave(number);
                    }
                }
                _ => {
                    let before = queue.admitted;
                    now += 1;
                    queue.advance(true, 100, t(now));
                    let is_passed = |number: &&i64| **number > before && **number <= queue.admitted;
                    let left = gone.iter().filter(is_passed).count() as i64;
                    prop_assert!(queue.admitted - before - left <= 2 * rate);
                }
            }
            let ahead: Vec<i64> = (queue.admitted + 1..=queue.joined)
                .filter(|number| !gone.contains(number))
                .filter_map(|number| queue.standing(number, t(now)).ahead)
                .collect();
            prop_assert!(ahead.iter().copied().eq(0..queue.waiting()));
        }
        (now..now + 2_000).for_each(|second| queue.advance(true, 100, t(second)));
        prop_assert_eq!(queue.admitted, queue.joined);
    }
}
