//! The trail's line for a request on the admin paths.

use std::borrow::Cow;
use std::sync::Arc;

use app::state::rows::{Deed, Role as StoredRole};
use axum::http::Uri;
use domain::ids::{ApiKeyId, UserId};
use serde_json::{Value, json};

use crate::runtime::submitter::deeds;
use crate::security::auth::{Principal, Role};
use crate::system::shown_url;

const ADMIN_PATHS: &str = "/api/admin/";
pub(in crate::api) const SUBJECT_CHARS_MAX: usize = 500;
const REASON_CHARS_MAX: usize = 500;
/// A larger body, such as an edited message, is left out; what it changed has a trail of its own.
const CHANGE_BYTES_MAX: usize = 8_192;
/// Members of bodies that must not be readable afterwards.
const SECRETS: [&str; 4] = ["secret", "password", "paymentToken", "token"];

/// Returns the deed of a request, without its body.
pub(in crate::api) fn deed(by: Principal, key: Option<ApiKeyId>, action: &str, uri: &Uri) -> Deed {
    let path = uri.path().strip_prefix(ADMIN_PATHS).unwrap_or(uri.path());
    Deed {
        by: UserId(by.user_id),
        role: match by.role {
            Role::Customer => StoredRole::Customer,
            Role::Viewer => StoredRole::Viewer,
            Role::Operator => StoredRole::Operator,
            Role::Admin => StoredRole::Admin,
        },
        key,
        action: action.into(),
        subject: first(path, SUBJECT_CHARS_MAX),
        reason: None,
        change: None,
    }
}

/// Returns the deed of an admin who gives points to somebody else; that path is not one of the admin paths.
pub(in crate::api) fn gift(by: Principal, user: UserId, amount: i64) -> Deed {
    Deed {
        subject: format!("users/{}/points", user.0).into(),
        change: Some(json!({"userId": user.0, "amount": amount}).to_string().into()),
        ..deed(by, None, "chargePoints", &Uri::default())
    }
}

/// Adds the body of the request to its deed, if it has one.
pub(in crate::api) fn note_body(body: &[u8]) {
    deeds::note(|deed| {
        let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return };
        deed.reason = value["reason"].as_str().map(|reason| first(reason, REASON_CHARS_MAX));
        without_secrets(&mut value);
        if value.as_object().is_none_or(serde_json::Map::is_empty) {
            return;
        }
        let text = value.to_string();
        let is_long = text.len() > CHANGE_BYTES_MAX;
        deed.change = Some(if is_long { json!({"bytes": text.len()}).to_string().into() } else { text.into() });
    });
}

fn first(text: &str, chars_max: usize) -> Arc<str> {
    text.chars().take(chars_max).collect::<String>().into()
}

fn without_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SECRETS.contains(&name.as_str()) && !member.is_null() {
                    *member = "[redacted]".into();
                } else {
                    without_secrets(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_secrets),
        Value::String(text) => {
            if let Cow::Owned(shown) = shown_url::of(text) {
                *text = shown;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_kept() {
        let mut body = json!({"url": "https://ann:pw@x/?key=pw", "secret": "whsec_x", "of": [{"password": "p", "name": "n"}], "token": null});
        without_secrets(&mut body);
        let left = json!({"url": "https://***@x/?key=***", "secret": "[redacted]", "of": [{"password": "[redacted]", "name": "n"}], "token": null});
        assert_eq!(body, left);
    }
}
