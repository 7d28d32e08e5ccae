//! Drops: their window, and limits that hold in every mode, under both executors, over several processes.

use std::time::Duration;

use app::commands::answer::changed::Changed;
use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, DropCommand, PlaceOrder, RefundWanted};
use domain::drops::{Change, Drop, Offer, Prequeue, Secrets, Terms, TicketStatus, WaitingRoom};
use domain::ids::{DropId, OrderId, ProductId, UserId};
use domain::order::fulfilment::Goods;
use domain::order::{Canceller, Choice, Mode, Outcome, Payment};
use domain::stock::Status;
use domain::time::Timestamp;

use crate::laws;
use crate::shop::{ANN, BOB, CODEC, EXECUTORS, HOUR, NOON, Shop, order_of, place};

const SECRETS: Secrets = Secrets { seed: [1; 32], key: [2; 32] };
const MINUTE: Duration = Duration::from_secs(60);

/// A drop of one product that began at noon and lasts an hour.
fn terms(product: ProductId, per_customer: i64) -> Terms {
    let products = vec![Offer { product, per_customer: Some(per_customer) }];
    Terms {
        name: "Saturday".into(),
        starts_at: NOON,
        ends_at: NOON + HOUR,
        products,
        per_customer: None,
        per_payment_method: None,
        waiting_room: None,
        secrets: SECRETS,
    }
}

fn create(shop: &mut Shop, terms: Terms) -> Result<DropId, Refusal> {
    let answer = shop.run(Command::Drop(DropCommand::Create(Box::new(terms))))?;
    let Answer::Changed { now } = answer else { panic!("{answer:?}") };
    let Changed::Drop(drop) = *now else { panic!("{now:?}") };
    shop.pass(Duration::ZERO);
    Ok(drop.id)
}

fn change(shop: &mut Shop, drop: DropId, change: Change) -> Result<Answer, Refusal> {
    shop.run(Command::Drop(DropCommand::Change { drop, change }))
}

fn buy(shop: &mut Shop, order: PlaceOrder) -> Result<OrderId, Refusal> {
    let answer = shop.run(place(order))?;
    let Answer::OrderPlaced { order, .. } = answer else { panic!("{answer:?}") };
    Ok(order)
}

fn units(user: UserId, product: ProductId, quantity: i64) -> PlaceOrder {
    PlaceOrder { items: vec![(product, quantity)], ..order_of(user, product) }
}

fn drop(shop: &Shop, id: DropId) -> Drop {
    shop.disk.read(|state| state.drops[&id].clone())
}

fn counted(shop: &Shop, user: UserId) -> i64 {
    shop.disk.read(|state| state.buyers.values().filter(|buyer| buyer.user == user).map(|b| b.all_units()).sum())
}

fn announced(shop: &Shop) -> Vec<&'static str> {
    let turns = ["DropOpened", "DropSoldOut", "DropClosed"];
    let rows = |state: &sim::disk::State| state.outbox.iter().map(|row| row.record.kind).collect::<Vec<_>>();
    shop.disk.read(rows).into_iter().filter(|kind| turns.contains(kind)).collect()
}

#[test]
fn a_limit_holds_in_every_mode_and_what_is_given_back_can_be_bought_again() {
    for (executor, mode) in EXECUTORS.iter().flat_map(|executor| Mode::ALL.map(|mode| (*executor, mode))) {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 9);
        create(&mut shop, terms(product, 2)).unwrap();
        let order = |quantity| PlaceOrder { mode: Some(mode.into()), ..units(ANN, product, quantity) };
        let refused = Err(Refusal::LimitExceeded { limit: 2, already: 0 });
        assert_eq!(buy(&mut shop, order(3)), refused, "{executor:?} {mode:?}");
        let first = buy(&mut shop, order(1)).unwrap();
        assert_eq!(shop.order(first).outcome, Outcome::Completed);
        let unpaid = buy(&mut shop, PlaceOrder { payment: Payment::Prepaid, ..order(1) }).unwrap();
        assert_eq!(buy(&mut shop, order(1)), Err(Refusal::LimitExceeded { limit: 2, already: 2 }));
        assert!(buy(&mut shop, units(BOB, product, 2)).is_ok());
        shop.run(Command::CancelOrder { order: unpaid, by: Canceller::Customer, note: None }).unwrap();
        assert_eq!(counted(&shop, ANN), 1);
        let unpaid = buy(&mut shop, PlaceOrder { payment: Payment::Prepaid, ..order(1) }).unwrap();
        shop.pass(Duration::from_secs(601));
        assert_eq!((shop.order(unpaid).outcome, counted(&shop, ANN)), (Outcome::Cancelled, 1));
        let by_shop = Some(Goods::Returned);
        let refund = RefundWanted { order: first, lines: vec![], note: None, by_shop };
        shop.run(Command::RefundOrder(Box::new(refund))).unwrap();
        assert_eq!(counted(&shop, ANN), 0);
        assert!(buy(&mut shop, order(2)).is_ok());
    }
}

#[test]
fn a_refused_claim_gives_the_limit_back() {
    for (executor, mode) in EXECUTORS.iter().flat_map(|executor| Mode::ALL.map(|mode| (*executor, mode))) {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 1);
        create(&mut shop, terms(product, 5)).unwrap();
        let order = PlaceOrder { mode: Some(mode.into()), ..units(ANN, product, 2) };
        let order = buy(&mut shop, order).unwrap();
        assert_eq!((shop.order(order).outcome, counted(&shop, ANN)), (Outcome::Cancelled, 0), "{executor:?} {mode:?}");
    }
}

#[test]
fn the_window_is_the_stores_and_each_turn_is_announced_once() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 2);
        let later = Terms { starts_at: NOON + MINUTE, ..terms(product, 9) };
        let id = create(&mut shop, later).unwrap();
        assert_eq!(buy(&mut shop, order_of(ANN, product)), Err(Refusal::DropNotStarted));
        shop.pass(MINUTE);
        shop.pass(Duration::ZERO);
        assert!(buy(&mut shop, order_of(ANN, product)).is_ok());
        change(&mut shop, id, Change { paused: Some(true), ..Change::default() }).unwrap();
        assert_eq!(buy(&mut shop, order_of(ANN, product)), Err(Refusal::DropPaused));
        let until = Change { paused: Some(false), ends_at: Some(NOON + 2 * HOUR), ..Change::default() };
        change(&mut shop, id, until).unwrap();
        shop.pass(HOUR);
        let last = buy(&mut shop, PlaceOrder { payment: Payment::Prepaid, ..order_of(ANN, product) }).unwrap();
        assert!(drop(&shop, id).is_sold_out());
        shop.run(Command::CancelOrder { order: last, by: Canceller::Customer, note: None }).unwrap();
        assert!(!drop(&shop, id).is_sold_out());
        assert!(buy(&mut shop, order_of(ANN, product)).is_ok());
        shop.pass(HOUR);
        shop.pass(Duration::ZERO);
        assert_eq!(buy(&mut shop, order_of(ANN, product)), Err(Refusal::DropEnded));
        assert_eq!(announced(&shop), ["DropOpened", "DropSoldOut", "DropSoldOut", "DropClosed"]);
        let again = Change { ends_at: Some(NOON + 9 * HOUR), ..Change::default() };
        assert_eq!(change(&mut shop, id, again), Err(Refusal::DropEnded));
    }
}

#[test]
fn a_product_belongs_to_one_drop_at_a_time_and_old_orders_to_theirs() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let (product, other) = (shop.product(1_000, 9), shop.product(1_000, 9));
        let first = create(&mut shop, terms(product, 2)).unwrap();
        assert_eq!(create(&mut shop, terms(product, 2)), Err(Refusal::DropProductTaken { line: 0 }));
        assert_eq!(create(&mut shop, terms(ProductId(77), 2)), Err(Refusal::DropProductNotFound { line: 0 }));
        let order = buy(&mut shop, PlaceOrder { payment: Payment::Prepaid, ..units(ANN, product, 2) }).unwrap();
        assert!(buy(&mut shop, units(ANN, other, 5)).is_ok(), "other products have no limit");
        shop.clock.advance(HOUR);
        let window = Terms { starts_at: NOON, ends_at: NOON + 3 * HOUR, ..terms(product, 1) };
        let second = create(&mut shop, window).unwrap();
        assert!(first < second);
        assert!(buy(&mut shop, units(ANN, product, 1)).is_ok());
        shop.run(Command::CancelOrder { order, by: Canceller::Customer, note: None }).unwrap_err();
        shop.pass(HOUR);
        assert_eq!(counted(&shop, ANN), 1, "the expired order gave back to its own drop");
    }
}

#[test]
fn two_processes_share_one_limit() {
    for (executor, mode) in EXECUTORS.iter().flat_map(|executor| Choice::ALL.map(|mode| (*executor, mode))) {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 99);
        create(&mut shop, terms(product, 3)).unwrap();
        let mut second = shop.second_process();
        // Both number notices from their own blocks, which the checks of one process do not expect.
        (shop.is_audited, second.is_audited) = (false, false);
        let mut placed = 0;
        for _round in 0..4 {
            let order = || PlaceOrder { mode: Some(mode), ..units(ANN, product, 1) };
            placed += i32::from(buy(&mut shop, order()).is_ok());
            placed += i32::from(buy(&mut second, order()).is_ok());
        }
        assert_eq!((placed, counted(&shop, ANN)), (3, 3), "{executor:?} {mode:?}");
        laws::audit(&shop.disk, shop.now());
    }
}

#[test]
fn many_orders_of_one_batch_share_one_limit() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 10);
        let both = Terms { per_customer: Some(4), ..terms(product, 9) };
        create(&mut shop, both).unwrap();
        for _round in 0..2 {
            let orders = (0..40).map(|number| place(units(UserId(number % 4), product, 1)));
            shop.decide(orders);
            shop.quiet();
        }
        let counts: Vec<i64> = (0..4).map(|user| counted(&shop, UserId(user))).collect();
        assert!(counts.iter().all(|count| *count <= 4), "{counts:?}");
        assert_eq!(counts.iter().sum::<i64>(), 10);
        assert_eq!(announced(&shop), ["DropOpened", "DropSoldOut"]);
    }
}

/// The process dies between the commit and the turn.
#[test]
fn a_restarted_process_announces_what_came_meanwhile() {
    let mut shop = Shop::open(EXECUTORS[1]);
    let product = shop.product(1_000, 9);
    create(&mut shop, Terms { starts_at: NOON + MINUTE, ..terms(product, 1) }).unwrap();
    let mut shop = shop.crash();
    shop.clock.advance(2 * HOUR);
    shop.pass(Duration::ZERO);
    assert_eq!(announced(&shop), ["DropOpened", "DropClosed"]);
    assert!(shop.now() > Timestamp::from_micros(0));
}

fn join(shop: &mut Shop, drop: DropId, user: UserId) -> Result<i64, Refusal> {
    let answer = shop.run(Command::Drop(DropCommand::Join { drop, user }))?;
    let Answer::QueueJoined { ticket, .. } = answer else { panic!("{answer:?}") };
    Ok(ticket)
}

fn status(shop: &Shop, drop: DropId, user: UserId) -> Option<TicketStatus> {
    shop.disk.read(|state| {
        let ticket = state.buyers.get(&app::state::rows::BuyerKey { drop, user })?.ticket?;
        Some(state.drops[&drop].queue.as_ref()?.standing(ticket, shop.now()).status)
    })
}

/// A drop with a waiting room that opens in a minute and admits one customer per second.
fn room(product: ProductId, prequeue: Prequeue) -> Terms {
    let waiting_room = Some(WaitingRoom { admit_per_second: 1, hold_seconds: 120, prequeue });
    Terms { starts_at: NOON + MINUTE, waiting_room, ..terms(product, 9) }
}

#[test]
fn customers_are_admitted_in_turn_and_their_tickets_are_theirs() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 9);
        let id = create(&mut shop, room(product, Prequeue::Fifo)).unwrap();
        let (ann, bob) = (join(&mut shop, id, ANN).unwrap(), join(&mut shop, id, BOB).unwrap());
        assert_eq!((ann, bob, join(&mut shop, id, ANN)), (1, 2, Ok(1)));
        shop.pass(MINUTE);
        assert_eq!(status(&shop, id, ANN), Some(TicketStatus::Admitted));
        assert_eq!(status(&shop, id, BOB), Some(TicketStatus::Waiting));
        let with = |user, ticket| PlaceOrder { tickets: vec![CODEC.ticket(id, ticket)], ..order_of(user, product) };
        assert_eq!(buy(&mut shop, order_of(ANN, product)), Err(Refusal::TicketRequired));
        assert_eq!(buy(&mut shop, with(BOB, ann)), Err(Refusal::TicketRequired), "another customer's ticket");
        assert_eq!(buy(&mut shop, with(BOB, bob)), Err(Refusal::TicketRequired), "not yet");
        assert!(buy(&mut shop, with(ANN, ann)).is_ok());
        let mut shop = shop.crash();
        shop.pass(Duration::from_secs(1));
        assert!(buy(&mut shop, with(BOB, bob)).is_ok(), "a place survives a crash");
        shop.pass(3 * MINUTE);
        assert_eq!(buy(&mut shop, with(ANN, ann)), Err(Refusal::TicketRequired), "the hold is over");
        let again = join(&mut shop, id, ANN).unwrap();
        shop.pass(Duration::from_secs(1));
        assert_eq!(buy(&mut shop, with(ANN, ann)), Err(Refusal::TicketRequired), "an old ticket is not played again");
        assert!(buy(&mut shop, with(ANN, again)).is_ok());
        let kinds: Vec<&str> = shop.disk.read(|state| state.drop_links.values().map(|link| link.kind.name()).collect());
        let expected =
            ["JOINED", "JOINED", "ADMITTED", "CLAIMED", "ADMITTED", "CLAIMED", "JOINED", "ADMITTED", "CLAIMED"];
        assert_eq!(kinds, expected);
    }
}

/// A drop whose start lies years ahead by mistake: its end is set to a moment that has passed.
#[test]
fn a_drop_that_has_not_started_is_ended_and_its_products_are_free() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 9);
        let far = Terms { starts_at: NOON + 9 * HOUR, ends_at: NOON + 10 * HOUR, ..room(product, Prequeue::Shuffle) };
        let id = create(&mut shop, far).unwrap();
        join(&mut shop, id, ANN).unwrap();
        let until = |ends_at| Change { ends_at: Some(ends_at), ..Change::default() };
        let early = change(&mut shop, id, until(NOON + HOUR));
        assert_eq!(early, Err(Refusal::DropWindowOutOfOrder), "no end between now and the start");
        change(&mut shop, id, until(NOON)).unwrap();
        shop.pass(Duration::ZERO);
        assert_eq!(announced(&shop), ["DropClosed"], "{executor:?}");
        assert_eq!((join(&mut shop, id, BOB), drop(&shop, id).turns_at()), (Err(Refusal::DropEnded), None));
        assert_eq!(buy(&mut shop, units(BOB, product, 1)), Err(Refusal::DropEnded));
        shop.run(Command::Drop(DropCommand::Leave { drop: id, user: ANN })).unwrap();
        assert_eq!(shop.disk.read(|state| state.drop_links.len()), 1, "its chain has ended");
        let right = create(&mut shop, terms(product, 2)).unwrap();
        assert!(buy(&mut shop, units(BOB, product, 2)).is_ok());
        change(&mut shop, right, until(NOON)).unwrap();
        let release = DropCommand::Release { drop: right, products: vec![product] };
        shop.run(Command::Drop(release)).unwrap();
        assert!(buy(&mut shop, units(BOB, product, 3)).is_ok());
        shop.pass(10 * HOUR);
        assert_eq!(announced(&shop), ["DropClosed", "DropOpened", "DropClosed"], "{executor:?}");
    }
}

#[test]
fn who_leaves_gives_the_place_up() {
    let mut shop = Shop::open(EXECUTORS[0]);
    let product = shop.product(1_000, 9);
    let id = create(&mut shop, room(product, Prequeue::Fifo)).unwrap();
    join(&mut shop, id, ANN).unwrap();
    join(&mut shop, id, BOB).unwrap();
    shop.run(Command::Drop(DropCommand::Leave { drop: id, user: ANN })).unwrap();
    let again = shop.run(Command::Drop(DropCommand::Leave { drop: id, user: ANN }));
    assert_eq!(again, Err(Refusal::TicketNotFound));
    shop.pass(MINUTE);
    assert_eq!(status(&shop, id, BOB), Some(TicketStatus::Admitted));
    assert_eq!(join(&mut shop, id, ANN), Ok(3));
}

#[test]
fn a_shuffle_admits_everybody_who_came_before_once() {
    let mut shop = Shop::open(EXECUTORS[0]);
    let product = shop.product(1_000, 9);
    let id = create(&mut shop, room(product, Prequeue::Shuffle)).unwrap();
    for user in 1..=6 {
        join(&mut shop, id, UserId(user)).unwrap();
    }
    shop.pass(MINUTE);
    let mut order = vec![];
    for _second in 0..6 {
        let admitted = |user: &i64| status(&shop, id, UserId(*user)) == Some(TicketStatus::Admitted);
        let new: Vec<i64> = (1..=6).filter(|user| admitted(user) && !order.contains(user)).collect();
        assert_eq!(new.len(), 1);
        order.extend(new);
        shop.pass(Duration::from_secs(1));
    }
    assert_ne!(order, (1..=6).collect::<Vec<_>>());
}

fn set_status(shop: &mut Shop, product: ProductId, status: Status) {
    shop.run(Command::ChangeProduct { product, price: None, status: Some(status), details: None }).unwrap();
}

/// An admin keeps the shop from selling for longer than a hold, by the drop and by its product.
#[test]
fn nobody_loses_a_turn_to_a_pause() {
    for (executor, pauses_product) in EXECUTORS.iter().flat_map(|executor| [(*executor, false), (*executor, true)]) {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 9);
        let id = create(&mut shop, room(product, Prequeue::Fifo)).unwrap();
        let ticket = join(&mut shop, id, ANN).unwrap();
        shop.pass(MINUTE);
        let stop = |shop: &mut Shop, stops: bool| {
            if pauses_product {
                set_status(shop, product, if stops { Status::Paused } else { Status::OnSale });
            } else {
                change(shop, id, Change { paused: Some(stops), ..Change::default() }).unwrap();
            }
        };
        stop(&mut shop, true);
        join(&mut shop, id, BOB).unwrap();
        shop.pass(MINUTE);
        let mut shop = shop.crash();
        for _minute in 0..5 {
            shop.pass(MINUTE);
            assert_eq!(status(&shop, id, ANN), Some(TicketStatus::Admitted), "{executor:?} {pauses_product}");
            assert_eq!(status(&shop, id, BOB), Some(TicketStatus::Waiting), "{executor:?} {pauses_product}");
        }
        stop(&mut shop, false);
        shop.pass(MINUTE);
        let order = PlaceOrder { tickets: vec![CODEC.ticket(id, ticket)], ..order_of(ANN, product) };
        assert!(buy(&mut shop, order).is_ok());
        assert_eq!(status(&shop, id, BOB), Some(TicketStatus::Admitted));
        shop.pass(2 * MINUTE);
        assert_eq!(status(&shop, id, ANN), Some(TicketStatus::Expired));
    }
}

#[test]
fn a_drop_of_a_paused_product_admits_nobody() {
    let mut shop = Shop::open(EXECUTORS[0]);
    let product = shop.product(1_000, 9);
    set_status(&mut shop, product, Status::Discontinued);
    let id = create(&mut shop, room(product, Prequeue::Fifo)).unwrap();
    join(&mut shop, id, ANN).unwrap();
    shop.pass(2 * MINUTE);
    assert_eq!(status(&shop, id, ANN), Some(TicketStatus::Waiting));
    set_status(&mut shop, product, Status::OnSale);
    shop.pass(Duration::from_secs(1));
    assert_eq!(status(&shop, id, ANN), Some(TicketStatus::Admitted));
}

/// The shop is down over the start, and takes joins before its timers.
#[test]
fn who_joins_after_the_start_is_not_drawn() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 9);
        let id = create(&mut shop, room(product, Prequeue::Shuffle)).unwrap();
        for user in 1..=6 {
            join(&mut shop, id, UserId(user)).unwrap();
        }
        let mut shop = shop.crash();
        shop.clock.advance(2 * MINUTE);
        for user in 7..=9 {
            join(&mut shop, id, UserId(user)).unwrap();
        }
        shop.pass(Duration::ZERO);
        let queue = drop(&shop, id).queue.unwrap();
        assert_eq!((queue.drawn, queue.admitted), (6, 1));
        assert_eq!([7, 8, 9].map(|number| queue.place(number)), [Some(7), Some(8), Some(9)]);
        assert_eq!(announced(&shop), ["DropOpened"]);
    }
}
