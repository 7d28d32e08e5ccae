//! Messages that arrive late, twice, in any order or never: the order's end is the same, and nothing is left behind.

use app::commands::{Command, PlaceOrder};
use app::events::event::Event;
use app::state::settings::Executor;
use domain::ids::{CampaignId, OrderId, ProductId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{Canceller, Order, Outcome, Payment};
use domain::reason::Reason;
use proptest::prelude::*;

use crate::post::{essence, is_about, is_claim, is_report, is_restoration};
use crate::shop::{ANN, RESTORATIONS_MAX, STEP_DEADLINE, Shop, campaign_of, order_of};

/// Ann's order of a product, with a coupon and points, just placed. No event is delivered yet.
struct Placed {
    shop: Shop,
    order: OrderId,
    product: ProductId,
    campaign: CampaignId,
}

impl Placed {
    /// `grants`: whether stock, coupon and points suffice.
    fn with(grants: [bool; 3]) -> Placed {
        let mut shop = Shop::open(Executor::Log);
        let product = shop.product(1_000, i64::from(grants[0]));
        let campaign = shop.campaign(campaign_of(5));
        if grants[1] {
            shop.issue(campaign, ANN).unwrap();
        }
        shop.charge(ANN, if grants[2] { 300 } else { 299 });
        let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(300), ..order_of(ANN, product) };
        let order = shop.place_only(wanted);
        Placed { shop, order, product, campaign }
    }

    fn granted() -> Placed {
        Placed::with([true; 3])
    }

    const fn steps(&self) -> [Step; 3] {
        [Step::Stock(self.product), Step::Coupon, Step::Point]
    }

    fn order(&self) -> Order {
        self.shop.order(self.order)
    }

    fn cancel(&mut self) {
        self.shop.submit(Command::CancelOrder { order: self.order, by: Canceller::Customer, note: None });
    }

    fn find(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.shop.events().into_iter().filter(wanted).collect()
    }

    fn deliver_all(&mut self, wanted: impl Fn(&Event) -> bool) {
        for event in self.find(wanted) {
            self.shop.deliver(&event);
        }
    }

    /// Restores the steps before `step`, in the order points, coupon, stock, until its own restoration is requested.
    fn restore_up_to(&mut self, step: Step) {
        let order = self.order;
        while self.find(|event| is_restoration(event) && is_about(event, order, step)).is_empty() {
            self.deliver_all(is_restoration);
            self.deliver_all(is_report);
        }
    }

    /// Delivers everything through the log, including the events that were delivered by hand.
    fn rest(&mut self) {
        self.shop.quiet();
    }

    #[track_caller]
    fn check_gone(&mut self, reason: Reason) {
        self.rest();
        let order = self.order();
        assert_eq!((order.outcome, order.reason), (Outcome::Cancelled, Some(reason)));
        let state = self.shop.state();
        let product = &state.products[&self.product];
        assert_eq!((product.reserved, product.sold), (0, 0));
        assert!(state.holdings.values().all(|holding| holding.coupons[0].used_order.is_none()));
        assert_eq!(self.shop.balance(ANN), 300);
    }
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else { return vec![vec![]] };
    let mut all = vec![];
    for tail in permutations(rest) {
        for place in 0..=tail.len() {
            let mut order = tail.clone();
            order.insert(place, first.clone());
            all.push(order);
        }
    }
    all
}

/// Every order of arrival, with a duplicate of each event at every later place.
fn arrivals(events: &[Event]) -> Vec<Vec<Event>> {
    let mut all = permutations(events);
    for order in permutations(events) {
        for (place, event) in order.iter().enumerate() {
            for again in place + 1..=order.len() {
                let mut with_duplicate = order.clone();
                with_duplicate.insert(again, event.clone());
                all.push(with_duplicate);
            }
        }
    }
    all
}

/// O-09…O-11, O-16, M-22.
#[test]
fn reports_in_any_order_and_twice_end_the_same() {
    for bits in 0..8_u8 {
        let grants = [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0];
        let mut answered = Placed::with(grants);
        answered.deliver_all(is_claim);
        let answers = answered.find(is_report);
        let before = answered.shop.state();
        let mut ends = vec![];
        for arrival in arrivals(&answers) {
            let mut shop = Shop::on(Executor::Log, before.clone());
            arrival.iter().for_each(|event| shop.deliver(event));
            shop.deliver_from(before.outbox.len());
            let by_hand = shop.order(answered.order);
            let expected = if bits == 7 { Outcome::Completed } else { Outcome::Cancelled };
            assert_eq!(by_hand.outcome, expected, "{arrival:#?}");
            shop.quiet();
            assert_eq!(shop.order(answered.order), by_hand, "everything once more changes nothing");
            ends.push(essence(shop.state()));
        }
        ends.dedup();
        assert_eq!(ends.len(), 1, "{grants:?}");
    }
}

/// O-12.
#[test]
fn restorations_in_any_order_and_twice_end_the_same() {
    let mut cancelled = Placed::granted();
    cancelled.deliver_all(is_claim);
    cancelled.cancel();
    let restorations = cancelled.find(is_restoration);
    let before = cancelled.shop.state();
    for arrival in arrivals(&restorations) {
        let mut shop = Shop::on(Executor::Log, before.clone());
        arrival.iter().for_each(|event| shop.deliver(event));
        shop.deliver_from(before.outbox.len());
        assert_eq!(shop.order(cancelled.order).outcome, Outcome::Cancelled);
        assert_eq!(shop.balance(ANN), 300);
        shop.quiet();
    }
}

/// At every step, the restoration overtakes the request.
#[test]
fn a_request_after_its_own_restoration_claims_nothing() {
    for late in 0..3 {
        let mut placed = Placed::granted();
        let step = placed.steps()[late];
        let order = placed.order;
        placed.deliver_all(|event| is_claim(event) && !is_about(event, order, step));
        placed.cancel();
        placed.restore_up_to(step);
        placed.deliver_all(|event| is_restoration(event) && is_about(event, order, step));
        placed.deliver_all(|event| is_claim(event) && is_about(event, order, step));
        assert!(placed.find(|event| is_report(event) && is_about(event, order, step)).len() >= 2);
        placed.check_gone(Reason::CancelledByCustomer);
    }
}

#[test]
fn a_request_that_comes_long_after_the_outcome_claims_nothing() {
    let mut placed = Placed::granted();
    placed.cancel();
    placed.restore_up_to(Step::Stock(placed.product));
    placed.deliver_all(is_restoration);
    placed.deliver_all(is_report);
    assert_eq!(placed.order().outcome, Outcome::Cancelled);
    assert!(placed.shop.state().claims.is_empty());
    placed.deliver_all(is_claim);
    placed.check_gone(Reason::CancelledByCustomer);
}

#[test]
fn a_repeated_request_of_a_completed_order_claims_nothing_more() {
    let mut placed = Placed::granted();
    placed.rest();
    assert_eq!(placed.order().outcome, Outcome::Completed);
    let before = essence(placed.shop.state());
    placed.deliver_all(is_claim);
    placed.deliver_all(is_report);
    assert_eq!(essence(placed.shop.state()), before);
}

/// O-14, also if nothing had to be restored.
#[test]
fn a_cancelled_order_whose_requests_are_refused_meanwhile_still_announces_the_end_of_its_compensation() {
    let mut placed = Placed::with([false, false, false]);
    placed.deliver_all(is_claim);
    placed.cancel();
    placed.rest();
    let ends = placed.find(|event| matches!(event, Event::CompensationCompleted(_)));
    assert_eq!(ends.len(), 1);
}

/// T2: one participant never reports.
#[test]
fn a_silent_participant_only_times_the_order_out() {
    for silent in 0..3 {
        let mut placed = Placed::granted();
        let (order, step) = (placed.order, placed.steps()[silent]);
        placed.deliver_all(|event| is_claim(event) && !is_about(event, order, step));
        placed.deliver_all(is_report);
        placed.shop.clock.advance(STEP_DEADLINE - std::time::Duration::from_micros(1));
        placed.shop.fire_timers();
        assert_eq!(placed.order().outcome, Outcome::Pending);
        placed.shop.clock.advance(std::time::Duration::from_micros(1));
        placed.shop.fire_timers();
        assert_eq!(placed.order().outcome, Outcome::Compensating);
        placed.check_gone(Reason::StepTimedOut);
    }
}

#[test]
fn a_silent_participant_does_not_hide_a_refusal() {
    let mut placed = Placed::with([true, false, true]);
    let (order, step) = (placed.order, Step::Point);
    placed.deliver_all(|event| is_claim(event) && !is_about(event, order, step));
    placed.deliver_all(is_report);
    placed.shop.clock.advance(STEP_DEADLINE);
    placed.shop.fire_timers();
    placed.check_gone(Reason::CouponNotUsable);
}

#[test]
fn restorations_are_requested_again_and_then_wait_for_an_operator() {
    let mut placed = Placed::granted();
    placed.deliver_all(is_claim);
    placed.cancel();
    for asked in 1..=RESTORATIONS_MAX {
        assert_eq!(placed.find(is_restoration).len() as i64, asked, "the coupon and the stock wait for the points");
        assert_eq!(placed.order().outcome, Outcome::Compensating);
        placed.shop.wait_for_timer();
    }
    assert_eq!(placed.order().outcome, Outcome::CompensationStuck);
    assert!(placed.shop.state().timers.is_empty());
    assert_eq!(placed.find(|event| matches!(event, Event::CompensationStuck(_))).len(), 1);

    placed.shop.submit(Command::ResumeOrder { order: placed.order });
    assert_eq!(placed.order().outcome, Outcome::Compensating);
    placed.check_gone(Reason::CancelledByCustomer);
}

#[test]
fn late_restorations_end_a_stuck_order_without_an_operator() {
    let mut placed = Placed::granted();
    placed.cancel();
    (0..RESTORATIONS_MAX).for_each(|_asked| placed.shop.wait_for_timer());
    assert_eq!(placed.order().outcome, Outcome::CompensationStuck);
    placed.check_gone(Reason::CancelledByCustomer);
}

#[test]
fn a_timer_that_fires_twice_fires_once() {
    let mut placed = Placed::granted();
    placed.shop.clock.advance(STEP_DEADLINE);
    let twice: Vec<_> = (0..2).flat_map(|_| sim::ready::ready(placed.shop.engine.due_timers(9)).unwrap()).collect();
    assert_eq!(twice.len(), 2);
    placed.shop.batch(twice);
    assert_eq!(placed.find(is_restoration).len(), 1);
    placed.check_gone(Reason::StepTimedOut);
}

/// One step of an unreliable environment.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Delivers one of the pending messages, and perhaps keeps a copy for later.
    Deliver {
        which: usize,
        keep: bool,
    },
    Cancel {
        which: usize,
    },
    TimePasses,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let deliver = (0..1_000_usize, prop::bool::weighted(0.2)).prop_map(|(which, keep)| Move::Deliver { which, keep });
    let cancel = (0..2_usize).prop_map(|which| Move::Cancel { which });
    prop::collection::vec(prop_oneof![24 => deliver, 1 => cancel, 1 => Just(Move::TimePasses)], 0..80)
}

/// Two orders of Ann's that compete for the same last unit, coupon and points.
fn rivals() -> (Shop, [OrderId; 2]) {
    let mut placed = Placed::granted();
    let rival = PlaceOrder {
        coupon: Some((placed.campaign, None)),
        points: Money::won(300),
        payment: Payment::Prepaid,
        ..order_of(ANN, placed.product)
    };
    let rival = placed.shop.place_only(rival);
    (placed.shop, [placed.order, rival])
}

fn play(shop: &mut Shop, orders: [OrderId; 2], moves: Vec<Move>) {
    let mut seen = 0;
    let mut under_way: Vec<Event> = vec![];
    for step in moves {
        let events = shop.events();
        under_way.extend(events[seen..].iter().filter(|event| is_report(event) || event.kind().is_request()).cloned());
        seen = events.len();
        match step {
            Move::Deliver { which, keep } if !under_way.is_empty() => {
                let which = which % under_way.len();
                let event = if keep { under_way[which].clone() } else { under_way.swap_remove(which) };
                shop.deliver(&event);
            }
            Move::Deliver { .. } => {}
            Move::Cancel { which } => {
                shop.submit(Command::CancelOrder { order: orders[which], by: Canceller::Customer, note: None });
            }
            Move::TimePasses => {
                shop.clock.advance(STEP_DEADLINE);
                shop.fire_timers();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn in_any_environment_every_order_ends_and_nothing_is_left_behind(moves in moves()) {
        let (mut shop, orders) = rivals();
        play(&mut shop, orders, moves);
        shop.quiet();
        for _round in 0..=RESTORATIONS_MAX {
            shop.pass(STEP_DEADLINE);
        }
        let mut completed = 0;
        for id in orders {
            let order = shop.order(id);
            if order.outcome == Outcome::CompensationStuck {
                shop.run(Command::ResumeOrder { order: id }).unwrap();
            }
            let order = shop.order(id);
            prop_assert!(order.outcome.is_final() || order.outcome == Outcome::AwaitingPayment, "{:?}", order);
            completed += i32::from(order.outcome != Outcome::Cancelled);
        }
        prop_assert!(completed <= 1, "there is one unit");
    }
}
