//! Changes and creations with an `Idempotency-Key`: a repeat gets the first answer, also after later changes (T13).

use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::client::Answer;
use crate::dlq::{give_up, issued};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

/// A resource, and two changes of it, one after the other.
struct Change {
    method: &'static str,
    path: String,
    first: Value,
    second: Value,
}

fn keyed(shop: &TestShop, change: &Change, key: &str, body: &Value) -> Answer {
    shop.ask(ADMIN, change.method, &change.path, &[("idempotency-key", key)], body)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// Makes both changes, repeats the first, and checks the final state.
#[track_caller]
fn holds(shop: &TestShop, change: &Change) {
    let Change { method, path, first, second } = change;
    let made = keyed(shop, change, "k1", first);
    assert!(!is_replayed(&made), "{method} {path}");
    let made = made.expect(200);
    let last = keyed(shop, change, "k2", second);
    assert!(!is_replayed(&last), "{method} {path}");
    let last = last.expect(200);
    assert_ne!(made, last, "{method} {path}");
    let again = keyed(shop, change, "k1", first);
    assert!(is_replayed(&again), "{method} {path}");
    assert_eq!(again.expect(200), made, "{method} {path}");
    let newest = keyed(shop, change, "k2", second);
    assert_eq!((is_replayed(&newest), newest.expect(200)), (true, last), "{method} {path}");
    assert_eq!(keyed(shop, change, "k1", second).problem(422), "idempotency.mismatch", "{method} {path}");
}

fn sent(shop: &TestShop, product: i64, more: &Value) -> String {
    let mut order = json!({"items": items(product, 1)});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let number = shop.order(ANN, &order).number(200).to_owned();
    shop.pay(ANN, &number, 20).expect(200);
    number
}

#[test]
fn a_change_that_is_repeated_is_answered_as_the_first_time() {
    in_both_executors(|shop| {
        let (product, campaign) = (shop.product(1_000, 9), shop.campaign(5, &json!({})));
        let receiver =
            json!({"receiver": {"name": "Ann", "phone": "010-1234-5678", "address": "Seoul", "postalCode": "04524"}});
        let parcel = sent(shop, product, &receiver);
        let stored = sent(shop, product, &json!({"warehouseStorage": true}));
        give_up(shop, 7, "{}");
        let bob = shop.post(ADMIN, "/api/admin/users", &invited("bob@example.com")).expect(201);
        let edited = |user: i64| json!({"payload": issued().replace("\"userId\":1", &format!("\"userId\":{user}")), "reason": "mended"});
        let changes = [
            ("PATCH", format!("/api/admin/products/{product}"), json!({"price": 2_000}), json!({"price": 3_000})),
            ("PATCH", format!("/api/admin/coupons/{campaign}"), json!({"paused": true}), json!({"paused": false})),
            (
                "PATCH",
                format!("/api/admin/shipments/{parcel}"),
                json!({"status": "SHIPPED"}),
                json!({"status": "IN_TRANSIT"}),
            ),
            (
                "PATCH",
                format!("/api/admin/warehouse/{stored}"),
                json!({"status": "ON_AUCTION"}),
                json!({"status": "IN_STORAGE"}),
            ),
            ("PUT", "/api/admin/modes".to_owned(), mode("sequential"), mode("parallel")),
            ("PATCH", "/api/admin/dead-letters/7".to_owned(), edited(2), edited(3)),
            (
                "PATCH",
                format!("/api/admin/users/{}", bob["userId"]),
                json!({"role": "viewer"}),
                json!({"role": "admin"}),
            ),
        ];
        for (method, path, first, second) in changes {
            holds(shop, &Change { method, path, first, second });
        }
        let price = shop.get(ANN, &format!("/api/products/{product}")).expect(200)["price"].clone();
        assert_eq!(price, 3_000, "a repeat changes nothing");
        let dropped = json!({"reason": "told by phone"});
        shop.post(ADMIN, "/api/admin/dead-letters/7/drop", &dropped).expect(200);
    });
}

fn mode(mode: &str) -> Value {
    json!({"mode": mode, "reason": "a try"})
}

fn invited(email: &str) -> Value {
    json!({"email": email, "name": "Bob", "role": "operator"})
}

/// A thing to create, and a change of it.
struct Creation {
    path: &'static str,
    body: Value,
    id: &'static str,
    change: Value,
    /// The word by which a stored answer is known, and what an older version stored.
    word: &'static str,
    older: (&'static str, &'static str),
}

impl Creation {
    fn all() -> [Creation; 3] {
        let campaign = json!({
            "name": "Another", "discount": {"type": "FIXED", "value": 10}, "totalQuantity": 5,
            "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z",
        });
        [
            Creation {
                path: "/api/admin/products",
                body: json!({"name": "Sandal", "price": 1_000, "stock": 1, "sku": "SND-1"}),
                id: "productId",
                change: json!({"price": 3_000, "sku": "SND-2"}),
                word: "described",
                older: ("productRegistered", "product"),
            },
            Creation {
                path: "/api/admin/coupons",
                body: campaign,
                id: "couponId",
                change: json!({"paused": true}),
                word: "campaign",
                older: ("campaignCreated", "campaign"),
            },
            Creation {
                path: "/api/admin/users",
                body: invited("carol@example.com"),
                id: "userId",
                change: json!({"role": "viewer"}),
                word: "login",
                older: ("userRegistered", "user"),
            },
        ]
    }

    fn make(&self, shop: &TestShop) -> Answer {
        shop.post_keyed(ADMIN, "k1", self.path, &self.body)
    }
}

#[test]
fn a_creation_that_is_repeated_is_answered_as_the_first_time() {
    in_both_executors(|shop| {
        for creation in Creation::all() {
            let first = creation.make(shop);
            assert!(!is_replayed(&first), "{}", creation.path);
            let mut made = first.expect(201);
            let path = format!("{}/{}", creation.path, made[creation.id]);
            shop.patch(ADMIN, &path, &creation.change).expect(200);
            // It is shown once.
            made.as_object_mut().unwrap().remove("password");
            let again = creation.make(shop);
            assert!(is_replayed(&again), "{}", creation.path);
            assert_eq!((again.expect(201), again.header("etag")), (made, first.header("etag")), "{}", creation.path);
        }
    });
}

/// An older version stored the number alone, or nothing: a repeat over the upgrade shows the thing as it is.
#[test]
fn an_answer_that_an_older_version_stored_is_repeated() {
    let shop = TestShop::start();
    older_answers(&shop, &|sql| shop.edit().execute_batch(sql).unwrap());
    let Some(database) = Database::new("an_answer_that_an_older_version_stored_is_repeated") else { return };
    older_answers(&database.shop(), &|sql| drop(database.ask::<mysql_async::Row>(sql)));
}

fn older_answers(shop: &TestShop, change: &dyn Fn(&str)) {
    let store = |answer: &str, word: &str| {
        change(&format!("UPDATE idempotency SET answer = '{answer}' WHERE answer LIKE '%\"{word}\":%'"));
    };
    for creation in Creation::all() {
        let number = creation.make(shop).expect(201)[creation.id].clone();
        let (kind, of) = creation.older;
        store(&format!("{{\"kind\":\"{kind}\",\"{of}\":{number}}}"), creation.word);
        let again = creation.make(shop);
        assert_eq!((is_replayed(&again), &again.expect(201)[creation.id]), (true, &number), "{}", creation.path);
    }
    let bob = shop.post(ADMIN, "/api/admin/users", &invited("bob@example.com")).expect(201);
    let path = format!("/api/admin/users/{}", bob["userId"]);
    let give = || shop.ask(ADMIN, "PATCH", &path, &[("idempotency-key", "k1")], &json!({"role": "viewer"}));
    give().expect(200);
    store("{\"kind\":\"done\"}", "login");
    let again = give();
    assert_eq!((is_replayed(&again), &again.expect(200)["role"]), (true, &json!("viewer")));
}

#[test]
fn a_key_is_refused_where_no_answer_is_kept() {
    let shop = TestShop::start();
    let body = json!({"service": "stockService", "out": true, "reason": "a rehearsal"});
    let refused = shop.ask(ADMIN, "PUT", "/api/admin/services", &[("idempotency-key", "k1")], &body);
    assert_eq!(refused.complaint(400).1, "Idempotency-Key");
    assert_eq!(shop.get(ADMIN, "/api/admin/services").expect(200)["data"][0]["out"], false);
    let login = json!({"email": "ann@example.com", "password": "a long password"});
    for (user, path, body) in [(ADMIN, "/api/admin/audit/repair", json!({})), (ANN, "/api/auth/login", login)] {
        let refused = shop.ask(user, "POST", path, &[("idempotency-key", "k1")], &body);
        assert_eq!(refused.complaint(400).1, "Idempotency-Key", "{path}");
    }
    shop.post(ADMIN, "/api/admin/audit/repair", &json!({})).expect(200);
}
