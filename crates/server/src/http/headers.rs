//! The request headers `Idempotency-Key` and `Prefer`.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use serde_json::json;

use super::{Code, Problem};
use crate::api::texts::values;
use crate::openapi::{Describes, Header, Operation, Parameter, Place, words};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest time that a request waits for its outcome, in seconds.
const WAIT_S_MAX: u64 = 30;
const KEY_CHARS_MAX: usize = 255;

/// The client's key for this request, if it sent one. A repeat with the same key has the same result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IdempotencyKey, Problem> {
        IdempotencyKey::of(&parts.headers)
    }
}

impl IdempotencyKey {
    pub const NAME: &str = "Idempotency-Key";

    /// Returns the key in these headers.
    ///
    /// # Errors
    /// A problem if the header is repeated or its value is no key.
    pub fn of(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
        const NAME: &str = IdempotencyKey::NAME;
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else {
            return Ok(IdempotencyKey(None));
        };
        if values.next().is_some() {
            return Err(Problem::invalid_header(NAME, "duplicate_header", values::HEADER_TWICE));
        }
        let key = value
            .to_str()
            .ok()
            .and_then(unquoted)
            .filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
        match key {
            Some(key) => Ok(IdempotencyKey(Some(key))),
            None => Err(Problem::invalid_header(NAME, "not_accepted", values::IDEMPOTENCY_KEY)),
        }
    }
}

impl Describes for IdempotencyKey {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "Idempotency-Key".to_owned(),
            place: Place::Header,
            description:
                "The client's key for this request: 1 to 255 visible ASCII characters, bare or in double quotes. A \
                          repeat with the same key and body has the same result."
                    .to_owned(),
            schema: json!({"type": "string", "pattern": words::IDEMPOTENCY_KEY}),
            is_required: false,
            example: json!("\"order-1\""),
        });
        operation.headers.push(Header::IdempotencyReplayed);
        for code in [Code::ValidationFailed, Code::IdempotencyMismatch, Code::IdempotencyInProgress, Code::Overloaded] {
            operation.refuse(code);
        }
    }
}

/// The tickets of waiting rooms that a customer shows. A drop refuses the order of a customer without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTickets(pub Vec<domain::ids::Code>);

impl<S: Sync> FromRequestParts<S> for QueueTickets {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<QueueTickets, Problem> {
        const TICKETS_MAX: usize = 16;
        let values = parts.headers.get_all("queue-ticket").iter().filter_map(|value| value.to_str().ok());
        let tickets = values.flat_map(|text| text.split(',')).map(|ticket| ticket.trim().trim_matches('"'));
        Ok(QueueTickets(tickets.filter(|ticket| !ticket.is_empty()).take(TICKETS_MAX).map(Into::into).collect()))
    }
}

impl Describes for QueueTickets {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "Queue-Ticket".to_owned(),
            place: Place::Header,
            description: "The ticket of a drop's waiting room, once it is ADMITTED; several with commas between."
                .to_owned(),
            schema: json!({"type": "string"}),
            is_required: false,
            example: json!("QT-7K3M9Q2X"),
        });
    }
}

/// The absence of an `Idempotency-Key`, for endpoints that keep no answer to repeat.
#[derive(Debug, Clone, Copy)]
pub struct NoIdempotencyKey;

impl<S: Sync> FromRequestParts<S> for NoIdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<NoIdempotencyKey, Problem> {
        match IdempotencyKey::of(&parts.headers)? {
            IdempotencyKey(None) => Ok(NoIdempotencyKey),
            IdempotencyKey(Some(_)) => {
                Err(Problem::invalid_header(IdempotencyKey::NAME, "not_supported", values::NO_KEY_HERE))
            }
        }
    }
}

impl Describes for NoIdempotencyKey {
    fn describe(operation: &mut Operation) {
        operation.refuse(Code::ValidationFailed);
    }
}

/// Returns the content of an RFC 8941 string, or the text itself if it is not quoted.
fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    Some(key)
}

/// The client's preferences (RFC 7240). Unknown ones are ignored.
///
/// Endpoints that wait describe it with [`Prefer::describe`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefer {
    /// How long to wait for the outcome.
    pub wait: Option<Duration>,
    pub respond_async: bool,
}

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Prefer, Self::Rejection> {
        Ok(Prefer::of(&parts.headers))
    }
}

impl Prefer {
    /// Describes an endpoint that can wait for the outcome.
    pub(crate) fn describe(operation: Operation) -> Operation {
        Prefer::describe_wait(operation, "waits up to N seconds (at most {max}) for the outcome")
    }

    /// Describes the effect of `Prefer: wait` on an endpoint; `{max}` stands for the longest wait in seconds.
    pub(crate) fn describe_wait(mut operation: Operation, effect: &str) -> Operation {
        let effect = effect.replace("{max}", &WAIT_S_MAX.to_string());
        operation.parameters.push(Parameter {
            name: "Prefer".to_owned(),
            place: Place::Header,
            description: format!("`wait=N` {effect}. Other preferences are ignored."),
            schema: json!({"type": "string"}),
            is_required: false,
            example: json!("wait=5"),
        });
        operation.headers.push(Header::PreferenceApplied);
        operation
    }

    /// The preferences in these headers.
    pub fn of(headers: &HeaderMap) -> Prefer {
        let mut prefer = Prefer::default();
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            // Parameters follow a semicolon; none is defined for these two.
            let preference = preference.split(';').next().unwrap_or("").trim();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            // Of a preference given twice the first counts.
            if name.eq_ignore_ascii_case("wait") && prefer.wait.is_none() {
                prefer.wait = seconds(value);
            } else if name.eq_ignore_ascii_case("respond-async") {
                prefer.respond_async = true;
            }
        }
        prefer
    }

    /// The header that tells the client which preference was honoured, if any.
    pub fn applied(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = match self.wait {
            Some(wait) => HeaderValue::try_from(format!("wait={}", wait.as_secs())),
            None if self.respond_async => Ok(HeaderValue::from_static("respond-async")),
            None => return None,
        };
        Some((PREFERENCE_APPLIED, value.expect("digits are valid in a header")))
    }
}

fn seconds(digits: &str) -> Option<Duration> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are a very long time, which is capped like any other.
    Some(Duration::from_secs(digits.parse().unwrap_or(WAIT_S_MAX).min(WAIT_S_MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn key(value: &str) -> Result<IdempotencyKey, Problem> {
        IdempotencyKey::of(&with("idempotency-key", &[value]))
    }

    fn prefer(values: &[&str]) -> Prefer {
        Prefer::of(&with("prefer", values))
    }

    #[test]
    fn a_key_may_be_quoted_or_bare() {
        assert_eq!(key("\"8e03978e\"").unwrap().0.unwrap(), "8e03978e");
        assert_eq!(key("8e03978e").unwrap().0.unwrap(), "8e03978e");
        assert_eq!(key(r#""a\"b\\c""#).unwrap().0.unwrap(), r#"a"b\c"#);
        assert_eq!(key(&"k".repeat(255)).unwrap().0.unwrap().len(), 255);
        assert_eq!(IdempotencyKey::of(&HeaderMap::new()).unwrap().0, None);
    }

    #[test]
    fn a_bad_key_is_refused() {
        let long = "k".repeat(256);
        for bad in ["", "\"\"", "a b", "\"a", "\"a\"b\"", r#""a\x""#, "schlüssel", &long] {
            let problem = key(bad).unwrap_err();
            assert_eq!(problem.violations()[0].place(), "Idempotency-Key", "{bad}");
        }
        assert!(IdempotencyKey::of(&with("idempotency-key", &["a", "a"])).is_err());
    }

    #[test]
    fn preferences_are_read() {
        let wait = |s| Some(Duration::from_secs(s));
        assert_eq!(prefer(&["wait=5"]), Prefer { wait: wait(5), respond_async: false });
        assert_eq!(prefer(&["respond-async, wait=2"]), Prefer { wait: wait(2), respond_async: true });
        assert_eq!(prefer(&["Wait = \"3\"; x=1", "wait=9"]).wait, wait(3));
        assert_eq!(prefer(&["wait=3600"]).wait, wait(30));
        assert_eq!(prefer(&["wait=99999999999999999999999"]).wait, wait(30));
        assert_eq!(prefer(&["wait=0"]).wait, wait(0));
    }

    #[test]
    fn unknown_preferences_are_ignored() {
        for garbage in ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", ",,;=", "\u{fe}"] {
            assert_eq!(prefer(&[garbage]), Prefer::default(), "{garbage}");
        }
        assert_eq!(prefer(&["return=minimal, wait=1"]).wait, Some(Duration::from_secs(1)));
    }

    #[test]
    fn the_answer_names_the_applied_preference() {
        let (name, value) = prefer(&["wait=60"]).applied().unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("preference-applied", "wait=30"));
        assert_eq!(prefer(&["respond-async"]).applied().unwrap().1, "respond-async");
        assert_eq!(Prefer::default().applied(), None);
    }

    proptest! {
        #[test]
        fn any_header_is_a_key_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let mut headers = HeaderMap::new();
            headers.append("idempotency-key", value.clone());
            headers.append(PREFER, value);
            match IdempotencyKey::of(&headers) {
                Ok(IdempotencyKey(key)) => {
                    let key = key.expect("there is one");
                    prop_assert!((1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
                }
                Err(problem) => prop_assert!(problem.status().is_client_error()),
            }
            prop_assert!(Prefer::of(&headers).wait.is_none_or(|wait| wait.as_secs() <= WAIT_S_MAX));
        }

        #[test]
        fn a_key_is_the_same_quoted_and_bare(key in "[!#-\\[\\]-~]{1,255}") {
            let quoted = format!("\"{key}\"");
            let of = |text: &str| IdempotencyKey::of(&with("idempotency-key", &[text])).unwrap();
            prop_assert_eq!(of(&key), of(&quoted));
        }
    }
}
