//! Why a body could not be read, in words for whoever sent it.

use std::fmt::Write;

use serde::de::{DeserializeOwned, Error as _};
use serde_path_to_error::{Path, Segment, Track};

use super::strict::Strict;
use crate::http::Problem;

/// Names and values of the client that are repeated to him are cut to so many characters.
const QUOTED_CHARS_MAX: usize = 200;

pub(super) fn failure<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    if bytes.trim_ascii().is_empty() {
        return Problem::invalid("#", "syntax", "the body is empty; a JSON object is expected");
    }
    let mut track = Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tracked = serde_path_to_error::Deserializer::new(Strict(&mut json), &mut track);
    let error = match T::deserialize(tracked) {
        Err(error) => error,
        Ok(_) => match json.end() {
            Err(error) => return syntax(&error),
            Ok(()) => serde_json::Error::custom("the value is not accepted"),
        },
    };
    let path = track.path();
    let message = error.to_string();
    if message.starts_with("number out of range") {
        let detail = "the number is too large to be represented";
        return Problem::invalid(pointer(&path, None), "out_of_range", detail);
    }
    if error.is_syntax() || error.is_eof() || error.is_io() {
        return syntax(&error);
    }
    data(&path, without_position(&message))
}

fn syntax(error: &serde_json::Error) -> Problem {
    // Its own words are for programmers; where it is, helps everybody.
    let what = match error.to_string() {
        text if text.starts_with("recursion limit") => "it is nested too deeply",
        text if text.starts_with("trailing characters") => "something follows after its end",
        text if text.starts_with("invalid unicode") || text.contains("escape") => "a text in it is not valid",
        _ if error.is_eof() => "it ends too early",
        _ => "something else is expected",
    };
    let detail = format!("the body is not valid JSON: {what}, at line {}, column {}", error.line(), error.column());
    Problem::invalid("#", "syntax", detail)
}

fn data(path: &Path, message: &str) -> Problem {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let expected = rest.rfind("`, expected ").map(|at| &rest[at + 3..]);
        let expected = expected.unwrap_or("no field is expected here");
        let detail = format!("this field is not known; {}", expected.replace('`', ""));
        return Problem::invalid(pointer(path, None), "unknown_field", cut(&detail));
    }
    if let Some(name) = quoted_name(message, "missing field `") {
        return Problem::invalid(pointer(path, Some(name)), "required", "this field is required");
    }
    if let Some(name) = quoted_name(message, "duplicate field `") {
        let detail = "this field is given more than once";
        return Problem::invalid(pointer(path, Some(name)), "duplicate_field", detail);
    }
    let (code, message) = match message.split_once(": ") {
        Some(("invalid type", rest)) => ("wrong_type", rest),
        Some(("invalid value", rest)) => ("out_of_range", rest),
        Some(_) | None => ("not_accepted", message),
    };
    Problem::invalid(pointer(path, None), code, cut(&plain(message)))
}

/// Says "expected an integer" where the parser says "expected i64".
fn plain(message: &str) -> String {
    let Some((given, expected)) = message.rsplit_once(", expected ") else {
        return message.replace('`', "'");
    };
    let expected = match expected {
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "usize" => "an integer that is not negative",
        "i8" => "an integer from -128 to 127",
        "i16" => "an integer from -32768 to 32767",
        "i32" => "an integer from -2147483648 to 2147483647",
        "i64" | "isize" => "an integer of at most 64 bits",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        other if other.starts_with("enum ") => "a text",
        other if other.starts_with("struct ") || other.contains(" struct ") => "an object",
        other => other,
    };
    let given = match given {
        "map" => "an object",
        "sequence" => "an array",
        other => other,
    };
    format!("{given} was given, {expected} is expected").replace('`', "'")
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
