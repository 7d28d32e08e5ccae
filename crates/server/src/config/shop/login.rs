//! Logging in with a browser at the identity provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Jwks;
use crate::config::Error;
use crate::config::limits::origin_of;

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub shop_url: String,
    pub authorize_url: String,
    pub token_url: String,
    pub scope: String,
    pub name: String,
    /// Only from the environment.
    #[serde(skip)]
    secret: Option<String>,
}

impl Login {
    pub const fn is_on(&self) -> bool {
        !self.shop_url.is_empty()
    }

    /// Returns the secret that the provider gave the shop; without one, the shop is a public client.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    pub(in crate::config) fn set_secret(&mut self, secret: Option<String>) {
        self.secret = secret;
    }

    pub(in crate::config) fn check(&self, provider: &Jwks) -> Result<(), Error> {
        let refused = |why| Err(Error::Login(why));
        let given = [&self.shop_url, &self.authorize_url, &self.token_url].map(|url| !url.is_empty());
        if given == [false; 3] {
            return Ok(());
        }
        if given != [true; 3] {
            return refused(
                "set auth.login.shop_url, auth.login.authorize_url and auth.login.token_url, or none of them",
            );
        }
        if provider.url.is_empty() {
            return refused("auth.login is set: set auth.jwks.url, too, or nothing verifies the provider's tokens");
        }
        let url = self.shop_url.as_str();
        if origin_of(url) != Some(url) || url.contains('*') {
            return refused(
                "auth.login.shop_url must be an origin such as https://shop.example.com, without a path; http:// is allowed for \
                 127.0.0.1 and localhost only",
            );
        }
        let is_address = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if !is_address(&self.authorize_url) || !is_address(&self.token_url) || self.authorize_url.contains('#') {
            return refused(
                "auth.login.authorize_url and auth.login.token_url must begin with https:// or, on an intranet, with http://",
            );
        }
        if !self.scope.split(' ').any(|scope| scope == "openid") {
            return refused("auth.login.scope must contain openid, or the provider sends no ID token");
        }
        if self.name.trim().is_empty() {
            return refused("auth.login.name must not be empty: it is the text on the login page");
        }
        Ok(())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("shop_url", &self.shop_url).finish_non_exhaustive()
    }
}
