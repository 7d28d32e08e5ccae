//! The shop's own tokens, and the secret that signs them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Jwks, Login};
use crate::config::Error;

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    token_ttl_s: u64,
    pub accept_new_secret: bool,
    pub jwks: Jwks,
    pub login: Login,
    /// Only from the environment: a secret in a file ends up in a repository.
    #[serde(skip)]
    secret: Option<String>,
}

impl Auth {
    pub fn token_ttl(&self) -> Duration {
        Duration::from_secs(self.token_ttl_s)
    }

    pub(in crate::config) fn set_secrets(&mut self, secret: Option<String>, of_login: Option<String>) {
        self.secret = secret;
        self.login.set_secret(of_login);
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        self.jwks.check()?;
        self.login.check(&self.jwks)
    }

    pub(in crate::config) const fn at_least_one(&self) -> [(&'static str, u64); 3] {
        let [refresh, timeout] = self.jwks.at_least_one();
        [("auth.token_ttl_s", self.token_ttl_s), refresh, timeout]
    }

    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("token_ttl_s", &self.token_ttl_s).finish_non_exhaustive()
    }
}
