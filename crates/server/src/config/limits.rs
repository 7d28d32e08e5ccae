//! Rate limits of writes, and the checks of joins.

use std::time::Duration;

use app::resilience::rates::Rate;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::security::join_guard::Widget;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    user_per_s: u32,
    user_burst: u32,
    address_per_s: u32,
    address_burst: u32,
    network_joins_per_s: u32,
    network_joins_burst: u32,
    pub wrong_passwords_per_account: u32,
    pub wrong_passwords_per_address: u32,
}

impl Limits {
    /// Returns the limit of each user, if there is one.
    pub fn user(&self) -> Option<Rate> {
        rate(self.user_per_s, self.user_burst)
    }

    /// Returns the limit of each address, if there is one.
    pub fn address(&self) -> Option<Rate> {
        rate(self.address_per_s, self.address_burst)
    }

    /// Returns the limit of each network's joins of waiting rooms, if there is one.
    pub fn network_joins(&self) -> Option<Rate> {
        rate(self.network_joins_per_s, self.network_joins_burst)
    }
}

fn rate(per_s: u32, burst: u32) -> Option<Rate> {
    // More than one per microsecond is no limit.
    (1..=1_000_000).contains(&per_s).then_some(Rate { per_s, burst: burst.max(1) })
}

/// The service that checks clients before they join a waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChallengeBy {
    None,
    Http,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Drops {
    challenge: ChallengeBy,
    challenge_url: String,
    challenge_timeout_ms: u64,
    pub challenge_fails_open: bool,
    challenge_script: String,
    challenge_site_key: String,
    challenge_origins: String,
    #[serde(skip)]
    secret: ChallengeSecret,
}

#[derive(Clone, Default)]
struct ChallengeSecret(Option<String>);

impl std::fmt::Debug for ChallengeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Drops {
    /// Returns the address of the service, if there is one.
    pub fn challenge_url(&self) -> Option<&str> {
        (self.challenge == ChallengeBy::Http).then_some(self.challenge_url.as_str())
    }

    pub fn challenge_secret(&self) -> Option<&str> {
        self.secret.0.as_deref()
    }

    /// Returns the service's widget on the storefront's pages, if there is one.
    pub fn challenge_widget(&self) -> Option<Widget> {
        let script = self.challenge_script.as_str();
        let named = self.challenge_origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins = [origin_of(script)?].into_iter().chain(named).collect::<Vec<_>>().join(" ");
        Some(Widget { script: script.to_owned(), site_key: self.challenge_site_key.clone(), origins })
    }

    pub const fn challenge_timeout(&self) -> Duration {
        Duration::from_millis(self.challenge_timeout_ms)
    }

    pub(super) fn set_secret(&mut self, secret: Option<String>) {
        self.secret = ChallengeSecret(secret);
    }

    pub(super) const fn at_least_one(&self) -> [(&'static str, u64); 1] {
        [("drops.challenge_timeout_ms", self.challenge_timeout_ms)]
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.challenge_timeout_ms > 30_000 {
            let (key, given) = ("drops.challenge_timeout_ms", self.challenge_timeout_ms);
            return Err(Error::OutOfRange { key, given, expected: "at most 30000" });
        }
        if self.challenge_url().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(Error::Drops(
                "drops.challenge is \"http\": set drops.challenge_url to an address of http or https",
            ));
        }
        self.check_widget().map_err(Error::Drops)
    }

    fn check_widget(&self) -> Result<(), &'static str> {
        let has_script = !self.challenge_script.is_empty();
        if has_script && self.challenge == ChallengeBy::None {
            return Err(
                "drops.challenge_script is set: set drops.challenge to \"http\", or nothing verifies what the widget returns",
            );
        }
        if has_script == self.challenge_site_key.is_empty() {
            return Err("set both drops.challenge_script and drops.challenge_site_key, or neither");
        }
        let Some(widget) = self.challenge_widget() else {
            return if has_script || !self.challenge_origins.is_empty() {
                Err("set drops.challenge_script to an address of https, or of http on this machine")
            } else {
                Ok(())
            };
        };
        // An origin becomes a source of the pages' content security policy.
        if widget.origins.split(' ').all(|origin| origin_of(origin) == Some(origin)) {
            return Ok(());
        }
        Err(
            "drops.challenge_origins: write origins without a path, separated by commas, such as \"https://hcaptcha.com, https://*.hcaptcha.com\"",
        )
    }
}

/// Returns the origin of an address of https, or of http on this machine.
pub(super) fn origin_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_plain =
        !host.is_empty() && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-*:".contains(&byte));
    let is_safe = scheme == "https" || (scheme == "http" && ["127.0.0.1", "localhost"].contains(&host));
    (is_plain && is_safe).then(|| &url[..scheme.len() + "://".len() + authority.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_an_address_is_safe_in_a_policy() {
        assert_eq!(origin_of("https://js.hcaptcha.com/1/api.js?hl=ko"), Some("https://js.hcaptcha.com"));
        assert_eq!(origin_of("https://*.hcaptcha.com"), Some("https://*.hcaptcha.com"));
        assert_eq!(origin_of("http://127.0.0.1:81/x"), Some("http://127.0.0.1:81"));
        for wrong in [
            "",
            "https://",
            "https://:80",
            "http://example.com",
            "https://a b",
            "https://a;b",
            "https://u@a",
            "ftp://a",
            "a.example",
        ] {
            assert_eq!(origin_of(wrong), None, "{wrong}");
        }
    }
}
