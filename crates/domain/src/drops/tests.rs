use proptest::prelude::*;

use super::*;
use crate::ids::{Codec, OrderId, UserId};

const LAMP: ProductId = ProductId(1);
const DESK: ProductId = ProductId(2);
const SECRETS: Secrets = Secrets { seed: [1; 32], key: [2; 32] };
const ANN: UserId = UserId(7);

const fn t(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Lamps with a limit of 2, desks without one, 3 units in all, from 100 to 200.
fn drop() -> Drop {
    let lamps = Offer { product: LAMP, per_customer: Some(2) };
    let desks = Offer { product: DESK, per_customer: None };
    let products = vec![lamps, desks];
    let terms = Terms {
        name: "Saturday".into(),
        starts_at: t(100),
        ends_at: t(200),
        products,
        per_customer: Some(3),
        per_payment_method: None,
        waiting_room: None,
        secrets: SECRETS,
    };
    Drop::new(DropId(1), &terms, vec![], t(0))
}

fn claim(drop: &Drop, buyer: &Buyer, lines: &[(ProductId, i64)], at: i64) -> Result<Buyer, Rejection> {
    drop.claim(buyer, &Claim { lines, shows_ticket: false, is_prepaid: false }, t(at))
}

fn ann() -> Buyer {
    Buyer::new(DropId(1), ANN)
}

#[test]
fn the_first_moment_sells_and_the_last_does_not() {
    let bought = |at| claim(&drop(), &ann(), &[(LAMP, 1)], at).map(|buyer| buyer.units_of(LAMP));
    assert_eq!([99, 100, 199, 200].map(bought), [Err(Rejection::NotStarted), Ok(1), Ok(1), Err(Rejection::Ended)]);
}

#[test]
fn a_paused_drop_sells_nothing_inside_its_window() {
    let change = Change { paused: Some(true), ..Change::default() };
    let paused = drop().change(change, t(150)).unwrap();
    assert_eq!(paused.check_open(t(99)), Err(Rejection::NotStarted));
    assert_eq!(paused.check_open(t(150)), Err(Rejection::Paused));
    assert_eq!(paused.check_open(t(200)), Err(Rejection::Ended));
}

#[test]
fn a_limit_counts_what_the_customer_has() {
    let drop = drop();
    let two = claim(&drop, &ann(), &[(LAMP, 2)], 150).unwrap();
    let third = claim(&drop, &two, &[(LAMP, 1)], 150);
    assert_eq!(third, Err(Rejection::LimitExceeded { limit: 2, already: 2 }));
    assert_eq!(claim(&drop, &two, &[(DESK, 2)], 150), Err(Rejection::LimitExceeded { limit: 3, already: 2 }));
    let full = claim(&drop, &two, &[(DESK, 1)], 150).unwrap();
    assert_eq!(full.all_units(), 3);
    let fewer = full.without(&[(LAMP, 1)]).unwrap();
    assert!(claim(&drop, &fewer, &[(LAMP, 1)], 150).is_ok());
    assert_eq!(fewer.without(&[(LAMP, 2)]), None);
    assert_eq!(full.without(&[(LAMP, 2), (DESK, 1)]), Some(ann()));
}

#[test]
fn an_ended_drop_is_not_extended_and_a_window_keeps_its_order() {
    let until = |at| Change { ends_at: Some(t(at)), ..Change::default() };
    assert_eq!(drop().change(until(300), t(199)).map(|drop| drop.ends_at), Ok(t(300)));
    assert_eq!(drop().change(until(150), t(180)).map(|drop| drop.ends_at), Ok(t(180)), "it has sold until then");
    assert_eq!(drop().change(until(300), t(200)), Err(ChangeRejection::Ended));
    assert_eq!(drop().change(until(100), t(50)), Err(ChangeRejection::WindowOutOfOrder));
    assert_eq!(drop().change(until(51), t(50)), Err(ChangeRejection::WindowOutOfOrder));
    assert_eq!(
        drop().change(until(20), t(150)).map(|drop| drop.ends_at),
        Ok(t(150)),
        "any moment that has passed ends it"
    );
}

#[test]
fn a_drop_that_has_not_started_can_be_ended() {
    for past in [0, 50] {
        let change = Change { ends_at: Some(t(past)), ..Change::default() };
        let mut ended = with_room().change(change, t(50)).unwrap();
        assert_eq!((ended.ends_at, ended.status(t(50)), ended.turns_at()), (t(50), Status::Closed, Some(t(50))));
        assert_eq!(ended.check_open(t(50)), Err(Rejection::Ended));
        assert_eq!(ended.join(&ann(), t(50)), Err(JoinRejection::Ended));
        assert_eq!((ended.turn(100, t(50)), ended.turns_at()), (vec![Turn::Closed], None), "it never opened");
        assert_eq!(ended.turn(100, t(1_000_000_000)), [], "nor does it at its start");
        assert_eq!(ended.change(change, t(60)), Err(ChangeRejection::Ended));
    }
    let mut asleep = drop().change(Change { ends_at: Some(t(0)), ..Change::default() }, t(50)).unwrap();
    assert_eq!(asleep.turn(100, t(500)), [Turn::Closed], "also when the shop was down until later");
}

#[test]
fn every_turn_is_announced_once() {
    let mut sale = drop();
    assert_eq!(sale.turn(100, t(99)), []);
    assert_eq!((sale.turns_at(), sale.turn(100, t(120))), (Some(t(100)), vec![Turn::Opened]));
    assert_eq!((sale.turns_at(), sale.turn(100, t(120))), (Some(t(200)), vec![]));
    assert_eq!(sale.note_stock(LAMP, false, t(130)), None);
    assert_eq!(sale.note_stock(DESK, false, t(130)), Some(Turn::SoldOut));
    assert_eq!(sale.status(t(130)), Status::SoldOut);
    assert_eq!(sale.note_stock(DESK, true, t(140)), None);
    assert_eq!(sale.status(t(140)), Status::Open);
    assert_eq!((sale.turn(100, t(250)), sale.turns_at()), (vec![Turn::Closed], None));
    let mut late = drop();
    assert_eq!(late.turn(100, t(250)), [Turn::Opened, Turn::Closed]);
}

fn with_room() -> Drop {
    room(Prequeue::Fifo)
}

/// From second 100 to second 900.
fn room(prequeue: Prequeue) -> Drop {
    let waiting_room = Some(WaitingRoom { admit_per_second: 1, hold_seconds: 300, prequeue });
    let products = vec![Offer { product: LAMP, per_customer: None }];
    let second = 1_000_000;
    let (starts_at, ends_at) = (t(100 * second), t(900 * second));
    let terms = Terms {
        name: "Saturday".into(),
        starts_at,
        ends_at,
        products,
        per_customer: None,
        per_payment_method: None,
        waiting_room,
        secrets: SECRETS,
    };
    Drop::new(DropId(1), &terms, vec![], t(0))
}

#[test]
fn only_an_admitted_ticket_of_the_customer_buys() {
    let (mut drop, second) = (with_room(), 1_000_000);
    let shown = |drop: &Drop, buyer: &Buyer, shows_ticket, at| {
        drop.claim(buyer, &Claim { lines: &[(LAMP, 1)], shows_ticket, is_prepaid: true }, t(at))
            .map(|buyer| buyer.all_units())
    };
    let first = drop.join(&ann(), t(0)).unwrap().unwrap();
    let bob = Buyer::new(DropId(1), UserId(8));
    let later = drop.join(&bob, t(0)).unwrap().unwrap();
    assert_eq!((first.ticket, later.ticket), (Some(1), Some(2)));
    assert_eq!(drop.join(&first, t(0)), Ok(None), "a customer has one ticket");
    let open = 100 * second;
    assert_eq!(drop.turn(100, t(open)), [Turn::Opened, Turn::Admitted { upto: 1 }]);
    assert_eq!(shown(&drop, &first, false, open), Err(Rejection::TicketRequired));
    assert_eq!(shown(&drop, &first, true, open), Ok(1));
    assert_eq!(shown(&drop, &later, true, open), Err(Rejection::TicketRequired));
    assert_eq!(shown(&drop, &ann(), true, open), Err(Rejection::TicketRequired));
    assert_eq!(drop.turns_at(), Some(t(101 * second)));
    assert_eq!(drop.turn(100, t(101 * second)), [Turn::Admitted { upto: 2 }]);
    assert_eq!(shown(&drop, &later, true, 101 * second), Ok(1));
    assert_eq!(shown(&drop, &first, true, 500 * second), Err(Rejection::TicketRequired), "the hold is over");
    let again = drop.join(&first, t(500 * second)).unwrap().unwrap();
    assert_eq!(again.ticket, Some(3));
    assert_eq!(drop.leave(&again).map(|buyer| buyer.ticket), Some(None));
    assert_eq!(drop.join(&ann(), t(900 * second)), Err(JoinRejection::Ended));
}

/// Nobody has noticed the start: the process was dead, or its next look is due.
#[test]
fn who_joins_after_the_start_is_not_drawn_among_those_before() {
    let (mut drop, start) = (room(Prequeue::Shuffle), 100_000_000);
    let join = |drop: &mut Drop, user, at| {
        let ticket = drop.join(&Buyer::new(DropId(1), UserId(user)), t(at)).unwrap().unwrap().ticket.unwrap();
        let act = Act { kind: LinkKind::Joined, user: Some(UserId(user)), subject: ticket, order: None };
        (ticket, drop.link(act, t(at)).at)
    };
    for user in 1..=20 {
        assert_eq!(join(&mut drop, user, start - 1), (user, t(start - 1)));
    }
    assert_eq!((drop.has_opened(), drop.drawn()), (false, None));
    for user in 21..=40 {
        assert_eq!(join(&mut drop, user, start), (user, t(start)));
    }
    assert_eq!((drop.has_opened(), drop.drawn()), (true, Some(20)));
    // The clock of another process was read before the start, but its customer is decided behind the others.
    assert_eq!(join(&mut drop, 41, start - 1), (41, t(start)));
    assert_eq!(drop.turn(100, t(start + 1)), [Turn::Opened, Turn::Admitted { upto: 1 }]);
    let queue = drop.queue.as_ref().unwrap();
    let mut drawn: Vec<i64> = (1..=20).filter_map(|number| queue.place(number)).collect();
    assert_ne!(drawn, (1..=20).collect::<Vec<_>>());
    drawn.sort_unstable();
    assert_eq!(drawn, (1..=20).collect::<Vec<_>>());
    assert!((21..=41).all(|number| queue.place(number) == Some(number)));
}

/// Returns a drop that was opened, with a customer who was admitted at its start for 300 s and one who waits.
fn admitted() -> (Drop, Buyer, Buyer) {
    let mut drop = with_room();
    let [first, second] = [1, 2].map(|user| drop.join(&Buyer::new(DropId(1), UserId(user)), t(0)).unwrap().unwrap());
    drop.turn(100, t(100_000_000));
    (drop, first, second)
}

/// Returns the status of a ticket at a second, and the second at which its hold ends.
fn standing(drop: &Drop, buyer: &Buyer, second: i64) -> (TicketStatus, Option<i64>) {
    let standing = drop.queue.as_ref().unwrap().standing(buyer.ticket.unwrap(), t(second * 1_000_000));
    (standing.status, standing.until.map(|until| until.micros() / 1_000_000))
}

fn passing(drop: &mut Drop, seconds: std::ops::Range<i64>) {
    for second in seconds {
        drop.turn(100, t(second * 1_000_000));
    }
}

/// A hold of 300 s, of which 30 have passed when the drop is paused for 400 s.
#[test]
fn a_pause_takes_no_time_from_those_who_are_admitted() {
    let (mut drop, first, second) = admitted();
    let pause = |drop: &Drop, paused, second: i64| {
        drop.change(Change { paused: Some(paused), ..Change::default() }, t(second * 1_000_000)).unwrap()
    };
    passing(&mut drop, 101..102);
    assert_eq!(standing(&drop, &second, 101), (TicketStatus::Admitted, Some(401)));
    passing(&mut drop, 102..130);
    drop = pause(&drop, true, 130);
    assert_eq!(drop, pause(&drop, true, 200), "paused once");
    let third = drop.join(&Buyer::new(DropId(1), UserId(3)), t(130_000_000)).unwrap().unwrap();
    assert_eq!(drop.wait_seconds(0, t(130_000_000)), None);
    passing(&mut drop, 130..530);
    assert_eq!(standing(&drop, &first, 530), (TicketStatus::Admitted, None));
    drop = pause(&drop, false, 530);
    assert_eq!(drop.wait_seconds(0, t(530_000_000)), Some(1));
    // Those of one step share the latest end, which is a sixtieth later at most.
    let (_, until) = standing(&drop, &first, 530);
    assert_eq!(until, Some(801));
    passing(&mut drop, 530..800);
    assert_eq!(standing(&drop, &third, 800).0, TicketStatus::Admitted);
    assert_eq!(standing(&drop, &first, 800).0, TicketStatus::Admitted);
    passing(&mut drop, 800..802);
    assert_eq!(standing(&drop, &first, 801).0, TicketStatus::Expired);
    assert_eq!(standing(&drop, &third, 801).0, TicketStatus::Admitted);
}

#[test]
fn a_hold_that_was_over_before_the_pause_stays_so() {
    let (mut drop, first, _) = admitted();
    passing(&mut drop, 101..401);
    let change = |paused| Change { paused: Some(paused), ..Change::default() };
    drop = drop.change(change(true), t(450_000_000)).unwrap();
    assert_eq!(standing(&drop, &first, 450).0, TicketStatus::Expired);
    drop = drop.change(change(false), t(500_000_000)).unwrap();
    assert_eq!(standing(&drop, &first, 500).0, TicketStatus::Expired);
}

#[test]
fn nobody_is_admitted_to_what_cannot_be_bought() {
    let (mut drop, first, second) = admitted();
    let at = |second: i64| t(second * 1_000_000);
    drop.note_sale(LAMP, false, at(101));
    passing(&mut drop, 101..500);
    assert_eq!(standing(&drop, &first, 500), (TicketStatus::Admitted, None));
    assert_eq!((standing(&drop, &second, 500).0, drop.wait_seconds(0, at(500))), (TicketStatus::Waiting, None));
    assert_eq!(drop.status(at(500)), Status::Open, "it has units");
    drop.note_sale(LAMP, true, at(500));
    passing(&mut drop, 500..502);
    assert_eq!(standing(&drop, &first, 502), (TicketStatus::Admitted, Some(800)));
    assert_eq!(standing(&drop, &second, 502).0, TicketStatus::Admitted);
    // The last unit is sold: nobody comes to order it, so the holds go on.
    drop.note_stock(LAMP, false, at(502));
    assert_eq!((standing(&drop, &first, 502).1, drop.wait_seconds(0, at(502))), (Some(800), None));
    drop.note_sale(LAMP, false, at(503));
    assert_eq!(standing(&drop, &first, 503).1, Some(800), "it is sold out and paused");
    drop.note_stock(LAMP, true, at(504));
    assert_eq!(standing(&drop, &first, 504).1, None, "it has units and is paused");
}

#[test]
fn a_product_that_is_sold_keeps_the_waiting_room_open() {
    let (mut sale, at) = (drop(), t(150));
    for (product, is_on_sale, admits) in [(LAMP, false, true), (DESK, false, false), (LAMP, true, true)] {
        sale.note_sale(product, is_on_sale, at);
        assert_eq!(sale.admits(), admits);
    }
    sale.note_sale(ProductId(9), false, at);
    assert_eq!(sale.off_sale, [DESK]);
    sale.note_stock(LAMP, false, at);
    assert!(!sale.admits(), "one is sold out, the other one paused");
}

#[test]
fn nobody_waits_in_a_drop_that_has_ended() {
    let mut drop = with_room();
    drop.join(&ann(), t(0)).unwrap();
    assert_eq!([0, 899_999_999, 900_000_000].map(|at| drop.waiting(t(at))), [Some(1), Some(1), Some(0)]);
    assert_eq!(self::drop().waiting(t(0)), None);
}

#[test]
fn orders_of_a_drop_that_limits_cards_are_paid_before() {
    let limited = Drop { per_payment_method: Some(2), ..drop() };
    let wanted =
        |is_prepaid| limited.claim(&ann(), &Claim { lines: &[(LAMP, 1)], shows_ticket: false, is_prepaid }, t(150));
    assert_eq!(wanted(false), Err(Rejection::PrepaymentRequired));
    assert_eq!(wanted(true).map(|buyer| buyer.card_limit), Ok(Some(2)));
}

#[test]
fn a_card_counts_what_it_pays_for() {
    let none = Card::new(DropId(1), CardHash([7; 16]));
    let two = none.with(2, 3).unwrap();
    assert_eq!((two.with(2, 3), two.with(1, 3).map(|card| card.units)), (None, Some(3)));
    assert_eq!((two.without(3), two.without(2)), (None, Some(none)));
    let paying = ann().paying(OrderId(1), Some(two.hash)).paying(OrderId(2), Some(two.hash));
    assert_eq!((paying.card_of(OrderId(1)), paying.card_of(OrderId(3))), (Some(two.hash), None));
    let other = paying.paying(OrderId(1), None);
    assert_eq!((other.card_of(OrderId(1)), other.card_of(OrderId(2))), (None, Some(two.hash)));
}

/// The hash of a card cannot be compared between drops, or between shops.
#[test]
fn a_card_has_another_hash_in_each_drop() {
    let codec = Codec::new([1; 16]);
    let hash = codec.card(DropId(1), "fp_1");
    assert_eq!(codec.card(DropId(1), "fp_1"), hash);
    let others =
        [codec.card(DropId(2), "fp_1"), codec.card(DropId(1), "fp_2"), Codec::new([2; 16]).card(DropId(1), "fp_1")];
    assert!(!others.contains(&hash));
}

#[test]
fn a_link_covers_the_links_before_it() {
    let mut drop = with_room();
    let act = |subject| Act { kind: LinkKind::Joined, user: Some(ANN), subject, order: None };
    let begun = drop.chain.head.clone();
    let (first, second) = (drop.link(act(1), t(1)), drop.link(act(2), t(2)));
    assert_eq!((first.number, &first.previous, second.number, &second.previous), (1, &begun, 2, &first.hash));
    assert_eq!(drop.chain.head, second.hash);
    assert_eq!(first.customer, second.customer);
    let changed = Link { subject: 3, ..second.clone() };
    assert_ne!(changed.sealed(), second.hash);
    assert_eq!(second.sealed(), second.hash);
}

proptest! {
    /// No order of claims and returns exceeds a limit, and everything given back can be claimed again.
    #[test]
    fn limits_hold_in_every_order(steps in prop::collection::vec((any::<bool>(), any::<bool>(), 1..4_i64), 0..40)) {
        let drop = drop();
        let mut buyer = ann();
        for (is_claim, is_lamp, quantity) in steps {
            let lines = [(if is_lamp { LAMP } else { DESK }, quantity)];
            let after = if is_claim { claim(&drop, &buyer, &lines, 150).ok() } else { buyer.without(&lines) };
            buyer = after.unwrap_or(buyer);
            prop_assert!(buyer.units_of(LAMP) <= 2 && buyer.all_units() <= 3);
            prop_assert!(buyer.units.iter().all(|(_, units)| *units > 0));
        }
    }
}
