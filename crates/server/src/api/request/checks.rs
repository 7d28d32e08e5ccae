//! Checks of values that several bodies have. Each adds what is wrong to the violations.

use std::sync::Arc;

use app::events::wire_time;
use axum::http::Uri;
use domain::limits::NAME_CHARS_MAX;
use domain::order::Receiver;
use domain::time::Timestamp;

use super::characters::{is_unseen, is_unseen_but_line_breaks};
use crate::api::response::shapes;
use crate::api::texts::values;
use crate::http::Violations;

/// Checks the name of a user, product or campaign, and returns it trimmed.
pub(in crate::api) fn check_name(name: &str, violations: &mut Violations) -> Arc<str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(is_unseen) {
        violations.push("#/name", "length", values::NAME.with(NAME_CHARS_MAX));
    }
    Arc::from(name)
}

/// Checks an operator's reason, and returns it trimmed.
pub(in crate::api) fn check_reason(reason: &str, violations: &mut Violations) -> Arc<str> {
    const CHARS_MAX: usize = shapes::ADMIN_REASON_CHARS_MAX;
    if is_blank(reason) || reason.chars().count() > CHARS_MAX {
        violations.push("#/reason", "length", values::CHARACTERS.with(1).with(CHARS_MAX));
    }
    check_text("#/reason", reason, violations);
    Arc::from(reason.trim())
}

/// Checks the reason of an act that needs none.
pub(in crate::api) fn check_reason_if_given(reason: Option<&str>, violations: &mut Violations) {
    if let Some(reason) = reason {
        check_reason(reason, violations);
    }
}

/// Checks an operator's reference, and returns it trimmed.
pub(in crate::api) fn check_reference(reference: &str, violations: &mut Violations) -> Arc<str> {
    const CHARS_MAX: usize = shapes::REFERENCE_CHARS_MAX;
    if is_blank(reference) || reference.chars().count() > CHARS_MAX {
        violations.push("#/reference", "length", values::CHARACTERS.with(1).with(CHARS_MAX));
    }
    check_text("#/reference", reference, violations);
    Arc::from(reference.trim())
}

/// Returns `true` if nothing of the text can be seen.
pub(in crate::api) fn is_blank(text: &str) -> bool {
    text.chars().all(|char| char.is_whitespace() || is_unseen_but_line_breaks(char))
}

/// Checks that a text has no invisible characters except line breaks.
pub(in crate::api) fn check_lines(pointer: impl Into<String>, text: &str, violations: &mut Violations) {
    if text.chars().any(is_unseen_but_line_breaks) {
        violations.push(pointer, "not_text", values::NOTHING_UNSEEN);
    }
}

/// Checks that a text has no control characters except line breaks and tabs.
pub(in crate::api) fn check_text(pointer: impl Into<String>, text: &str, violations: &mut Violations) {
    let is_unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(is_unseen) {
        violations.push(pointer, "not_text", values::NO_CONTROL_CHARACTERS);
    }
}

/// Reads a moment of a body; the earliest one stands for a text that is none.
pub(in crate::api) fn check_moment(pointer: &str, text: &str, violations: &mut Violations) -> Timestamp {
    wire_time::parse(text).unwrap_or_else(|_| {
        violations.push(pointer, "not_a_time", values::TIME);
        Timestamp::default()
    })
}

/// Checks every part of a receiver's address.
pub(in crate::api) fn check_receiver(receiver: &Receiver, violations: &mut Violations) {
    const CHARS_MAX: usize = shapes::RECEIVER_CHARS_MAX;
    let Receiver { name, phone, postal_code, address } = receiver;
    for (field, text) in [("name", name), ("phone", phone), ("postalCode", postal_code), ("address", address)] {
        if text.trim().is_empty() || text.chars().count() > CHARS_MAX {
            violations.push(format!("#/receiver/{field}"), "length", values::CHARACTERS.with(1).with(CHARS_MAX));
        }
        check_lines(format!("#/receiver/{field}"), text, violations);
    }
}

/// Returns the trimmed text; `None` if it is blank.
pub(in crate::api) fn note_of(text: &str) -> Option<Arc<str>> {
    (!is_blank(text)).then(|| Arc::from(text.trim()))
}

/// Returns true for an address of the web without a password in it.
pub(in crate::api) fn is_web_address(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        let is_plain = uri.authority().is_some_and(|host| !host.as_str().contains('@') && !host.host().is_empty());
        is_plain && matches!(uri.scheme_str(), Some("https" | "http"))
    })
}
