//! Requests of the API tests, and checks of the answers.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// A time-out that no passing test reaches.
pub(crate) const WAIT: (&str, &str) = ("prefer", "wait=20");

/// Runs a test under both executors.
pub(crate) fn in_both_executors(check: impl Fn(&TestShop)) {
    check(&TestShop::start());
    check(&TestShop::start_with_log());
}

/// Compares with a pattern: `<text>`, `<time>` and `<integer>` match any value of their kind, all else only itself.
#[track_caller]
pub(crate) fn assert_like(found: &Value, wanted: &Value) {
    assert!(is_like(found, wanted), "found {found:#}\nwanted {wanted:#}");
}

fn is_like(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (found, Value::String(kind)) if kind.starts_with('<') => is_kind(found, kind),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| is_like(found, wanted))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            let has = |(name, wanted)| found.get(name).is_some_and(|found| is_like(found, wanted));
            found.len() == wanted.len() && wanted.iter().all(has)
        }
        (found, wanted) => found == wanted,
    }
}

fn is_kind(found: &Value, kind: &str) -> bool {
    let text = found.as_str().unwrap_or("");
    match kind {
        "<text>" => !text.is_empty(),
        "<time>" => text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
        "<integer>" => found.is_i64(),
        other => panic!("{other} is no kind"),
    }
}

impl Answer {
    /// Returns the order number of an answer that must have this status.
    #[track_caller]
    pub(crate) fn number(&self, status: u16) -> String {
        self.expect(status)["orderNumber"].as_str().unwrap().to_owned()
    }

    /// Returns code and place of a problem with one value.
    #[track_caller]
    pub(crate) fn complaint(&self, status: u16) -> (String, String) {
        let code = self.problem(status);
        let violation = &self.json()["errors"][0];
        let places = ["pointer", "parameter", "header"].map(|place| violation[place].as_str());
        let place = places.into_iter().flatten().next().unwrap_or("").to_owned();
        (code, place)
    }
}

impl TestShop {
    pub(crate) fn patch(&self, user: i64, path: &str, body: &Value) -> Answer {
        self.ask(user, "PATCH", path, &[], body)
    }

    /// Posts and waits for the outcome.
    pub(crate) fn post_waiting(&self, user: i64, path: &str, body: &Value) -> Answer {
        self.ask(user, "POST", path, &[WAIT], body)
    }

    /// Posts under an idempotency key.
    pub(crate) fn post_keyed(&self, user: i64, key: &str, path: &str, body: &Value) -> Answer {
        self.ask(user, "POST", path, &[("idempotency-key", key)], body)
    }

    /// Sends a request without a token.
    pub(crate) fn ask_openly(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client().send(method, path, &[("content-type", "application/json")], &body).unwrap()
    }

    /// Sends bytes on a new connection and reads one answer.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) -> Answer {
        let mut client = self.client();
        client.write_bytes(bytes).unwrap();
        client.read().unwrap()
    }

    pub(crate) fn available(&self, product: i64) -> i64 {
        let product = self.ask_openly("GET", &format!("/api/products/{product}"), &Value::Null);
        product.expect(200)["available"].as_i64().unwrap()
    }

    pub(crate) fn balance(&self, user: i64) -> i64 {
        self.get(user, "/api/points").expect(200)["balance"].as_i64().unwrap()
    }

    /// Issues a coupon of the campaign to the user; returns its id.
    pub(crate) fn issue(&self, user: i64, campaign: i64) -> String {
        let issued = self.post(user, &format!("/api/coupons/{campaign}/issue"), &json!({})).expect(201);
        issued["userCouponId"].as_str().unwrap().to_owned()
    }

    /// Returns the only coupon of the user.
    pub(crate) fn only_coupon(&self, user: i64) -> Value {
        let mut held = self.get(user, "/api/users/me/coupons").expect(200);
        let held = held["data"].as_array_mut().unwrap();
        assert_eq!(held.len(), 1, "{held:?}");
        held.remove(0)
    }

    /// Reads `path` until the answer is as wanted.
    #[track_caller]
    pub(crate) fn get_until(&self, user: i64, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        self.get_within(10, user, path, is_wanted)
    }

    /// Reads `path` until the answer is as wanted, for at most this number of seconds.
    #[track_caller]
    pub(crate) fn get_within(&self, seconds: u32, user: i64, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        for _ in 0..seconds * 40 {
            found = self.get(user, path).expect(200);
            if is_wanted(&found) {
                return found;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("{path} never came to what is wanted: {found:#}");
    }

    /// Returns everything that the shop shows, and the audit's counts: a refused request changes none of it.
    pub(crate) fn everything(&self) -> Value {
        // The statistics, which the audit counts, follow the events after their commit.
        let has_followed = |group: &Value| group["lag"] == 0;
        self.get_until(ADMIN, "/api/admin/groups", |groups| {
            groups["data"].as_array().unwrap().iter().all(has_followed)
        });
        let public = ["/api/products?limit=100", "/api/coupons?limit=100"].map(|path| (ADMIN, path));
        let own = ["/api/points", "/api/points/history", "/api/users/me/coupons", "/api/orders"];
        let own = [ANN, BOB, ADMIN].into_iter().flat_map(|user| own.map(|path| (user, path)));
        let all = public.into_iter().chain(own).chain([(ADMIN, "/api/admin/orders"), (ADMIN, "/api/admin/audit")]);
        all.map(|(user, path)| self.get(user, path).expect(200)).collect()
    }
}

/// One line of an order.
pub(crate) fn items(product: i64, quantity: i64) -> Value {
    json!([{"productId": product, "quantity": quantity}])
}
