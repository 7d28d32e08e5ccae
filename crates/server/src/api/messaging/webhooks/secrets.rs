//! Secrets of webhook endpoints.

use std::sync::Arc;

use app::webhooks::secret_keys::SecretKeys as _;

use crate::api::Shop;
use crate::api::texts::{details, operators};
use crate::http::{Code, Problem, Violations};
use crate::security::webhook_secrets;
use crate::security::webhook_secrets::keys::key_of;

/// Returns the form in which a secret is stored.
pub(super) fn sealed(shop: &Shop, secret: &str) -> Result<Arc<str>, Problem> {
    shop.webhook_keys.seal(secret).map_err(|error| failed(&error))
}

/// Returns the secret behind its stored form.
pub(super) fn opened(shop: &Shop, stored: &str) -> Result<String, Problem> {
    shop.webhook_keys.open(stored).map(|secret| secret.to_string()).map_err(|unreadable| {
        tracing::error!("A webhook's secret cannot be shown: {unreadable}.");
        let key = key_of(stored).unwrap_or("-").to_owned();
        Problem::new(Code::Unavailable, operators::WEBHOOK_SECRET_UNREADABLE.with(key))
    })
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!("No random bytes for a secret: {error}");
    Problem::new(Code::Internal, details::FAILED)
}

/// Returns the given secret, or a random one.
pub(super) fn given_or_new(given: Option<&str>, violations: &mut Violations) -> Result<Arc<str>, Problem> {
    let Some(given) = given else {
        return webhook_secrets::random().map_err(|error| failed(&error));
    };
    if !webhook_secrets::is_one(given) {
        violations.push("#/secret", "not_accepted", operators::WEBHOOK_SECRET);
    }
    Ok(given.into())
}
