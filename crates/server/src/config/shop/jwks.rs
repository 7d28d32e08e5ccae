//! An identity provider outside of the shop: where its keys are, and what its claims mean.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Error;

/// The meaning of the user claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum UserKind {
    Subject,
    Number,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    pub url: String,
    pub issuer: String,
    pub audience: String,
    pub user_claim: String,
    users: UserKind,
    pub role_claim: String,
    pub viewer: String,
    pub operator: String,
    pub admin: String,
    refresh_s: u64,
    timeout_s: u64,
}

impl Jwks {
    pub fn users_are_numbers(&self) -> bool {
        self.users == UserKind::Number
    }

    pub const fn refresh_every(&self) -> Duration {
        Duration::from_secs(self.refresh_s)
    }

    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub(in crate::config) const fn at_least_one(&self) -> [(&'static str, u64); 2] {
        [("auth.jwks.refresh_s", self.refresh_s), ("auth.jwks.timeout_s", self.timeout_s)]
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        if self.timeout_s > 60 {
            let (key, given) = ("auth.jwks.timeout_s", self.timeout_s);
            return Err(Error::OutOfRange { key, given, expected: "at most 60" });
        }
        if self.url.is_empty() {
            return Ok(());
        }
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            return Err(Error::Jwks("auth.jwks.url must begin with https:// or, on an intranet, with http://"));
        }
        if self.issuer.is_empty() || self.audience.is_empty() || self.user_claim.is_empty() {
            return Err(Error::Jwks(
                "auth.jwks.url is set: set auth.jwks.issuer, auth.jwks.audience and auth.jwks.user_claim",
            ));
        }
        Ok(())
    }
}
