use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::shop::{ADMIN, ANN, TestShop};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Pages for people, which send a visitor to the login page.
    Visitors,
    Everybody,
    Customers,
    Admins,
}

use Access::{Admins, Customers, Everybody, Visitors};

/// Every route and who may call it. A new route must be added here, or the test below fails.
pub(crate) const ROUTES: [(&str, &str, Access); 189] = [
    ("GET", "/livez", Everybody),
    ("GET", "/readyz", Everybody),
    ("GET", "/startupz", Everybody),
    ("GET", "/info", Everybody),
    ("GET", "/metrics", Everybody),
    ("GET", "/openapi.json", Everybody),
    ("GET", "/", Visitors),
    ("GET", "/admin", Visitors),
    ("GET", "/admin/orders", Visitors),
    ("GET", "/admin/orders/{orderNumber}", Visitors),
    ("GET", "/admin/products", Visitors),
    ("GET", "/admin/products/{id}", Visitors),
    ("GET", "/admin/drops", Visitors),
    ("GET", "/admin/drops/{id}", Visitors),
    ("GET", "/admin/coupons", Visitors),
    ("GET", "/admin/coupons/{id}", Visitors),
    ("GET", "/admin/payments", Visitors),
    ("GET", "/admin/messages", Visitors),
    ("GET", "/admin/messages/{id}", Visitors),
    ("GET", "/admin/messages/topics", Visitors),
    ("GET", "/admin/messages/groups/{group}", Visitors),
    ("GET", "/admin/events", Visitors),
    ("GET", "/admin/webhooks", Visitors),
    ("GET", "/admin/webhooks/{id}", Visitors),
    ("GET", "/admin/webhooks/{id}/deliveries/{deliveryId}", Visitors),
    ("GET", "/admin/modes", Visitors),
    ("GET", "/admin/audit", Visitors),
    ("GET", "/admin/people", Visitors),
    ("GET", "/admin/trail", Visitors),
    ("GET", "/api/admin/now", Admins),
    ("GET", "/api/admin/alerts", Admins),
    ("GET", "/api/admin/log-level", Admins),
    ("PUT", "/api/admin/log-level", Admins),
    ("GET", "/api/admin/events", Admins),
    ("GET", "/api/admin/coupons/{id}/history", Admins),
    ("GET", "/api/admin/products/{id}/history", Admins),
    ("GET", "/api/admin/orders/{orderNumber}/history", Admins),
    ("GET", "/api/admin/users/{id}/history", Admins),
    ("GET", "/products/{id}", Visitors),
    ("GET", "/drops", Visitors),
    ("GET", "/drops/{id}", Visitors),
    ("GET", "/coupons", Visitors),
    ("GET", "/login", Visitors),
    ("GET", "/login/provider", Visitors),
    ("GET", "/login/provider/return", Visitors),
    ("GET", "/register", Visitors),
    ("GET", "/account", Visitors),
    ("GET", "/checkout", Visitors),
    ("GET", "/orders", Visitors),
    ("GET", "/orders/{orderNumber}", Visitors),
    ("GET", "/payments/scripted/{paymentId}", Visitors),
    ("POST", "/payments/scripted/{paymentId}/approve", Visitors),
    ("POST", "/payments/scripted/{paymentId}/decline", Visitors),
    ("GET", "/assets/{version}/{name}", Everybody),
    ("POST", "/api/auth/session", Everybody),
    ("DELETE", "/api/auth/session", Everybody),
    ("GET", "/api/users/me", Customers),
    ("POST", "/api/users/me/password", Customers),
    ("POST", "/api/admin/users", Admins),
    ("GET", "/api/admin/users", Admins),
    ("PATCH", "/api/admin/users/{id}", Admins),
    ("GET", "/api/admin/trail", Admins),
    ("POST", "/api/admin/api-keys", Admins),
    ("GET", "/api/admin/api-keys", Admins),
    ("DELETE", "/api/admin/api-keys/{id}", Admins),
    ("GET", "/docs", Everybody),
    ("GET", "/docs/reference.js", Everybody),
    ("GET", "/docs/reference.css", Everybody),
    ("GET", "/docs/samples.js", Everybody),
    ("GET", "/docs/calling.js", Everybody),
    ("GET", "/docs/search.json", Everybody),
    ("GET", "/docs/index", Visitors),
    ("GET", "/docs/{page}", Visitors),
    ("GET", "/docs/{section}/{page}", Visitors),
    ("POST", "/api/payments/callbacks/{provider}", Everybody),
    ("GET", "/api/admin/payments", Admins),
    ("GET", "/api/admin/payments/{paymentId}", Admins),
    ("POST", "/api/admin/payments/{paymentId}/retry", Admins),
    ("POST", "/api/admin/payments/{paymentId}/resolve", Admins),
    ("GET", "/api/admin/payments/script", Admins),
    ("POST", "/api/admin/payments/script", Admins),
    ("POST", "/api/users", Everybody),
    ("POST", "/api/auth/login", Everybody),
    ("GET", "/api/events", Customers),
    ("GET", "/api/ws", Customers),
    ("GET", "/api/users/me/coupons", Customers),
    ("GET", "/api/users/me/notification-settings", Customers),
    ("PUT", "/api/users/me/notification-settings", Customers),
    ("GET", "/api/products", Everybody),
    ("GET", "/api/products/popular", Everybody),
    ("GET", "/api/products/{id}", Everybody),
    ("GET", "/api/points", Customers),
    ("POST", "/api/points/charge", Customers),
    ("GET", "/api/points/history", Customers),
    ("GET", "/api/coupons", Everybody),
    ("POST", "/api/coupons/issue", Customers),
    ("POST", "/coupons/issue", Customers),
    ("GET", "/api/coupons/{id}", Everybody),
    ("POST", "/api/coupons/{id}/issue", Customers),
    ("POST", "/api/coupon/{id}/issue-redis", Customers),
    ("PATCH", "/api/coupon/{id}/issue-redis", Customers),
    ("GET", "/api/requests/{requestId}", Customers),
    ("GET", "/api/orders", Customers),
    ("POST", "/api/orders", Customers),
    ("GET", "/api/orders/{orderNumber}", Customers),
    ("GET", "/api/orders/{orderNumber}/status", Customers),
    ("GET", "/orders/{orderNumber}/status", Customers),
    ("GET", "/api/orders/{orderNumber}/events", Customers),
    ("POST", "/api/orders/{orderNumber}/cancel", Customers),
    ("POST", "/api/orders/{orderNumber}/refund", Customers),
    ("POST", "/api/orders/{orderNumber}/pay", Customers),
    ("POST", "/orders/{orderNumber}/pay", Customers),
    ("POST", "/api/orders/{orderNumber}/process-payment-shipment", Customers),
    ("POST", "/orders/{orderNumber}/process-payment-shipment", Customers),
    ("POST", "/api/admin/orders/{orderNumber}/refund", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/refund/approve", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/refund/reject", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/refund/arrived", Admins),
    ("GET", "/api/admin/shipments", Admins),
    ("GET", "/api/admin/shipments/{orderNumber}", Admins),
    ("PATCH", "/api/admin/shipments/{orderNumber}", Admins),
    ("GET", "/api/admin/warehouse", Admins),
    ("GET", "/api/admin/warehouse/{orderNumber}", Admins),
    ("PATCH", "/api/admin/warehouse/{orderNumber}", Admins),
    ("POST", "/api/admin/products", Admins),
    ("GET", "/api/admin/products", Admins),
    ("GET", "/api/admin/products/{id}", Admins),
    ("GET", "/api/admin/coupons", Admins),
    ("GET", "/api/admin/coupons/{id}", Admins),
    ("PATCH", "/api/admin/products/{id}", Admins),
    ("POST", "/api/admin/products/{id}/stock", Admins),
    ("POST", "/api/admin/coupons", Admins),
    ("PATCH", "/api/admin/coupons/{id}", Admins),
    ("GET", "/api/admin/coupons/{id}/receipts/{userCouponId}", Admins),
    ("GET", "/api/admin/requests/{requestId}", Admins),
    ("GET", "/api/admin/orders", Admins),
    ("GET", "/api/admin/orders/{orderNumber}", Admins),
    ("GET", "/api/admin/orders/{orderNumber}/events", Admins),
    ("GET", "/api/admin/orders/{orderNumber}/status", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/cancel", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/resume", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/extend", Admins),
    ("POST", "/api/admin/orders/{orderNumber}/resolve", Admins),
    ("GET", "/api/admin/modes", Admins),
    ("PUT", "/api/admin/modes", Admins),
    ("GET", "/api/admin/modes/changes", Admins),
    ("GET", "/api/admin/services", Admins),
    ("PUT", "/api/admin/services", Admins),
    ("GET", "/api/admin/dead-letters", Admins),
    ("GET", "/api/admin/dead-letters/{id}", Admins),
    ("PATCH", "/api/admin/dead-letters/{id}", Admins),
    ("POST", "/api/admin/dead-letters/{id}/resend", Admins),
    ("POST", "/api/admin/dead-letters/{id}/drop", Admins),
    ("GET", "/api/drops", Everybody),
    ("GET", "/api/drops/root", Everybody),
    ("GET", "/api/drops/{id}", Everybody),
    ("GET", "/api/drops/{id}/proof", Everybody),
    ("POST", "/api/drops/{id}/queue", Customers),
    ("GET", "/api/drops/{id}/queue", Customers),
    ("DELETE", "/api/drops/{id}/queue", Customers),
    ("GET", "/api/orders/{orderNumber}/receipt", Customers),
    ("GET", "/api/coupons/{id}/proof", Everybody),
    ("GET", "/api/coupons/{id}/receipts/{userCouponId}", Customers),
    ("POST", "/api/admin/drops", Admins),
    ("GET", "/api/admin/drops/{id}", Admins),
    ("PATCH", "/api/admin/drops/{id}", Admins),
    ("POST", "/api/admin/drops/{id}/release", Admins),
    ("POST", "/api/admin/webhooks", Admins),
    ("GET", "/api/admin/webhooks", Admins),
    ("GET", "/api/admin/webhooks/event-types", Admins),
    ("GET", "/api/admin/webhooks/{id}", Admins),
    ("PATCH", "/api/admin/webhooks/{id}", Admins),
    ("DELETE", "/api/admin/webhooks/{id}", Admins),
    ("GET", "/api/admin/webhooks/{id}/secret", Admins),
    ("POST", "/api/admin/webhooks/{id}/secret/rotate", Admins),
    ("POST", "/api/admin/webhooks/{id}/test", Admins),
    ("GET", "/api/admin/webhooks/{id}/deliveries", Admins),
    ("GET", "/api/admin/webhooks/{id}/deliveries/{deliveryId}", Admins),
    ("POST", "/api/admin/webhooks/{id}/deliveries/{deliveryId}/resend", Admins),
    ("POST", "/api/admin/webhooks/{id}/recover", Admins),
    ("POST", "/api/admin/webhooks/{id}/replay", Admins),
    ("GET", "/api/admin/groups", Admins),
    ("POST", "/api/admin/groups/{group}/reset", Admins),
    ("GET", "/api/admin/topics", Admins),
    ("GET", "/api/admin/statistics/coupons", Admins),
    ("GET", "/api/admin/statistics/orders", Admins),
    ("GET", "/api/admin/audit", Admins),
    ("POST", "/api/admin/audit/repair", Admins),
    ("POST", "/api/admin/archive", Admins),
];

/// Returns the path with ids that do not exist.
pub(crate) fn concrete(path: &str) -> String {
    path.replace("{id}", "999")
        .replace("{deliveryId}", "999-1")
        .replace("{page}", "none")
        .replace("{section}", "none")
        .replace("{provider}", "none")
        .replace("{userCouponId}", "none")
        .replace("{orderNumber}", "none")
        .replace("{requestId}", "none")
}

#[test]
fn the_table_of_routes_is_complete() {
    let shop = TestShop::start();
    let mut served = BTreeSet::new();
    let mut told = BTreeSet::new();
    for operation in server::api::operations() {
        let path = operation.path;
        told.insert((operation.method.to_string(), path.to_owned()));
        let answer = shop.ask(ADMIN, "PURGE", &concrete(path), &[], &Value::Null);
        assert_eq!(answer.problem(405), "method.not_allowed");
        let methods = answer.header("allow").unwrap().split(',').filter(|method| *method != "HEAD");
        served.extend(methods.map(|method| (method.to_owned(), path.to_owned())));
    }
    let listed = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(served, listed);
    assert_eq!(served, told, "what is served is in the document, and the other way round");
}

#[test]
fn each_route_admits_only_its_callers() {
    let shop = TestShop::start();
    for (method, path, access) in ROUTES {
        let path = concrete(path);
        let name = format!("{method} {path}");
        let openly = shop.ask_openly(method, &path, &Value::Null);
        if matches!(access, Everybody | Visitors) {
            assert!(!matches!(openly.status, 403 | 500..), "{name}: {}", openly.text);
        } else {
            assert_eq!(openly.problem(401), "auth.required", "{name}");
            assert_eq!(openly.header("www-authenticate"), Some("Bearer"), "{name}");
        }
        let by_customer = shop.ask(ANN, method, &path, &[], &Value::Null);
        if access == Admins {
            assert_eq!(by_customer.problem(403), "auth.forbidden", "{name}");
        } else {
            assert!(!matches!(by_customer.status, 401 | 403 | 500..) || path.starts_with("/api/auth/"), "{name}");
        }
        let by_admin = shop.ask(ADMIN, method, &path, &[], &Value::Null);
        assert!(
            !matches!(by_admin.status, 401 | 403 | 500..) || path.starts_with("/api/auth/"),
            "{name}: {}",
            by_admin.text
        );
    }
}

/// Routes of the admin paths that need the role admin: secrets, people, and what cannot be undone.
const FOR_ADMINS_ALONE: [(&str, &str); 18] = [
    ("GET", "/api/admin/trail"),
    ("POST", "/api/admin/api-keys"),
    ("GET", "/api/admin/api-keys"),
    ("DELETE", "/api/admin/api-keys/{id}"),
    ("POST", "/api/admin/users"),
    ("GET", "/api/admin/users"),
    ("PATCH", "/api/admin/users/{id}"),
    ("GET", "/api/admin/webhooks/{id}/secret"),
    ("POST", "/api/admin/webhooks/{id}/secret/rotate"),
    ("POST", "/api/admin/webhooks"),
    ("PATCH", "/api/admin/webhooks/{id}"),
    ("DELETE", "/api/admin/webhooks/{id}"),
    ("POST", "/api/admin/webhooks/{id}/test"),
    ("POST", "/api/admin/webhooks/{id}/deliveries/{deliveryId}/resend"),
    ("POST", "/api/admin/webhooks/{id}/recover"),
    ("POST", "/api/admin/webhooks/{id}/replay"),
    ("POST", "/api/admin/audit/repair"),
    ("POST", "/api/admin/archive"),
];

/// Every route of the admin paths with every role; the table of routes is compared with the router above.
#[test]
fn each_role_may_do_what_is_meant_for_it() {
    let shop = TestShop::start();
    for (method, path, access) in ROUTES {
        let is_alone = FOR_ADMINS_ALONE.contains(&(method, path))
            || matches!((method, path), ("POST", "/api/admin/groups/{group}/reset" | "/api/admin/payments/script"))
            || (method, path) == ("PUT", "/api/admin/log-level");
        for role in [Role::Customer, Role::Viewer, Role::Operator, Role::Admin] {
            let needed = match method {
                _ if access != Admins => Role::Customer,
                _ if is_alone => Role::Admin,
                "GET" => Role::Viewer,
                _ => Role::Operator,
            };
            if access == Visitors || access == Everybody {
                continue;
            }
            let authorization = format!("Bearer {}", shop.token(700, role));
            let answer = shop
                .client()
                .send(
                    method,
                    &concrete(path),
                    &[("authorization", &authorization), ("content-type", "application/json")],
                    "{}",
                )
                .unwrap();
            let name = format!("{method} {path} as {role:?}");
            if role < needed {
                assert_eq!(answer.problem(403), "auth.forbidden", "{name}");
            } else if path != "/api/events" {
                assert!(!matches!(answer.status, 401 | 403 | 500..), "{name}: {}", answer.text);
            }
        }
    }
}

/// T14: an ignored unknown filter would return everything.
#[test]
fn every_route_refuses_parameters_that_it_does_not_know() {
    let shop = TestShop::start();
    for (method, path, access) in ROUTES {
        let asked = format!("{}?nonsense=1&nonsense=2&b", concrete(path));
        let by_admin = shop.ask(ADMIN, method, &asked, &[("accept-language", "ko")], &Value::Null);
        if path.starts_with("/api/payments/callbacks/") || access == Visitors {
            assert_ne!(by_admin.status, 400, "a provider and a visitor are heard all the same");
            continue;
        }
        assert_eq!(by_admin.problem(400), "validation.failed", "{method} {path}");
        let errors: Vec<Value> = ["nonsense", "b"]
            .map(|name| json!({"parameter": name, "code": "unknown_parameter", "detail": "알 수 없는 매개변수입니다"}))
            .into();
        assert_eq!(by_admin.json()["errors"], Value::from(errors), "{method} {path}");
        let openly = shop.ask_openly(method, &asked, &Value::Null);
        let status = if access == Everybody { 400 } else { 401 };
        assert_eq!(openly.status, status, "{method} {path}: who asks comes first");
        if access == Admins {
            assert_eq!(shop.ask(ANN, method, &asked, &[], &Value::Null).problem(403), "auth.forbidden", "{path}");
        }
    }
    let openly = shop.ask_openly("GET", "/api/products?limit=5&size=5", &Value::Null);
    assert_eq!(openly.complaint(400), ("validation.failed".to_owned(), "size".to_owned()));
    let token = shop.token(ANN, Role::Customer);
    let with_token = shop.ask_openly("GET", &format!("/api/events?access_token={token}&nonsense"), &Value::Null);
    assert_eq!(with_token.complaint(400), ("validation.failed".to_owned(), "nonsense".to_owned()));
}

#[test]
fn admins_may_have_a_listener_of_their_own() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ADMIN__LISTEN", "127.0.0.1:0")]);
    assert_eq!(shop.get(ADMIN, "/api/admin/orders").problem(404), "route.not_found");
    shop.get(ANN, "/api/orders").expect(200);
}
