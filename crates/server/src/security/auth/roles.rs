//! The rights of each role on the admin paths: one table for all of them.

use axum::http::Method;

use super::Role;

/// Writes that only admins may make: they change who may do what, or cannot be undone.
const WRITES_OF_ADMINS: [&str; 6] = [
    "/api/admin/archive",
    "/api/admin/audit/repair",
    "/api/admin/groups/",
    "/api/admin/log-level",
    "/api/admin/payments/script",
    "/api/admin/webhooks",
];
/// Paths that only admins may read, too.
pub(super) const SECRETS: [&str; 2] = ["/api/admin/webhooks/{id}/secret", "/api/admin/webhooks/{id}/secret/rotate"];
/// The users, keys and trail of the shop. A customer's history is not among them.
const PEOPLE: [&str; 5] = [
    "/api/admin/users",
    "/api/admin/users/{id}",
    "/api/admin/api-keys",
    "/api/admin/api-keys/{id}",
    "/api/admin/trail",
];

/// Returns the lowest role that may call a route of the admin paths. A route that no line names can be read by viewers
/// and written by operators.
pub(crate) fn needed(method: &Method, route: &str) -> Role {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if SECRETS.contains(&route) || PEOPLE.contains(&route) {
        return Role::Admin;
    }
    if !is_read && WRITES_OF_ADMINS.iter().any(|path| route.starts_with(path)) {
        return Role::Admin;
    }
    if is_read { Role::Viewer } else { Role::Operator }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_read_by_viewers_and_written_by_operators() {
        assert_eq!(needed(&Method::GET, "/api/admin/anything"), Role::Viewer);
        assert_eq!(needed(&Method::POST, "/api/admin/anything"), Role::Operator);
        assert_eq!(needed(&Method::DELETE, "/api/admin/webhooks/{id}"), Role::Admin);
        assert_eq!(needed(&Method::GET, "/api/admin/webhooks/{id}"), Role::Viewer);
        assert_eq!(needed(&Method::GET, "/api/admin/users/{id}/history"), Role::Viewer);
        assert!(Role::Customer < Role::Viewer && Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    }
}
