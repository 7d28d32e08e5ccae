//! The limit of a drop for each card or account, at the real binary with the scripted provider.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::client::Answer;
use crate::live::Events;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// An amount about which the scripted provider calls back before it answers.
const CALLED_BACK_FIRST: i64 = 40_102;

/// An open drop of one product, of which each card pays for two units.
fn limited(shop: &TestShop, price: i64, stock: i64) -> i64 {
    let product = shop.product(price, stock);
    let body = json!({
        "name": "Saturday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "products": [{"productId": product}], "perPaymentMethod": 2,
    });
    assert_eq!(shop.post(ADMIN, "/api/admin/drops", &body).expect(201)["perPaymentMethod"], 2);
    product
}

fn unpaid(shop: &TestShop, user: i64, product: i64, quantity: i64) -> String {
    shop.order(user, &json!({"items": items(product, quantity), "payment": "PREPAID"})).number(200)
}

fn pay(shop: &TestShop, user: i64, number: &str, card: &str) -> Answer {
    let body = json!({"method": "CARD", "paymentToken": card});
    shop.ask(user, "POST", &format!("/api/orders/{number}/pay"), &[("prefer", "wait=30")], &body)
}

fn order(shop: &TestShop, user: i64, number: &str) -> Value {
    shop.get_until(user, &format!("/api/orders/{number}"), |order| order["outcome"] != "COMPENSATING")
}

#[test]
fn a_card_pays_for_no_more_than_its_limit_whoever_shows_it() {
    in_both_executors(|shop| {
        let product = limited(shop, 1_000, 9);
        let mut bob = Events::open(shop, BOB, None);
        let first = unpaid(shop, ANN, product, 2);
        assert_eq!(pay(shop, ANN, &first, "pm_1").expect(200)["status"], "COMPLETED");
        let second = unpaid(shop, BOB, product, 1);
        let refused = pay(shop, BOB, &second, "pm_1");
        assert_eq!(refused.problem(409), "payment_method.limit_exceeded");
        let cancelled = order(shop, BOB, &second);
        assert_eq!(
            (&cancelled["outcome"], &cancelled["reason"]),
            (&json!("CANCELLED"), &json!("payment_method.limit_exceeded"))
        );
        assert_eq!(shop.available(product), 7);
        assert_eq!(pay(shop, BOB, &second, "pm_2").problem(409), "order.not_payable");
        let told = bob.take(2);
        assert_eq!(
            (told[1].kind.as_str(), &told[1].data["reason"]),
            ("order.cancelled", &cancelled["reason"]),
            "{told:?}"
        );
        let third = unpaid(shop, BOB, product, 1);
        pay(shop, BOB, &third, "pm_2").expect(200);
        shop.post(ANN, &format!("/api/orders/{first}/cancel"), &json!({})).expect(200);
        let fourth = unpaid(shop, BOB, product, 1);
        pay(shop, BOB, &fourth, "pm_1").expect(200);
        assert_eq!(shop.get(ANN, "/api/drops").expect(200)["data"][0]["perPaymentMethod"], 2);
        shop.assert_adds_up();
    });
}

#[test]
fn the_card_is_known_although_a_callback_comes_first_and_leaves_it_out() {
    in_both_executors(|shop| {
        let product = limited(shop, CALLED_BACK_FIRST, 9);
        let numbers = [ANN, BOB, ANN].map(|user| (user, unpaid(shop, user, product, 1)));
        let answers = numbers.clone().map(|(user, number)| pay(shop, user, &number, "pm_1"));
        assert_eq!(answers.map(|answer| answer.status), [200, 200, 409]);
        assert_eq!(order(shop, ANN, &numbers[2].1)["reason"], "payment_method.limit_exceeded");
        shop.assert_adds_up();
    });
}

#[test]
fn orders_of_a_drop_that_limits_cards_are_paid_before() {
    let shop = TestShop::start();
    let product = limited(&shop, 1_000, 9);
    let on_delivery = shop.order(ANN, &json!({"items": items(product, 1), "payment": "ON_DELIVERY"}));
    assert_eq!(on_delivery.problem(409), "drop.prepayment_required");
    let body = json!({
        "name": "x", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "products": [{"productId": shop.product(1, 1)}], "perPaymentMethod": 0,
    });
    let found = shop.post(ADMIN, "/api/admin/drops", &body).complaint(400);
    assert_eq!(found, ("validation.failed".to_owned(), "#/perPaymentMethod".to_owned()));
}

/// Many customers pay with three cards, at both processes at once.
#[test]
fn two_processes_count_one_card_exactly() {
    let Some(database) = Database::new("two_processes_count_one_card_exactly") else { return };
    let shops = [database.shop(), database.shop()];
    let product = limited(&shops[0], 1_000, 60);
    let (paid, refused) = (AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for worker in 0..6_usize {
            let (shop, paid, refused) = (&shops[worker % 2], &paid, &refused);
            scope.spawn(move || {
                for number in 0..3 {
                    let user = 2_000 + i64::try_from(worker).unwrap() * 10 + number;
                    let order = unpaid(shop, user, product, 1);
                    let answer = pay(shop, user, &order, &format!("pm_{number}"));
                    if answer.status == 200 {
                        paid.fetch_add(1, Ordering::Relaxed);
                    } else {
                        assert_eq!(answer.problem(409), "payment_method.limit_exceeded");
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!((paid.into_inner(), refused.into_inner()), (6, 12));
    assert_eq!(database.ask::<i64>("SELECT units FROM drop_card"), [2, 2, 2]);
    shops[0].assert_adds_up();
}
