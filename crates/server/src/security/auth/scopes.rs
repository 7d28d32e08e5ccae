//! The part of the admin paths that each route belongs to, for the scopes of API keys.

use axum::http::Method;

use super::roles::SECRETS;

/// The prefix of the admin paths.
const ADMIN_PATHS: &str = "/api/admin/";
/// The one path below the people's that says something of a customer instead.
const CUSTOMER_HISTORY: &str = "/api/admin/users/{id}/history";

/// Returns the part that a route belongs to; `None` where no key is let in: people and keys are managed by people. A route
/// that no line names is closed to keys.
pub(crate) fn area(route: &str) -> Option<&'static str> {
    if route == CUSTOMER_HISTORY {
        return Some("customers");
    }
    let part = route.strip_prefix(ADMIN_PATHS)?.split('/').next()?;
    Some(match part {
        "audit" | "trail" => "audit",
        "coupons" | "requests" => "coupons",
        "dead-letters" | "events" | "groups" | "services" | "topics" => "messages",
        "drops" => "drops",
        "orders" | "shipments" | "warehouse" => "orders",
        "payments" => "payments",
        "products" => "products",
        "log-level" | "modes" => "settings",
        "alerts" | "now" | "statistics" => "statistics",
        "webhooks" => "webhooks",
        _ => return None,
    })
}

pub(crate) fn is_writing(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Returns true if a key needs the right to write. Reading a secret needs it, too: with a secret one signs as the shop.
pub(crate) fn needs_write(method: &Method, route: &str) -> bool {
    is_writing(method) || SECRETS.contains(&route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_manage_neither_people_nor_keys() {
        for route in ["/api/admin/users", "/api/admin/users/{id}", "/api/admin/api-keys", "/api/admin/x", "/api/orders"]
        {
            assert_eq!(area(route), None, "{route}");
        }
        assert_eq!(area("/api/admin/users/{id}/history"), Some("customers"));
        assert_eq!(area("/api/admin/orders/{orderNumber}/cancel"), Some("orders"));
    }

    #[test]
    fn a_secret_is_for_keys_that_may_write() {
        assert!(needs_write(&Method::GET, "/api/admin/webhooks/{id}/secret"));
        assert!(!needs_write(&Method::GET, "/api/admin/webhooks/{id}"));
        assert!(needs_write(&Method::POST, "/api/admin/webhooks"));
    }
}
