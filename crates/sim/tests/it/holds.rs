//! Holds of orders that wait for payment: their end, and their extension by an admin (O-50).

use std::time::Duration;

use app::commands::Command;
use app::commands::answer::{Answer, Refusal};
use app::events::event::{Event, EventKind, OrderHoldExtended};
use domain::ids::{OrderId, UserId};
use domain::order::{Outcome, Payment};
use domain::reason::Reason;

use crate::fulfilment::{DUE, agree, awaiting, count, everywhere, pay, refused, say};
use crate::shop::{ANN, NOON, Shop, order_of};

const ADMIN: UserId = UserId(9);
const TEN_MINUTES: Duration = Duration::from_secs(600);

fn extend(shop: &mut Shop, order: OrderId) -> Result<Answer, Refusal> {
    shop.run(Command::ExtendHold { order, by: ADMIN, more: TEN_MINUTES })
}

fn reserved(shop: &Shop) -> i64 {
    shop.disk.read(|state| state.products.values().map(|product| product.reserved).sum())
}

/// Returns the events of this kind.
fn events(shop: &Shop, kind: EventKind) -> Vec<Event> {
    shop.events().into_iter().filter(|event| event.kind() == kind).collect()
}

#[test]
fn an_extended_hold_lasts_longer_and_its_event_says_what_is_held() {
    everywhere(|shop| {
        let (product, order) = awaiting(shop);
        let (id, before) = (order.id(), order.pay_before.unwrap());
        extend(shop, id).unwrap();
        let held = vec![app::events::event::Sold { id: product, qty: 3 }];
        let Event::OrderAwaitingPayment(made) = events(shop, EventKind::OrderAwaitingPayment).remove(0) else {
            panic!()
        };
        assert_eq!((made.products, made.pay_before), (held.clone(), before));
        let extended = OrderHoldExtended {
            order_id: order.created.number.clone(),
            user_id: ANN,
            products: held,
            pay_before: before + TEN_MINUTES,
            extended_by: ADMIN,
        };
        assert_eq!(events(shop, EventKind::OrderHoldExtended), [Event::OrderHoldExtended(extended)]);
        shop.pass(before - NOON);
        assert_eq!((shop.order(id).outcome, reserved(shop)), (Outcome::AwaitingPayment, 3));
        shop.pass(TEN_MINUTES);
        let expired = shop.order(id);
        assert_eq!((expired.outcome, expired.reason), (Outcome::Cancelled, Some(Reason::PaymentExpired)));
        assert_eq!(reserved(shop), 0);
        assert_eq!(extend(shop, id), Err(Refusal::OrderNotPayable));
    });
}

#[test]
fn a_hold_is_extended_while_its_payment_is_under_way() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        let (id, before) = (order.id(), order.pay_before.unwrap());
        pay(shop, id).unwrap();
        extend(shop, id).unwrap();
        say(shop, id, refused());
        shop.pass(before - NOON);
        assert_eq!(shop.order(id).outcome, Outcome::AwaitingPayment);
        pay(shop, id).unwrap();
        agree(shop, id);
        assert_eq!((shop.order(id).outcome, DUE), (Outcome::Completed, order.created.due));
        assert_eq!(extend(shop, id), Err(Refusal::PaymentAlreadyPaid));
        assert_eq!(count(shop, "OrderHoldExtended"), 1);
    });
}

#[test]
fn only_an_order_that_waits_for_payment_has_a_hold_to_extend() {
    everywhere(|shop| {
        let product = shop.product(1_000, 9);
        let order = shop.place(app::commands::PlaceOrder { payment: Payment::OnDelivery, ..order_of(ANN, product) });
        assert_eq!(extend(shop, order.id()), Err(Refusal::PaymentNotDue));
        assert_eq!(extend(shop, OrderId(77)), Err(Refusal::OrderNotFound));
        assert_eq!(count(shop, "OrderHoldExtended"), 0);
    });
}
