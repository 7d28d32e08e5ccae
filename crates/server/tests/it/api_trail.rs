//! The trail: every change on the admin paths with who made it, in which role, and why.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::api_modes::command;
use crate::client::Answer;
use crate::dashboard::visit;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const TRAIL: &str = "/api/admin/trail";

fn on_both_stores(check: impl Fn(&TestShop)) {
    check(&TestShop::start());
    let Some(database) = Database::new("the_trail_is_the_same_on_the_shared_store") else { return };
    check(&database.shop());
}

fn trail(shop: &TestShop, query: &str) -> Vec<Value> {
    shop.get(ADMIN, &format!("{TRAIL}{query}")).expect(200)["data"].as_array().unwrap().clone()
}

fn told(line: &Value) -> (&str, &str) {
    (line["action"].as_str().unwrap(), line["subject"].as_str().unwrap())
}

#[test]
fn every_change_is_in_the_trail_once_with_who_made_it_and_why() {
    on_both_stores(|shop| {
        let body = json!({"name": "Sneaker", "price": 12_900, "stock": 3});
        let made = shop.ask(ADMIN, "POST", "/api/admin/products", &[("idempotency-key", "\"one\"")], &body).expect(201);
        shop.ask(ADMIN, "POST", "/api/admin/products", &[("idempotency-key", "\"one\"")], &body).expect(201);
        let product = format!("products/{}", made["productId"]);
        let path = format!("/api/admin/{product}");
        shop.post(ADMIN, &format!("{path}/stock"), &json!({"delta": -1, "reason": "water 젖음"})).expect(200);
        // Refused requests and reads leave no line.
        assert_eq!(shop.patch(ADMIN, &path, &json!({"price": -1})).status, 400);
        assert_eq!(shop.post(ADMIN, "/api/admin/orders/none/resume", &json!({})).status, 404);
        assert_eq!(shop.patch(ANN, &path, &json!({"price": 1})).status, 403);
        shop.get(ADMIN, &path).expect(200);
        // Changes outside of the store are recorded as well.
        shop.ask(ADMIN, "PUT", "/api/admin/log-level", &[], &json!({"level": "info"})).expect(200);

        // Points for somebody else are the shop's money; one's own are not.
        shop.post(ADMIN, "/api/points/charge", &json!({"amount": 7, "userId": ANN})).expect(200);
        shop.post(ADMIN, "/api/points/charge", &json!({"amount": 7})).expect(200);

        let lines = trail(shop, "");
        let gift = lines.first().unwrap();
        assert_eq!(
            (told(gift), &gift["change"]["amount"]),
            (("chargePoints", &*format!("users/{ANN}/points")), &json!(7))
        );
        let lines = &lines[1..];
        let all: Vec<(&str, &str)> = lines.iter().map(told).collect();
        let stock = format!("{product}/stock");
        let expected = [("setLogLevel", "log-level"), ("adjustStock", &stock), ("registerProduct", &product)];
        assert_eq!(all, expected, "newest first");
        let adjusted = &lines[1];
        assert_eq!((&adjusted["userId"], &adjusted["role"]), (&json!(ADMIN), &json!("admin")));
        assert_eq!((&adjusted["reason"], &adjusted["change"]["delta"]), (&json!("water 젖음"), &json!(-1)));
        assert!(lines[0]["at"].as_str() >= adjusted["at"].as_str() && adjusted.get("keyId").is_none());

        assert_eq!(trail(shop, &format!("?subject={product}")).len(), 2, "and what is below it");
        assert_eq!(trail(shop, &format!("?subject={product}9")).len(), 0);
        assert_eq!(trail(shop, "?action=adjustStock").len(), 1);
        assert_eq!(trail(shop, &format!("?userId={ADMIN}&to=2020-01-01T00:00:00Z")).len(), 0);
        assert_eq!(trail(shop, &format!("?userId={ADMIN}&from=2020-01-01T00:00:00Z")).len(), 4);
        assert_eq!(trail(shop, "?userId=42").len(), 0);
        let first = shop.get(ADMIN, &format!("{TRAIL}?limit=3")).expect(200);
        let next =
            shop.get(ADMIN, &format!("{TRAIL}?limit=3&cursor={}", first["nextCursor"].as_str().unwrap())).expect(200);
        assert_eq!(
            next["data"].as_array().unwrap().iter().map(told).collect::<Vec<_>>(),
            [("registerProduct", &*product)]
        );
        let page = visit(shop, &shop.token(ADMIN, Role::Admin), &format!("/admin/trail?subject={product}"));
        assert!(page.status == 200 && page.text.contains("adjustStock") && !page.text.contains("setLogLevel"));
        shop.assert_adds_up();
    });
}

#[test]
fn acts_that_take_something_away_may_say_why() {
    on_both_stores(|shop| {
        let made = |path: &str, body: Value, id: &str| {
            let made = shop.post(ADMIN, &format!("/api/admin/{path}"), &body).expect(201);
            format!("{path}/{}", made[id])
        };
        let campaign = format!("coupons/{}", shop.campaign(5, &json!({})));
        let terms = json!({"name": "Saturday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "products": [{"productId": shop.product(1_000, 5)}]});
        let drop = made("drops", terms, "dropId");
        let hook = made("webhooks", json!({"url": "https://erp.example.com/hooks"}), "webhookId");
        let key = made("api-keys", json!({"name": "Hooks", "scopes": ["webhooks:write"]}), "keyId");
        let person = made("users", json!({"email": "eve@example.com", "name": "Eve", "role": "operator"}), "userId");
        for (method, subject, body) in [
            ("PATCH", &campaign, json!({"paused": true})),
            ("PATCH", &drop, json!({"paused": true})),
            ("PATCH", &drop, json!({"endsAt": "2098-01-01T00:00:00Z"})),
            ("PATCH", &hook, json!({"status": "DISABLED"})),
            ("DELETE", &hook, json!({})),
            ("PATCH", &person, json!({"role": "viewer"})),
            ("DELETE", &key, json!({})),
        ] {
            let act = |reason: &str| {
                let mut body = body.clone();
                body["reason"] = reason.into();
                shop.ask(ADMIN, method, &format!("/api/admin/{subject}"), &[], &body)
            };
            assert_eq!(act(" ").complaint(400).1, "#/reason", "{method} {subject}");
            let answer = act("a bot wave 봇");
            assert!(matches!(answer.status, 200 | 204), "{method} {subject}: {}", answer.text);
            let line = &trail(shop, "?limit=1")[0];
            assert_eq!((told(line).1, &line["reason"]), (&**subject, &json!("a bot wave 봇")), "{method}");
        }
        shop.patch(ADMIN, &format!("/api/admin/{campaign}"), &json!({"paused": false})).expect(200);
        assert_eq!(trail(shop, "?limit=1")[0].get("reason"), None, "none is needed");
    });
}

#[test]
fn no_secret_is_in_the_trail_and_a_key_is_named() {
    on_both_stores(|shop| {
        let scopes = json!({"name": "Hooks", "scopes": ["webhooks:write"]});
        let made = shop.post(ADMIN, "/api/admin/api-keys", &scopes).expect(201);
        let key = made["key"].as_str().unwrap();
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = json!({"url": "https://erp.example.com/hooks", "secret": secret}).to_string();
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let hook = shop.client().send("POST", "/api/admin/webhooks", &headers, &body).unwrap().expect(201);
        shop.post(ADMIN, "/api/admin/users", &json!({"email": "eve@example.com", "name": "Eve", "role": "viewer"}))
            .expect(201);
        let lines = trail(shop, "");
        assert_eq!(told(&lines[1]), ("createWebhook", &*format!("webhooks/{}", hook["webhookId"])));
        assert_eq!((&lines[1]["keyId"], &lines[1]["change"]["secret"]), (&made["keyId"], &json!("[redacted]")));
        assert_eq!(told(&lines[2]), ("createApiKey", &*format!("api-keys/{}", made["keyId"])));
        let all = json!(lines).to_string();
        assert!(!all.contains(secret) && !all.contains(key), "{all}");
    });
}

#[test]
fn a_terminal_shows_the_trail() {
    let shop = TestShop::start();
    let [first, second] = [(); 2].map(|()| shop.product(1_000, 5));
    let stock = json!({"delta": -1, "reason": "water damage"});
    shop.post(ADMIN, &format!("/api/admin/products/{first}/stock"), &stock).expect(200);
    let adjusted = format!("products/{first}/stock");
    let printed = command(&shop, &["trail", "--limit", "2"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("AT ") && lines[0].contains("USER ID  ROLE   KEY ID  ACTION"), "{printed}");
    assert!(lines[1].contains("adjustStock") && lines[1].ends_with("water damage"), "{printed}");
    assert!(lines[2].contains(&format!("products/{second} ")) && lines[3].contains("--cursor"), "{printed}");
    let found = |more: &[&str]| {
        let page: Value = serde_json::from_str(&command(&shop, &[&["trail", "--json"], more].concat())).unwrap();
        page["data"].as_array().unwrap().iter().map(|line| told(line).1.to_owned()).collect::<Vec<_>>()
    };
    let of_first = [adjusted.clone(), format!("products/{first}")];
    assert_eq!(found(&["--subject", &format!("products/{first}")]), of_first);
    assert_eq!(found(&["--by", &ADMIN.to_string(), "--action", "adjustStock"]), [adjusted]);
    assert_eq!(found(&["--by", "7777"]), [""; 0]);
    assert_eq!(found(&["--since", "2099-01-01T00:00:00+09:00"]), [""; 0]);
    assert_eq!(found(&["--until", "2099-01-01T00:00:00+09:00"]).len(), 3);
    assert_eq!(command(&shop, &["trail", "--by", "7777"]).trim(), "There are none.");
}

#[test]
fn only_admins_read_the_trail() {
    let shop = TestShop::start();
    let ask = |role: Role| -> Answer {
        let bearer = format!("Bearer {}", shop.token(700, role));
        shop.client().send("GET", TRAIL, &[("authorization", &bearer)], "").unwrap()
    };
    ask(Role::Admin).expect(200);
    assert_eq!(ask(Role::Operator).problem(403), "auth.forbidden");
    assert_eq!(visit(&shop, &shop.token(700, Role::Operator), "/admin/trail").status, 404);
    assert_eq!(shop.get(ADMIN, &format!("{TRAIL}?from=yesterday")).complaint(400).1, "from");
}
