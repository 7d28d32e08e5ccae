//! Secrets of webhook endpoints.

use std::sync::Arc;

use crate::api::texts::{details, operators};
use crate::http::{Code, Problem, Violations};
use crate::security::webhook_secrets;

/// Returns the given secret, or a random one.
pub(super) fn given_or_new(given: Option<&str>, violations: &mut Violations) -> Result<Arc<str>, Problem> {
    let Some(given) = given else {
        return webhook_secrets::random().map_err(|error| {
            tracing::error!("No random bytes for a secret: {error}");
            Problem::new(Code::Internal, details::FAILED)
        });
    };
    if !webhook_secrets::is_one(given) {
        violations.push("#/secret", "not_accepted", operators::WEBHOOK_SECRET);
    }
    Ok(given.into())
}
