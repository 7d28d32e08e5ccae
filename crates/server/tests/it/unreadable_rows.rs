//! One row that cannot be read, changed by hand on either store: requests that need it are refused, lists omit it, exports say
//! so, and everything else works.

use serde_json::{Value, json};

use crate::archiving::doorbuster;
use crate::buyers::until;
use crate::hook_receiver::HookReceiver;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// A shop on one of the stores, whose rows are changed by hand.
struct Damaged {
    shop: TestShop,
    database: Option<Database>,
}

impl Damaged {
    fn change(&self, sql: &str) {
        match &self.database {
            Some(database) => drop(database.ask::<mysql_async::Row>(sql)),
            None => {
                let store = self.shop.edit();
                store.pragma_update(None, "ignore_check_constraints", true).unwrap();
                store.execute_batch(sql).unwrap();
            }
        }
    }

    fn assert_ready(&self) {
        assert_eq!(self.shop.get(ADMIN, "/readyz").status, 200, "the store works");
    }

    #[track_caller]
    fn assert_damaged(&self, answer: &crate::client::Answer) {
        assert_eq!(answer.problem(500), "internal");
        assert_eq!(answer.json()["retryable"], false, "{}", answer.text);
        assert!(answer.text.contains("damaged"), "{}", answer.text);
    }

    /// Exports rows; returns them, and what the command says besides.
    #[track_caller]
    fn export(&self, what: &str, code: i32) -> (Vec<String>, String) {
        let output = doorbuster(&["export", what], &self.shop);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout).lines().map(str::to_owned).collect(), text(output.stderr))
    }

    fn ids(&self, user: i64, path: &str, id: &str) -> Vec<Value> {
        let listed = self.shop.get(user, path).expect(200);
        listed["data"].as_array().unwrap().iter().map(|found| found[id].clone()).collect()
    }
}

/// Runs a check on both stores. The audit would find what it damaged, so the shops are abandoned.
fn on_both_stores(test: &str, settings: &[(&str, &str)], check: impl Fn(&Damaged)) {
    let run = |damaged: Damaged| {
        check(&damaged);
        std::fs::remove_dir_all(damaged.shop.abandon()).unwrap();
    };
    run(Damaged { shop: TestShop::start_with(settings), database: None });
    let Some(database) = Database::new(test) else { return };
    let url = database.url();
    let settings: Vec<_> = settings.iter().copied().chain([("DATABASE_URL", url.as_str())]).collect();
    run(Damaged { shop: TestShop::start_with(&settings), database: Some(database) });
}

/// Returns the id of an order, from the oldest on, as SQL.
fn order_id(nth: i64) -> String {
    format!("(SELECT id FROM (SELECT order_id AS id FROM orders ORDER BY order_id LIMIT 1 OFFSET {nth}) AS one)")
}

#[test]
fn only_commands_that_need_an_unreadable_row_are_refused() {
    on_both_stores("only_commands_that_need_an_unreadable_row_are_refused", &[], |damaged| {
        let shop = &damaged.shop;
        let [sound, bad] = [shop.product(0, 100), shop.product(0, 100)];
        let [open, broken] = [shop.campaign(50, &json!({})), shop.campaign(50, &json!({}))];
        damaged.change(&format!("UPDATE product SET status = 'BOGUS' WHERE product_id = {bad}"));
        damaged.change(&format!("UPDATE campaign SET issue_mode = 'bogus' WHERE campaign_id = {broken}"));
        std::thread::scope(|scope| {
            for user in 1..=12_i64 {
                scope.spawn(move || {
                    let product = if user % 3 == 0 { bad } else { sound };
                    let order = shop.order(user, &json!({"items": [{"productId": product, "quantity": 1}]}));
                    let campaign = if user % 4 == 0 { broken } else { open };
                    let issued = shop.post(user, &format!("/api/coupons/{campaign}/issue"), &Value::Null);
                    if product == bad {
                        damaged.assert_damaged(&order);
                    } else {
                        assert_eq!(order.expect(200)["outcome"], "COMPLETED");
                    }
                    if campaign == broken {
                        damaged.assert_damaged(&issued);
                    } else {
                        issued.expect(201);
                    }
                    damaged.assert_ready();
                });
            }
        });
        let metrics = shop.get(ADMIN, "/metrics").text;
        assert!(!metrics.contains("doorbuster_invariants_broken_total 0\n"), "the damage is counted");
        damaged.assert_damaged(&shop.get(ANN, &format!("/api/products/{bad}")));
        damaged.change(&format!("UPDATE product SET status = 'ON_SALE' WHERE product_id = {bad}"));
        shop.order(ANN, &json!({"items": [{"productId": bad, "quantity": 1}]})).expect(200);
    });
}

/// A repeat would not help: the product's row must be mended.
#[test]
fn a_product_whose_drop_does_not_exist_is_damaged() {
    on_both_stores("a_product_whose_drop_does_not_exist_is_damaged", &[], |damaged| {
        let shop = &damaged.shop;
        let [sound, bad] = [shop.product(0, 100), shop.product(0, 100)];
        damaged.change(&format!("UPDATE product SET drop_id = 99 WHERE product_id = {bad}"));
        for user in [ANN, BOB] {
            let order = |product: i64| shop.order(user, &json!({"items": [{"productId": product, "quantity": 1}]}));
            damaged.assert_damaged(&order(bad));
            assert_eq!(order(sound).expect(200)["outcome"], "COMPLETED");
        }
        damaged.assert_ready();
        damaged.change(&format!("UPDATE product SET drop_id = NULL WHERE product_id = {bad}"));
        shop.order(ANN, &json!({"items": [{"productId": bad, "quantity": 1}]})).expect(200);
    });
}

#[test]
fn lists_leave_out_what_cannot_be_read() {
    on_both_stores("lists_leave_out_what_cannot_be_read", &[], |damaged| {
        let shop = &damaged.shop;
        let products: Vec<i64> = (0..4).map(|_| shop.product(100, 10)).collect();
        let campaigns: Vec<i64> = (0..3).map(|_| shop.campaign(5, &json!({}))).collect();
        let orders: Vec<String> = (0..3).map(|_| shop.unpaid(ANN, 1_000)).collect();
        damaged.change(&format!("UPDATE product SET status = 'BOGUS' WHERE product_id = {}", products[1]));
        damaged.change(&format!("UPDATE campaign SET queue_key = 'bogus' WHERE campaign_id = {}", campaigns[1]));
        damaged.change(&format!("UPDATE orders SET receiver = 'x' WHERE order_id = {}", order_id(1)));
        let first = shop.get(ANN, "/api/products?limit=2").expect(200);
        let found: Vec<_> =
            first["data"].as_array().unwrap().iter().map(|product| product["productId"].clone()).collect();
        assert_eq!(found, [products[0], products[2]], "an unreadable row does not shorten a page");
        assert!(first["nextCursor"].is_string(), "{first}");
        assert!(!damaged.ids(ANN, "/api/products", "productId").contains(&json!(products[1])));
        let listed = damaged.ids(ANN, "/api/coupons", "couponId");
        assert_eq!(listed, [json!(campaigns[0]), json!(campaigns[2])]);
        let sound = [json!(orders[2]), json!(orders[0])];
        for (user, path) in [(ANN, "/api/orders"), (ADMIN, "/api/admin/orders")] {
            assert_eq!(damaged.ids(user, path, "orderNumber"), sound, "{path}");
        }
        damaged.assert_damaged(&shop.get(ANN, &format!("/api/orders/{}", orders[1])));
        damaged.change(&format!("UPDATE order_line SET stock_state = 'x' WHERE order_id = {}", order_id(0)));
        assert_eq!(damaged.ids(ANN, "/api/orders", "orderNumber"), sound[..1]);
        damaged.assert_ready();
    });
}

#[test]
fn an_export_says_which_rows_it_leaves_out() {
    on_both_stores("an_export_says_which_rows_it_leaves_out", &[], |damaged| {
        let shop = &damaged.shop;
        let campaign = shop.campaign(5, &json!({}));
        shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
        let orders: Vec<String> = (0..3).map(|_| shop.unpaid(ANN, 1_000)).collect();
        let events = damaged.export("events", 0).0.len();
        assert_eq!(damaged.export("coupons", 0).0.len(), 1);

        damaged.change(&format!("UPDATE order_line SET stock_state = 'x' WHERE order_id = {}", order_id(0)));
        damaged.change(&format!("UPDATE orders SET receiver = 'x' WHERE order_id = {}", order_id(1)));
        let (exported, said) = damaged.export("orders", 1);
        assert!(exported.len() == 1 && exported[0].contains(&orders[2]), "{exported:?}");
        assert!(said.contains("1 row of order_line cannot be read, so orders are missing from the export"), "{said}");
        assert!(said.contains("1 row of orders cannot be read") && said.contains("receiver: "), "{said}");

        let event_row = if damaged.database.is_some() { "event" } else { "event_row" };
        let issued =
            "position = (SELECT at FROM (SELECT MAX(position) AS at FROM event WHERE type = 'CouponIssued') AS one)";
        damaged.change(&format!("UPDATE {event_row} SET payload = '{{' WHERE {issued}"));
        let (exported, said) = damaged.export("coupons", 1);
        assert!(exported.is_empty() && said.contains("1 row of event cannot be read"), "{exported:?} {said}");

        let lost = if damaged.database.is_some() { "id = X'00'" } else { "kind = 9999" };
        damaged.change(&format!("UPDATE {event_row} SET {lost} WHERE position = 2"));
        let (exported, said) = damaged.export("events", 1);
        assert_eq!(exported.len(), events - 1, "the others are exported");
        assert!(said.contains("1 row of event cannot be read") && said.contains("(event 2)"), "{said}");
    });
}

#[test]
fn a_due_row_that_cannot_be_read_stops_no_other() {
    let settings = [("DOORBUSTER__ORDERS__PAY_WITHIN_S", "3")];
    on_both_stores("a_due_row_that_cannot_be_read_stops_no_other", &settings, |damaged| {
        let shop = &damaged.shop;
        let orders: Vec<String> = (0..3).map(|_| shop.unpaid(ANN, 1_000)).collect();
        damaged.change(&format!("UPDATE orders SET receiver = 'x' WHERE order_id = {}", order_id(0)));
        damaged.change(&format!("UPDATE timer SET kind = 'BOGUS' WHERE order_id = {}", order_id(1)));
        damaged.change(
            "INSERT INTO dead_letter (letter_id, consumer_group, topic, `partition`, log_offset, event_id, event_key, type,
                 payload, occurred_at, status, attempts, error, first_failed_at, last_failed_at, resends, due_at, acts)
             VALUES (77, 'bogus-group', 'order-events', 0, 1, 'none', '1', 'OrderCreated', '{}', 1, 'SCHEDULED', 1, 'no',
                 1, 1, 0, 1, '[]')",
        );
        damaged.change(
            "INSERT INTO parked_key (consumer_group, topic, key_hash, event_key, due_at, first_number, next_number, run, attempts)
             VALUES ('bogus-group', 'order-events', X'00000000000000000000000000000000', '1', 1, 1, 2, 1, 0)",
        );
        let number = &orders[2];
        until("the sound order expires", || {
            damaged.assert_ready();
            shop.get(ANN, &format!("/api/orders/{number}")).expect(200)["outcome"] == "CANCELLED"
        });
        let later = shop.unpaid(BOB, 1_000);
        until("later orders expire, too", || {
            damaged.assert_ready();
            shop.get(BOB, &format!("/api/orders/{later}")).expect(200)["outcome"] == "CANCELLED"
        });
    });
}

#[test]
fn a_due_payment_that_cannot_be_read_stops_no_other() {
    on_both_stores("a_due_payment_that_cannot_be_read_stops_no_other", &[], |damaged| {
        let shop = &damaged.shop;
        let first = shop.unpaid(ANN, 1_000);
        shop.pay(ANN, &first, 20).expect(200);
        damaged.change("UPDATE payment SET state = 'CAPTURING', ask = 'BOGUS', due_at = 1");
        let second = shop.unpaid(BOB, 1_000);
        shop.pay(BOB, &second, 20).expect(200);
        damaged.assert_damaged(&shop.get(ANN, &format!("/api/orders/{first}")));
        assert_eq!(damaged.ids(ADMIN, "/api/admin/orders", "orderNumber"), [json!(second)]);
        damaged.assert_ready();
    });
}

#[test]
fn a_webhook_that_cannot_be_read_stops_no_other() {
    let settings = [("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")];
    on_both_stores("a_webhook_that_cannot_be_read_stops_no_other", &settings, |damaged| {
        let shop = &damaged.shop;
        let receiver = HookReceiver::start(&[200]);
        let endpoint = |url: &str| {
            shop.post(ADMIN, "/api/admin/webhooks", &json!({"url": url, "eventTypes": ["order.completed"]})).expect(201)
        };
        let bad = endpoint("http://127.0.0.1:9/hooks")["webhookId"].clone();
        let sound = endpoint(&receiver.url())["webhookId"].clone();
        damaged.change(&format!("UPDATE webhook SET event_types = '{{' WHERE webhook_id = {bad}"));
        assert_eq!(damaged.ids(ADMIN, "/api/admin/webhooks", "webhookId"), [sound]);
        damaged.assert_damaged(&shop.get(ADMIN, &format!("/api/admin/webhooks/{bad}")));
        let product = shop.product(0, 10);
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        assert!(receiver.next().body.contains("order.completed"));
        damaged.change("UPDATE webhook_delivery SET state = 'BOGUS', due_at = 1 WHERE number = 1");
        shop.order(BOB, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        assert!(receiver.next().body.contains("order.completed"));
        damaged.assert_ready();
    });
}
