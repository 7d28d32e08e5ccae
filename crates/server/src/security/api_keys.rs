//! Secrets of API keys: `dbk_` and 43 random characters, known afterwards by their hash only.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::api_key::ApiKey;
use domain::ids::ApiKeyId;
use domain::time::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::auth::bearer_token;

const PREFIX: &str = "dbk_";
const BYTES: usize = 32;
/// The shortest interval between two writes of a key's last use.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Returns a new secret.
pub(crate) fn made() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns the hash of a secret. It needs no salt and no slow function, because a secret is as random as the hash.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Returns the secret of a key that a request sends as its bearer token.
pub(crate) fn of_request(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (given.next(), given.next()) else { return None };
    bearer_token(header.to_str().ok()?).filter(|secret| secret.starts_with(PREFIX))
}

/// The keys whose use this process has noted lately.
#[derive(Debug, Default)]
pub struct KeysUsed(Mutex<HashMap<ApiKeyId, Timestamp>>);

impl KeysUsed {
    /// Returns true if the use of a key is to be written now.
    pub(crate) fn is_due(&self, key: &ApiKey, now: Timestamp) -> bool {
        let is_old = |at: Timestamp| now >= at + NOTED_EVERY;
        if key.last_used_at.is_some_and(|at| !is_old(at)) {
            return false;
        }
        let mut noted = self.0.lock();
        if noted.get(&key.id).is_some_and(|at| !is_old(*at)) {
            return false;
        }
        noted.retain(|_, at| !is_old(*at));
        noted.insert(key.id, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_secret_is_random_and_found_in_the_authorization_header_alone() {
        let secret = made().unwrap();
        assert_ne!(secret, made().unwrap());
        assert_eq!(secret.len(), PREFIX.len() + 43);
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            headers
        };
        assert_eq!(of_request(&with(&format!("Bearer {secret}"))), Some(&*secret));
        assert_eq!(of_request(&with(&format!("bearer  {secret}"))), Some(&*secret));
        let mut twice = with(&format!("Bearer {secret}"));
        twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer dbk_other"));
        for none in [HeaderMap::new(), with(&secret), with(&format!("Basic {secret}")), with("Bearer a.b.c"), twice] {
            assert_eq!(of_request(&none), None);
        }
    }
}
