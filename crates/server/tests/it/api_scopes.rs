//! The scopes of API keys: every route with a key of each scope.

use domain::api_key::Scope;
use serde_json::json;

use crate::api_access::{Access, ROUTES, concrete};
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

/// Returns the part of the admin paths that a route belongs to: the scopes that open it. `None`: no key does.
fn part_of(path: &str) -> Option<&'static str> {
    if path.ends_with("/history") && path.starts_with("/api/admin/users") {
        return Some("customers");
    }
    let parts: [(&str, &[&str]); 10] = [
        ("drops", &["drops"]),
        ("audit", &["audit", "trail"]),
        ("coupons", &["coupons", "requests"]),
        ("messages", &["dead-letters", "events", "groups", "services", "topics"]),
        ("orders", &["orders", "shipments", "warehouse"]),
        ("payments", &["payments"]),
        ("products", &["products"]),
        ("settings", &["modes", "log-level"]),
        ("statistics", &["statistics", "now", "alerts"]),
        ("webhooks", &["webhooks"]),
    ];
    let first = path.strip_prefix("/api/admin/")?.split('/').next()?;
    parts.into_iter().find(|(_, firsts)| firsts.contains(&first)).map(|(part, _)| part)
}

/// Every route with a key of each scope, on both stores: a scope opens its own part of the admin paths and nothing else.
#[test]
fn each_scope_opens_its_own_part() {
    check_scopes(&TestShop::start());
    let Some(database) = Database::new("each_scope_opens_its_own_part_of_the_shared_store") else { return };
    check_scopes(&database.shop());
}

fn check_scopes(shop: &TestShop) {
    for scope in Scope::ALL {
        let body = json!({"name": scope.name(), "scopes": [scope.name()]});
        let made = shop.post(ADMIN, "/api/admin/api-keys", &body).expect(201);
        let authorization = format!("Bearer {}", made["key"].as_str().unwrap());
        let headers = [("authorization", &*authorization)];
        let ended = shop.client().send("DELETE", "/api/auth/session", &headers, "").unwrap();
        assert_eq!(ended.problem(403), "auth.forbidden", "a key is no session that could be ended");
        let (own, writes) = scope.parts();
        for (method, path, access) in ROUTES {
            if matches!(access, Access::Everybody | Access::Visitors) {
                continue;
            }
            let headers = [("authorization", &*authorization), ("content-type", "application/json")];
            let answer = shop.client().send(method, &concrete(path), &headers, "{}").unwrap();
            let name = format!("{method} {path} with {}", scope.name());
            if access == Access::Customers {
                assert_eq!(answer.problem(401), "auth.required", "{name}: a key is no customer");
            } else if part_of(path) == Some(own) && (writes || (method == "GET" && !path.ends_with("/secret"))) {
                assert!(!matches!(answer.status, 401 | 403 | 500..), "{name}: {}", answer.text);
            } else {
                assert_eq!(answer.problem(403), "auth.forbidden", "{name}");
            }
        }
    }
}
