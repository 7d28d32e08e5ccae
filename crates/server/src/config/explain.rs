//! The error text of a setting: its name, the value given, what it accepts, and where it was set.

use super::layers::{Fault, Invalid, Source};

pub(super) fn of(invalid: &Invalid) -> String {
    let Invalid { key, fault, source } = invalid;
    let text = match fault {
        Fault::Type { given, expected } => format!("{key} is {}, but must be {}", shown(key, given), plain(expected)),
        Fault::Length { expected } => format!("{key} must be {}", plain(expected)),
        Fault::Word { given, known } => format!("{key} = {given:?} is not one of {}", known.join(", ")),
        Fault::UnknownKey { name, known } => {
            format!("{} is not a setting; allowed are {}", within(key, name).escape_debug(), known.join(", "))
        }
        Fault::Missing { name } => format!("{} is missing", within(key, name)),
        Fault::Twice { name } => format!("{} is set twice", within(key, name)),
        Fault::Syntax { line, why } => format!("the settings are not valid TOML at line {line}: {why}"),
        Fault::Other(text) if key.is_empty() => text.clone(),
        Fault::Other(text) => format!("{key}: {text}"),
    };
    match source {
        Some(Source::File(path)) => format!("{text} (in {})", path.display()),
        Some(Source::Variable(variable)) => format!("{text} (from {variable})"),
        None => text,
    }
}

/// The full name of a key in a section. `serde` reports some keys with their section, some without.
fn within(section: &str, name: &str) -> String {
    let is_whole = section.is_empty() || section == name || section.ends_with(&format!(".{name}"));
    match (is_whole, section.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => section.to_owned(),
        (false, _) => format!("{section}.{name}"),
    }
}

/// The value that was given, but not of a secret.
fn shown<'a>(key: &str, given: &'a str) -> &'a str {
    if key.ends_with("password") || key.ends_with("secret") { "not a string" } else { given }
}

/// Translates the parser's word for what is expected.
pub(crate) fn plain(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 to 9223372036854775807",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a string" | "str" | "string" | "path string" => "a string",
        other if other.starts_with("struct ") => "a section",
        other if other.starts_with("enum ") => "a string",
        other => other,
    }
}
