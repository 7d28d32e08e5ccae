//! An example of every body about users, staff and keys.

use serde_json::{Value, json};

use super::{NEXT, NOON, ORDER};

pub(in crate::api) fn register_user() -> Value {
    json!({"email": "ann@example.com", "password": "correct horse battery", "name": "Ann"})
}

pub(in crate::api) fn registered_user() -> Value {
    json!({"userId": 1_099_511_627_777_i64})
}

pub(in crate::api) fn login() -> Value {
    json!({"email": "ann@example.com", "password": "correct horse battery"})
}

pub(in crate::api) fn token() -> Value {
    json!({"accessToken": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "expiresIn": 86_400})
}

pub(in crate::api) fn user() -> Value {
    json!({"userId": 1, "email": "ann@example.com", "name": "Ann", "role": "customer"})
}

pub(in crate::api) fn invite_user() -> Value {
    json!({"email": "bob@example.com", "name": "Bob", "role": "operator"})
}

pub(in crate::api) fn change_user() -> Value {
    json!({"role": "viewer", "reason": "moved to bookkeeping"})
}

pub(in crate::api) fn change_password() -> Value {
    json!({"currentPassword": "correct horse", "newPassword": "battery staple"})
}

pub(in crate::api) fn staff_member() -> Value {
    json!({"userId": 2, "email": "bob@example.com", "name": "Bob", "role": "operator"})
}

pub(in crate::api) fn invited_user() -> Value {
    json!({
        "userId": 2, "email": "bob@example.com", "name": "Bob", "role": "operator", "password": "k7m2xq9rw4tvb8nhc3zf",
    })
}

pub(in crate::api) fn create_api_key() -> Value {
    json!({"name": "Warehouse", "scopes": ["orders:write", "products:read"]})
}

pub(in crate::api) fn api_key() -> Value {
    json!({
        "keyId": 1, "name": "Warehouse", "scopes": ["orders:write", "products:read"], "createdBy": 1, "createdAt": NOON,
        "lastUsedAt": NEXT,
    })
}

pub(in crate::api) fn created_api_key() -> Value {
    json!({
        "keyId": 1, "name": "Warehouse", "scopes": ["orders:write", "products:read"], "createdBy": 1, "createdAt": NOON,
        "key": "dbk_9tJq3v0W5Jm3kqXc9dRz1s0gAAAAAAAAAAU7o2v0W5J",
    })
}

pub(in crate::api) fn given_reason() -> Value {
    json!({"reason": "not used any more"})
}

pub(in crate::api) fn trail_entry() -> Value {
    json!({
        "trailId": 31, "at": NOON, "userId": 1, "role": "admin", "action": "resolveOrder",
        "subject": format!("orders/{ORDER}/resolve"), "reason": "Restored by hand", "change": {"reason": "Restored by hand"},
    })
}

pub(in crate::api) fn change_notification_settings() -> Value {
    json!({"phone": "+821012345678", "language": "ko", "channels": {"sms": true}})
}

pub(in crate::api) fn notification_settings() -> Value {
    json!({
        "email": "ann@example.com", "phone": "+821012345678", "language": "ko",
        "channels": {"email": false, "sms": true, "push": false},
    })
}
