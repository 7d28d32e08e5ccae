//! The shop after an older copy of its store was put back.

use std::fs;

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::paying::Statement;
use crate::shop::{ANN, BOB, TestShop};

/// The files that belong to the store; the provider's ledger is not one of them.
const STORE: [&str; 5] = ["shop.db", "shop.db-wal", "shop.db-shm", "shop.db-mark", "shop.db-sums"];

/// The captures in the provider's ledger: of different authorizations.
fn captures(shop: &TestShop) -> i64 {
    let path = shop.folder().join("scripted-payments.db");
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "SELECT count(DISTINCT reference) FROM deed WHERE deed = 'capture' AND declined IS NULL";
    ledger.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn completed(shop: &TestShop, user: i64, product: i64) -> String {
    let order = json!({"items": [{"productId": product, "quantity": 1}]});
    let number = shop.order(user, &order).expect(200)["orderNumber"].as_str().unwrap().to_owned();
    assert_eq!(shop.pay(user, &number, 10).expect(200)["status"], "COMPLETED");
    number
}

fn refund(shop: &TestShop, user: i64, number: &str) {
    let answer = shop.post(user, &format!("/api/orders/{number}/refund"), &json!({}));
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    shop.payment_until("REFUNDED");
}

/// The order's number is used again; the payment's keys are not, so the provider captures the second order's money, too.
#[test]
fn an_order_that_gets_a_lost_ones_number_is_paid_by_itself() {
    let mut shop = TestShop::start();
    let product = shop.product(8_000, 10);
    shop.stop();
    let backup = fs::read(shop.folder().join("shop.db")).unwrap();
    shop.open();
    let lost = completed(&shop, ANN, product);
    refund(&shop, ANN, &lost);
    shop.stop();
    for file in STORE {
        let _ = fs::remove_file(shop.folder().join(file));
    }
    fs::write(shop.folder().join("shop.db"), backup).unwrap();
    shop.open();
    let number = completed(&shop, BOB, product);
    assert_eq!(number, lost, "the number is used again");
    assert_eq!(captures(&shop), 2, "the second order's money was captured");
    assert_eq!(shop.own_statement(), Statement { captured: 8_000, refunded: 0 });
    assert_eq!(shop.provider_statement(), Statement { captured: 16_000, refunded: 8_000 });
    refund(&shop, BOB, &number);
    assert_eq!(shop.provider_statement(), Statement { captured: 16_000, refunded: 16_000 });
    // Dropping the shop audits it.
}
