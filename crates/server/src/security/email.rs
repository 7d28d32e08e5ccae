//! The form of an e-mail address.

use crate::api::request::characters::is_unseen;

pub(crate) const EMAIL_CHARS_MAX: usize = 254;

/// Returns whether a text has the form of an address: one `@` between two parts, without spaces and invisible characters.
pub(crate) fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    let looks_right = parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = text.chars().all(|c| !c.is_whitespace() && !is_unseen(c));
    looks_right && is_plain && text.chars().count() <= EMAIL_CHARS_MAX
}
