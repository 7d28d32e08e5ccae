//! Explains in the sender's terms why a body could not be parsed.

use std::fmt::Write;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use serde_path_to_error::{Path, Segment, Track};

use super::strict::Strict;
use crate::api::texts::{Message, bodies, values};
use crate::http::Problem;

/// Names and values that are quoted back to the client are cut to this number of characters.
const QUOTED_CHARS_MAX: usize = 200;
/// The code of a field that is not known.
pub(super) const UNKNOWN: &str = "unknown_field";
/// The code of a field that is given twice.
pub(super) const TWICE: &str = "duplicate_field";

/// Returns the first value that cannot be parsed.
///
/// # Errors
/// The problem of a body that is refused as a whole.
pub(super) fn failure<T: DeserializeOwned>(bytes: &[u8]) -> Result<Wrong, Problem> {
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::invalid("#", "syntax", bodies::EMPTY));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let (path, error) = match tracked::<T, _>(&mut json) {
        Err(failed) => failed,
        Ok(()) => match json.end() {
            Err(error) => return Err(syntax(&error)),
            Ok(()) => (Track::new().path(), serde_json::Error::custom("the value is not accepted")),
        },
    };
    let message = error.to_string();
    if message.starts_with("number out of range") {
        return Err(Problem::invalid(pointer(&path, None), "out_of_range", bodies::TOO_LARGE_A_NUMBER));
    }
    if error.is_syntax() || error.is_eof() || error.is_io() {
        return Err(syntax(&error));
    }
    Ok(wrong(&path, without_position(&message)))
}

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Element(usize),
}

/// A value that cannot be parsed.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) pointer: String,
    pub(super) code: &'static str,
    pub(super) detail: Message,
    /// The way to the value, also to one that is missing.
    pub(super) steps: Vec<Step>,
    /// The parser's own message.
    pub(super) message: String,
}

/// Returns the first value that cannot be parsed.
pub(super) fn first_wrong<T: DeserializeOwned>(body: &Value) -> Option<Wrong> {
    let (path, error) = tracked::<T, _>(body).err()?;
    Some(wrong(&path, &error.to_string()))
}

fn tracked<'de, T: DeserializeOwned, X: Deserializer<'de>>(from: X) -> Result<(), (Path, X::Error)> {
    let mut track = Track::new();
    let parsed = T::deserialize(serde_path_to_error::Deserializer::new(Strict(from), &mut track));
    parsed.map(drop).map_err(|error| (track.path(), error))
}

fn syntax(error: &serde_json::Error) -> Problem {
    // The parser's message is for programmers; only its position is shown.
    let what = match error.to_string() {
        text if text.starts_with("recursion limit") => bodies::TOO_DEEP,
        text if text.starts_with("trailing characters") => bodies::MORE_FOLLOWS,
        text if text.starts_with("invalid unicode") || text.contains("escape") => bodies::BAD_TEXT,
        _ if error.is_eof() => bodies::TOO_SHORT,
        _ => bodies::SOMETHING_ELSE,
    };
    let detail = bodies::NOT_JSON.with_text(what).with(error.line()).with(error.column());
    Problem::invalid("#", "syntax", detail)
}

fn wrong(path: &Path, message: &str) -> Wrong {
    let (field, code, detail) = data(message);
    let inner = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Step::Element(*index)),
        Segment::Map { key } => Some(Step::Field(key.clone())),
        Segment::Enum { variant } => Some(Step::Field(variant.clone())),
        Segment::Unknown => None,
    });
    let steps = inner.chain(field.map(|field| Step::Field(field.to_owned()))).collect();
    Wrong { pointer: pointer(path, field), code, detail, steps, message: message.to_owned() }
}

/// Returns the field that the message names, if it lies inside the value at hand; the code; and what is said of it.
fn data(message: &str) -> (Option<&str>, &'static str, Message) {
    if message.starts_with("unknown field `") {
        let detail = match known(message) {
            Some(fields) => bodies::UNKNOWN_FIELD.with(cut(&fields)),
            None => bodies::NO_FIELDS.into(),
        };
        return (None, UNKNOWN, detail);
    }
    if let Some(name) = quoted_name(message, "missing field `") {
        return (Some(name), "required", values::REQUIRED.into());
    }
    if let Some(name) = quoted_name(message, "duplicate field `") {
        return (Some(name), TWICE, values::GIVEN_TWICE.into());
    }
    let (code, detail) = match message.split_once(": ") {
        Some(("invalid type", rest)) => ("wrong_type", mismatch(rest)),
        Some(("invalid value", rest)) => ("out_of_range", mismatch(rest)),
        Some(_) | None => ("not_accepted", unknown_word(message)),
    };
    (None, code, detail)
}

/// Translates the parser's "expected i64" to "an integer is expected".
fn mismatch(message: &str) -> Message {
    let Some((given, expected)) = message.rsplit_once(", expected ") else { return bodies::NOT_ACCEPTED.into() };
    let (kind, value) = bodies::given(given);
    let given = match value {
        Some(value) => kind.with(cut(&value.replace('`', "'"))),
        None => kind.into(),
    };
    let (expected, bounds) = bodies::expected(expected);
    let expected = bounds.iter().fold(Message::from(expected), |text, bound| text.with(bound));
    bodies::WRONG_TYPE.with_text(given).with_text(expected)
}

/// Explains an unknown enum value.
fn unknown_word(message: &str) -> Message {
    let given = message.strip_prefix("unknown variant `").zip(known(message));
    let Some((rest, words)) = given else { return bodies::NOT_ACCEPTED.into() };
    let given = rest.rfind("`, expected ").map_or(rest, |end| &rest[..end]);
    bodies::UNKNOWN_WORD.with(cut(&given.replace('`', "'"))).with(cut(&words))
}

fn known(message: &str) -> Option<String> {
    let names = expected_names(message);
    (!names.is_empty()).then(|| names.join(", "))
}

/// Returns the names that the parser expected: those in its quotes.
pub(super) fn expected_names(message: &str) -> Vec<&str> {
    let Some(start) = message.rfind("`, expected ") else { return vec![] };
    message[start + 2..].split('`').skip(1).step_by(2).collect()
}

fn quoted_name<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.strip_suffix('`')
}

fn without_position(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |at| &message[..at])
}

/// A JSON pointer (RFC 6901) as a URI fragment.
fn pointer(path: &Path, field: Option<&str>) -> String {
    let mut pointer = String::from("#");
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => write!(pointer, "/{index}").expect("strings take text"),
            Segment::Map { key } => push_name(&mut pointer, key),
            Segment::Enum { variant } => push_name(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    if let Some(field) = field {
        push_name(&mut pointer, field);
    }
    pointer
}

fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars().take(QUOTED_CHARS_MAX) {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '$' | '@' | ':' => {
                pointer.push(character);
            }
            other => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    write!(pointer, "%{byte:02X}").expect("strings take text");
                }
            }
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
