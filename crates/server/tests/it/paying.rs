//! Helpers of payment tests: customers who pay, and the books of the shop and of the provider.

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::shop::{ADMIN, TestShop};

pub(crate) const CALLBACK_SECRETS: (&str, &str) = ("DOORBUSTER_PAYMENT_CALLBACK_SECRETS", "whsec_new,whsec_old");

/// A payment in the shop's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) order_ms: i64,
    pub(crate) state: String,
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) tries: Option<i64>,
}

/// The captured and refunded amounts in the provider's book, without declined operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

pub(crate) fn read_only(shop: &TestShop, file: &str) -> Connection {
    Connection::open_with_flags(shop.folder().join(file), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

impl TestShop {
    /// Places an order at this price that waits for its payment; returns its number.
    pub(crate) fn unpaid(&self, user: i64, price: i64) -> String {
        let product = self.product(price, 10);
        let order = self.order(user, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        assert_eq!(order["outcome"], "AWAITING_PAYMENT");
        order["orderNumber"].as_str().unwrap().to_owned()
    }

    /// Pays, and waits up to so many seconds for the result.
    pub(crate) fn pay(&self, user: i64, number: &str, wait: u32) -> Answer {
        let wait = format!("wait={wait}");
        let path = format!("/api/orders/{number}/pay");
        self.ask(user, "POST", &path, &[("prefer", &wait)], &json!({"method": "CARD"}))
    }

    pub(crate) fn tell_provider(&self, script: &Value) {
        self.post(ADMIN, "/api/admin/payments/script", script).expect(200);
    }

    /// Returns the shop's newest payment.
    pub(crate) fn newest_payment(&self) -> Ledger {
        let sql =
            "SELECT order_ms, state, authorized, captured, refunded, tries FROM payment ORDER BY order_id DESC LIMIT 1";
        let ledger = |row: &rusqlite::Row<'_>| {
            Ok(Ledger {
                order_ms: row.get(0)?,
                state: row.get(1)?,
                authorized: row.get(2)?,
                captured: row.get(3)?,
                refunded: row.get(4)?,
                tries: row.get(5)?,
            })
        };
        read_only(self, "shop.db").query_row(sql, [], ledger).unwrap()
    }

    /// Waits until the shop's newest payment is in this state.
    #[track_caller]
    pub(crate) fn payment_until(&self, state: &str) -> Ledger {
        self.payment_when(|ledger| ledger.state == state)
    }

    /// Waits until the shop's newest payment matches.
    #[track_caller]
    pub(crate) fn payment_when(&self, is_wanted: impl Fn(&Ledger) -> bool) -> Ledger {
        let mut ledger = self.newest_payment();
        for _ in 0..800 {
            if is_wanted(&ledger) {
                return ledger;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
            ledger = self.newest_payment();
        }
        panic!("the payment never came to what is wanted: {ledger:?}");
    }

    /// Waits until the metrics contain this text.
    #[track_caller]
    pub(crate) fn metrics_until(&self, wanted: &str) {
        let found = (0..800).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(25));
            self.get(ADMIN, "/metrics").text.contains(wanted)
        });
        assert!(found, "the metrics never have {wanted}");
    }

    /// Returns a user's notices of one kind, oldest first.
    pub(crate) fn notices_of(&self, user: i64, kind: &str) -> Vec<Value> {
        let shop = read_only(self, "shop.db");
        let sql = "SELECT data FROM notice WHERE user_id = ?1 AND kind = ?2 ORDER BY number";
        let mut notices = shop.prepare(sql).unwrap();
        let texts = notices.query_map((user, kind), |row| row.get::<_, String>(0)).unwrap();
        texts.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
    }

    /// Waits for a user's notices of one kind.
    #[track_caller]
    pub(crate) fn notices_within(&self, seconds: u32, user: i64, kind: &str) -> Vec<Value> {
        for _ in 0..seconds * 40 {
            let notices = self.notices_of(user, kind);
            if !notices.is_empty() {
                return notices;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("user {user} was never told {kind}");
    }

    /// Returns the number of events of a type.
    pub(crate) fn events_of(&self, kind: &str) -> i64 {
        let sql = "SELECT count(*) FROM event WHERE type = ?1";
        read_only(self, "shop.db").query_row(sql, [kind], |row| row.get(0)).unwrap()
    }

    /// Returns the payload of the newest event of a type.
    pub(crate) fn payload_of(&self, kind: &str) -> Value {
        let sql = "SELECT payload FROM event WHERE type = ?1 ORDER BY position DESC LIMIT 1";
        let payload: String = read_only(self, "shop.db").query_row(sql, [kind], |row| row.get(0)).unwrap();
        serde_json::from_str(&payload).unwrap()
    }

    /// Returns the number of payments with a due call.
    pub(crate) fn payments_under_way(&self) -> i64 {
        let sql = "SELECT count(*) FROM payment WHERE ask IS NOT NULL";
        read_only(self, "shop.db").query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Returns the captured and refunded amounts in the shop's store.
    pub(crate) fn own_statement(&self) -> Statement {
        let sql = "SELECT coalesce(sum(captured), 0), coalesce(sum(refunded), 0) FROM payment";
        statement(&read_only(self, "shop.db"), sql)
    }

    /// Returns the captured and refunded amounts in the provider's book.
    pub(crate) fn provider_statement(&self) -> Statement {
        let sum = |operation: &str| format!("coalesce(sum(amount) FILTER (WHERE deed = '{operation}'), 0)");
        let sql = format!("SELECT {}, {} FROM deed WHERE declined IS NULL", sum("capture"), sum("refund"));
        statement(&read_only(self, "scripted-payments.db"), &sql)
    }
}

fn statement(ledger: &Connection, sql: &str) -> Statement {
    ledger.query_row(sql, [], |row| Ok(Statement { captured: row.get(0)?, refunded: row.get(1)? })).unwrap()
}
