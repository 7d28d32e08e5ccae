//! The people who run the shop: invited, given roles, and sent away.

use serde_json::{Value, json};

use crate::buyers::until;
use crate::client::Answer;
use crate::dashboard::visit;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const USERS: &str = "/api/admin/users";

fn log_in(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.ask_openly("POST", "/api/auth/login", &json!({"email": email, "password": password}))
}

fn token(shop: &TestShop, email: &str, password: &str) -> String {
    log_in(shop, email, password).expect(200)["accessToken"].as_str().unwrap().to_owned()
}

fn call(shop: &TestShop, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    shop.client().send(method, path, &headers, &body.to_string()).unwrap()
}

fn on_both_stores(check: impl Fn(&TestShop)) {
    check(&TestShop::start());
    let Some(database) = Database::new("the_people_of_a_shop_are_the_same_on_the_shared_store") else { return };
    check(&database.shop());
}

#[test]
fn a_role_counts_at_once_and_is_taken_away_at_once() {
    on_both_stores(|shop| {
        let invited = shop.post(ADMIN, USERS, &json!({"email": "bob@example.com", "name": "Bob", "role": "operator"}));
        let bob = invited.expect(201);
        let (id, password) = (bob["userId"].as_i64().unwrap(), bob["password"].as_str().unwrap());
        assert_eq!((&bob["email"], &bob["role"], password.len()), (&json!("bob@example.com"), &json!("operator"), 20));
        let token = token(shop, "bob@example.com", password);
        assert_eq!(call(shop, &token, "GET", "/api/users/me", &json!({})).expect(200)["role"], "operator");

        let product = shop.product(1_000, 5);
        let path = format!("/api/admin/products/{product}");
        let reprice = |price: i64| call(shop, &token, "PATCH", &path, &json!({"price": price}));
        reprice(2_000).expect(200);
        assert_eq!(call(shop, &token, "GET", USERS, &json!({})).problem(403), "auth.forbidden");

        let give = |role: &str| shop.patch(ADMIN, &format!("{USERS}/{id}"), &json!({"role": role}));
        assert_eq!(give("viewer").expect(200)["role"], "viewer");
        assert_eq!(reprice(3_000).problem(403), "auth.forbidden", "the token is of an operator, the role is not");
        assert_eq!(call(shop, &token, "GET", "/api/users/me", &json!({})).expect(200)["role"], "viewer");
        assert_eq!(call(shop, &token, "GET", &path, &json!({})).expect(200)["price"], 2_000);
        // A token does not grow with the role.
        give("admin").expect(200);
        assert_eq!(call(shop, &token, "GET", USERS, &json!({})).problem(403), "auth.forbidden");
        assert_eq!(visit(shop, &token, "/admin").status, 200);
        assert_eq!(give("customer").expect(200)["role"], "customer");
        assert_eq!(visit(shop, &token, "/admin").status, 404, "nor do pages trust the token alone");
        assert_eq!(call(shop, &token, "GET", &path, &json!({})).problem(403), "auth.forbidden");
        assert_eq!(call(shop, &token, "GET", "/api/orders", &json!({})).status, 200, "a customer like others");

        let listed = shop.get(ADMIN, USERS).expect(200);
        let emails: Vec<&str> =
            listed["data"].as_array().unwrap().iter().filter_map(|one| one["email"].as_str()).collect();
        assert_eq!(emails, ["admin@doorbuster.local"]);
        let again = shop.post(ADMIN, USERS, &json!({"email": "BOB@example.com", "name": "Bob", "role": "viewer"}));
        assert_eq!(again.problem(409), "user.email_taken");
        assert_eq!(
            shop.patch(ADMIN, &format!("{USERS}/999"), &json!({"role": "viewer"})).problem(404),
            "user.not_found"
        );
        assert_eq!(shop.patch(ADMIN, &format!("{USERS}/{id}"), &json!({"role": "owner"})).complaint(400).1, "#/role");
        assert_eq!(shop.post(ANN, USERS, &json!({})).problem(403), "auth.forbidden");
    });
}

#[test]
fn nobody_changes_their_own_role() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ADMIN__PASSWORD", "first of them all")]);
    let token = token(&shop, "admin@doorbuster.local", "first of them all");
    let me = call(&shop, &token, "GET", "/api/users/me", &json!({})).expect(200)["userId"].as_i64().unwrap();
    let own = call(&shop, &token, "PATCH", &format!("{USERS}/{me}"), &json!({"role": "viewer"}));
    assert_eq!(own.problem(403), "auth.forbidden");
    let invited = json!({"email": "eve@example.com", "name": "Eve", "role": "admin"});
    let eve = call(&shop, &token, "POST", USERS, &invited).expect(201);
    assert_eq!(call(&shop, &token, "GET", USERS, &json!({})).expect(200)["data"].as_array().unwrap().len(), 2);
    let eve_token = self::token(&shop, "eve@example.com", eve["password"].as_str().unwrap());
    call(&shop, &eve_token, "PATCH", &format!("{USERS}/{me}"), &json!({"role": "viewer"})).expect(200);
    assert_eq!(call(&shop, &token, "GET", USERS, &json!({})).problem(403), "auth.forbidden");
    // Nor does the token of a former admin do on the customers' paths what only admins may.
    let product = shop.product(1_000, 5);
    let order = json!({"items": [{"productId": product, "quantity": 1}], "mode": "atomic"});
    assert_eq!(call(&shop, &token, "POST", "/api/orders", &order).problem(403), "auth.forbidden");
    let charge = json!({"amount": 5, "userId": ANN});
    assert_eq!(call(&shop, &token, "POST", "/api/points/charge", &charge).problem(403), "auth.forbidden");
    call(&shop, &eve_token, "POST", "/api/points/charge", &charge).expect(200);
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    on_both_stores(|shop| {
        let body = json!({"email": "ann@example.com", "password": "correct horse", "name": "Ann"});
        shop.ask_openly("POST", "/api/users", &body).expect(201);
        let token = token(shop, "ann@example.com", "correct horse");
        let change = |current: &str, new: &str| {
            let body = json!({"currentPassword": current, "newPassword": new});
            call(shop, &token, "POST", "/api/users/me/password", &body)
        };
        assert_eq!(change("wrong horse", "battery staple").problem(401), "auth.invalid_credentials");
        assert_eq!(change("correct horse", "short").complaint(400).1, "#/newPassword");
        assert_eq!(change("correct horse", "battery staple").status, 204);
        assert_eq!(log_in(shop, "ann@example.com", "correct horse").problem(401), "auth.invalid_credentials");
        log_in(shop, "ann@example.com", "battery staple").expect(200);
        let old = call(shop, &token, "GET", "/api/orders", &json!({}));
        assert_eq!(old.problem(401), "auth.required", "tokens of before the change are worth nothing");
        let new = self::token(shop, "ann@example.com", "battery staple");
        call(shop, &new, "GET", "/api/orders", &json!({})).expect(200);
        let unknown = shop.post(
            ANN + 900,
            "/api/users/me/password",
            &json!({"currentPassword": "x", "newPassword": "battery staple"}),
        );
        assert_eq!(unknown.problem(404), "user.not_found");
    });
}

#[test]
fn a_browser_stays_logged_in_when_its_user_changes_the_password() {
    let shop = TestShop::start();
    let body = json!({"email": "ann@example.com", "password": "correct horse", "name": "Ann"});
    shop.ask_openly("POST", "/api/users", &body).expect(201);
    let send = |method: &str, path: &str, cookie: &str, body: &Value| {
        let headers = [("origin", "http://shop"), ("cookie", cookie), ("content-type", "application/json")];
        shop.client().send(method, path, &headers, &body.to_string()).unwrap()
    };
    let cookie_of = |answer: &Answer| answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let log_in = json!({"email": "ann@example.com", "password": "correct horse"});
    let [here, elsewhere] = [(); 2].map(|()| cookie_of(&send("POST", "/api/auth/session", "", &log_in)));
    let body = json!({"currentPassword": "correct horse", "newPassword": "battery staple"});
    let changed = send("POST", "/api/users/me/password", &here, &body);
    assert_eq!(changed.status, 204, "{}", changed.text);
    send("GET", "/api/users/me", &cookie_of(&changed), &Value::Null).expect(200);
    for old in [here, elsewhere] {
        assert_eq!(send("GET", "/api/users/me", &old, &Value::Null).problem(401), "auth.required");
    }
}

const KEYS: &str = "/api/admin/api-keys";

#[test]
fn a_key_is_shown_once_counts_at_once_and_is_revoked_at_once() {
    on_both_stores(|shop| {
        let body = json!({"name": " Warehouse ", "scopes": ["products:read", "orders:write", "orders:write"]});
        let made = shop.ask(ADMIN, "POST", KEYS, &[("idempotency-key", "\"warehouse\"")], &body).expect(201);
        let (id, key) = (made["keyId"].as_i64().unwrap(), made["key"].as_str().unwrap().to_owned());
        assert!(key.starts_with("dbk_") && key.len() == 47, "{key}");
        assert_eq!((&made["name"], &made["scopes"]), (&json!("Warehouse"), &json!(["orders:write", "products:read"])));
        let again = shop.ask(ADMIN, "POST", KEYS, &[("idempotency-key", "\"warehouse\"")], &body).expect(201);
        assert_eq!((&again["keyId"], again.get("key")), (&made["keyId"], None), "a repeat does not show it");

        let get = |path: &str| call(shop, &key, "GET", path, &json!({}));
        get("/api/admin/products").expect(200);
        get("/api/admin/orders").expect(200);
        let refused = get("/api/admin/coupons");
        assert_eq!(refused.problem(403), "auth.forbidden");
        assert!(refused.text.contains("coupons:read"), "it names what is missing: {}", refused.text);
        assert_eq!(call(shop, &key, "POST", "/api/admin/products", &json!({})).problem(403), "auth.forbidden");
        let unknown = call(shop, &key, "POST", "/api/admin/orders/none/resume", &json!({}));
        assert_eq!(unknown.problem(404), "order.not_found", "it may, but there is none");
        assert_eq!(get(KEYS).problem(403), "auth.forbidden");
        assert_eq!(get("/api/orders").problem(401), "auth.required", "it is no customer");
        assert_eq!(visit(shop, &key, "/admin").status, 303, "pages are for people");

        let listed = || shop.get(ADMIN, KEYS).expect(200)["data"][0].clone();
        until("the use of the key is noted", || listed().get("lastUsedAt").is_some());
        let listed = listed();
        assert_eq!((&listed["keyId"], listed.get("key")), (&json!(id), None));
        assert!(!listed.to_string().contains(&key[4..]));
        let one = format!("{KEYS}/{id}");
        assert_eq!(shop.ask(ANN, "DELETE", &one, &[], &json!({})).problem(403), "auth.forbidden");
        for _ in 0..2 {
            assert_eq!(shop.ask(ADMIN, "DELETE", &one, &[], &json!({})).status, 204);
        }
        assert_eq!(get("/api/admin/products").problem(401), "auth.required");
        assert!(shop.get(ADMIN, KEYS).expect(200)["data"][0]["revokedAt"].is_string());

        let complaint = |body: &Value| shop.post(ADMIN, KEYS, body).complaint(400).1;
        assert_eq!(complaint(&json!({"name": "", "scopes": ["orders:read"]})), "#/name");
        assert_eq!(complaint(&json!({"name": "x", "scopes": []})), "#/scopes");
        assert_eq!(complaint(&json!({"name": "x", "scopes": ["orders:read", "people:write"]})), "#/scopes/1");
    });
}

#[test]
fn a_key_can_do_no_more_than_its_maker_may_do_now() {
    let shop = TestShop::start();
    let body = json!({"email": "eve@example.com", "name": "Eve", "role": "admin"});
    let eve = shop.post(ADMIN, USERS, &body).expect(201);
    let eve_token = token(&shop, "eve@example.com", eve["password"].as_str().unwrap());
    let scopes = json!({"name": "Eve's", "scopes": ["webhooks:write", "products:write"]});
    let made = call(&shop, &eve_token, "POST", KEYS, &scopes).expect(201);
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["createdBy"], eve["userId"]);
    let stock = format!("/api/admin/products/{}/stock", shop.product(1_000, 5));
    let add = || call(&shop, key, "POST", &stock, &json!({"delta": 1, "reason": "found"}));
    let test = || call(&shop, key, "POST", "/api/admin/webhooks/999/test", &json!({}));
    add().expect(200);
    assert_eq!(test().problem(404), "webhook.not_found");
    let give =
        |role: &str| shop.patch(ADMIN, &format!("{USERS}/{}", eve["userId"]), &json!({"role": role})).expect(200);
    give("operator");
    add().expect(200);
    assert_eq!(test().problem(403), "auth.forbidden", "only admins write webhooks");
    give("customer");
    assert_eq!(add().problem(403), "auth.forbidden");
}
