//! Secrets of webhook endpoints: `whsec_` and the base 64 of 24 to 64 bytes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::texts::{details, operators};
use crate::http::{Code, Problem, Violations};

const PREFIX: &str = "whsec_";
const BYTES_NEW: usize = 32;

/// Returns the given secret, or a random one.
pub(super) fn given_or_new(given: Option<&str>, violations: &mut Violations) -> Result<Arc<str>, Problem> {
    let Some(given) = given else {
        let mut bytes = [0_u8; BYTES_NEW];
        getrandom::fill(&mut bytes).map_err(|error| {
            tracing::error!("No random bytes for a secret: {error}");
            Problem::new(Code::Internal, details::FAILED)
        })?;
        return Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)).into());
    };
    let bytes = given.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    if !bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len())) {
        violations.push("#/secret", "not_accepted", operators::WEBHOOK_SECRET);
    }
    Ok(given.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(given: &str) -> bool {
        let mut violations = Violations::default();
        given_or_new(Some(given), &mut violations).unwrap();
        violations.into_result().is_ok()
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!(is_accepted(&of(24)) && is_accepted(&of(64)) && is_accepted("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        for wrong in [of(23), of(65), of(32).replace("whsec_", ""), "whsec_!".to_owned(), String::new()] {
            assert!(!is_accepted(&wrong), "{wrong}");
        }
        let new = || given_or_new(None, &mut Violations::default()).unwrap();
        assert!(is_accepted(&new()));
        assert_ne!(new(), new());
    }
}
