//! What is wrong with a setting, in words of ours: which one, what was given, what it takes, and where it came from.

use figment::error::{Actual, Kind};
use figment::{Error, Source};

use super::ENV_PREFIX;

pub(super) fn of(error: &Error) -> String {
    let key = error.path.join(".");
    let text = match &error.kind {
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("{key} is {}, and takes {}", given(actual), plain(expected))
        }
        Kind::InvalidLength(_, expected) => format!("{key} takes {}", plain(expected)),
        Kind::UnknownVariant(given, known) => format!("{key} = {given:?} is none of {}", known.join(", ")),
        Kind::UnknownField(name, known) => {
            format!("{} is no setting; there are {}", within(&key, name), known.join(", "))
        }
        Kind::MissingField(name) => format!("{} is missing", within(&key, name)),
        Kind::DuplicateField(name) => format!("{} is there twice", within(&key, name)),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => format!("{key} is a number that is too large"),
        Kind::Message(text) => return of_text(&key, text, error),
        Kind::Unsupported(actual) | Kind::UnsupportedKey(actual, _) => format!("{key} cannot be {}", given(actual)),
    };
    match place(error, &key) {
        Some(place) => format!("{text} ({place})"),
        None => text,
    }
}

/// A file that is no TOML, or what a value of ours says of itself.
fn of_text(key: &str, text: &str, error: &Error) -> String {
    let place = place(error, key).map(|place| format!(" ({place})")).unwrap_or_default();
    if let Some(line) = text.lines().next().and_then(|line| line.strip_prefix("TOML parse error at ")) {
        let why = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return format!("the settings are no TOML from {line} on: {why}{place}");
    }
    if key.is_empty() { format!("{text}{place}") } else { format!("{key}: {text}{place}") }
}

fn within(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// A default is never wrong, so that what is in no file was in the environment.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is in no file was in the environment")]
fn place(error: &Error, key: &str) -> Option<String> {
    match error.metadata.as_ref()?.source.as_ref()? {
        Source::File(path) => Some(format!("in {}", path.display())),
        _ => Some(format!("from {ENV_PREFIX}{}", key.to_uppercase().replace('.', "__"))),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no setting is one of the others")]
fn given(actual: &Actual) -> String {
    match actual {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Char(value) => format!("{value:?}"),
        Actual::Str(value) => format!("{value:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map | Actual::NewtypeStruct | Actual::Other(_) => "a section".to_owned(),
        _ => "something else".to_owned(),
    }
}

fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a string" | "str" | "string" | "path string" => "a text",
        other if other.starts_with("struct ") => "a section",
        other => other,
    }
}
