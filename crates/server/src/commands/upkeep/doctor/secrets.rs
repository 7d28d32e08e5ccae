//! Checks how the secrets of webhooks are stored.

use std::collections::BTreeMap;

use app::webhooks::secret_keys::{SecretKeys as _, Unreadable};

use super::finding::Finding;
use crate::config::{Config, WEBHOOK_KEYS_VARIABLE};
use crate::security::webhook_secrets::keys::{Keys, key_of};

const CHECK: &str = "webhook secrets";

pub(super) fn of_webhooks(config: &Config, stored: &[String]) -> Finding {
    of_keys(&config.webhooks.keys(), stored)
}

fn of_keys(keys: &Keys, stored: &[String]) -> Finding {
    if stored.is_empty() {
        return Finding::ok(CHECK, "there are no webhooks");
    }
    let (all, unreadable) = (stored.len(), unreadable(keys, stored));
    if !unreadable.is_empty() {
        let named: Vec<String> = unreadable.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let detail = format!("of {all} secrets, {}", named.join(", "));
        return Finding::found(
            CHECK,
            detail,
            format!("add the key to {WEBHOOK_KEYS_VARIABLE}, or rotate these secrets"),
        );
    }
    let Some(newest) = keys.newest() else {
        let detail = format!("{all} are stored in plain text: {WEBHOOK_KEYS_VARIABLE} is not set (docs/webhooks.md)");
        return Finding::skipped(CHECK, detail);
    };
    let current = stored.iter().filter(|stored| key_of(stored) == Some(newest)).count();
    Finding::rule(
        CHECK,
        current == all,
        if current == all {
            format!("all {all} are encrypted with the newest key, {newest}; no earlier key is needed")
        } else {
            format!("{current} of {all} are encrypted with the newest key, {newest}; the others need earlier keys")
        },
        "start a process with the role webhook: it encrypts the others with the newest key",
    )
}

/// Returns how many secrets cannot be read, by reason.
fn unreadable(keys: &Keys, stored: &[String]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for stored in stored {
        let why = match keys.open(stored) {
            Ok(_) => continue,
            Err(Unreadable::UnknownKey { key }) => format!("need the key {key}"),
            Err(Unreadable::Damaged { key }) => format!("are damaged: the key {key} does not decrypt them"),
            Err(Unreadable::UnknownForm) => "have no known form".to_owned(),
        };
        *found.entry(why).or_default() += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";

    #[test]
    fn keys_that_are_missing_or_still_needed_are_named() {
        let keys = |text: &str| Keys::parse(text).unwrap();
        let plain = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let (old, new) = (keys(OLD), keys(NEW));
        let sealed = [old.seal(&plain).unwrap().to_string(), new.seal(&plain).unwrap().to_string()];
        let id = old.newest().unwrap();
        assert!(of_keys(&new, &sealed).detail.contains(&format!("1 need the key {id}")));
        assert!(of_keys(&Keys::default(), &sealed).next.is_some());
        let both = of_keys(&keys(&format!("{NEW},{OLD}")), &sealed);
        assert!(both.detail.starts_with("1 of 2 ") && both.next.is_some(), "{}", both.detail);
        let done = of_keys(&new, &sealed[1..]);
        assert!(done.detail.starts_with("all 1 are encrypted") && done.next.is_none());
        let off = of_keys(&Keys::default(), &[plain]);
        assert!(off.detail.contains("plain text") && off.next.is_none());
    }
}
