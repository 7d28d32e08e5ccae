//! Reads a script. An error names the key, what it accepts, and the place in the file.

use std::ops::Range;
use std::path::Path;

use sim::rehearsal::Script;
use sim::rehearsal::script::range;
use toml::de::{DeTable, DeValue};

use crate::commands::Error;
use crate::config::explain::plain;
use crate::system::io_error;

pub(super) fn read(path: &Path) -> Result<Script, Error> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| Error::Script {
        file: file.clone(),
        why: format!("cannot be read: {}", io_error::of(&cause)),
    })?;
    parse(&text).map_err(|why| Error::Script { file, why })
}

fn parse(text: &str) -> Result<Script, String> {
    let at = |span: Option<Range<usize>>| place(text, span);
    let syntax = |error: toml::de::Error| format!("is not valid TOML: {}{}", one_line(&error), at(error.span()));
    let table = DeTable::parse(text).map_err(syntax)?;
    let values = toml::Deserializer::parse(text).map_err(syntax)?;
    let script: Script = serde_path_to_error::deserialize(values).map_err(|error| {
        let key = error.path().to_string();
        explained(if key == "." { "" } else { &key }, &one_line(error.inner())) + &at(error.inner().span())
    })?;
    script.check().map_err(|wrong| format!("{wrong}{}", at(span_of(table.get_ref(), &wrong.key))))?;
    Ok(script)
}

/// Says in our own words why a value is none of its key.
fn explained(key: &str, message: &str) -> String {
    let names = quoted(message);
    if let Some(("invalid type" | "invalid value", rest)) = message.split_once(": ")
        && let Some((given, expected)) = rest.rsplit_once(", expected ")
    {
        return format!("{key} is {}, but must be {}", shown(given), wanted(key, expected));
    }
    match (message, names.as_slice()) {
        (text, [name]) if text.starts_with("missing field") => format!("{} is missing", within(key, name)),
        (text, [_, known @ ..]) if text.starts_with("unknown field") => {
            format!("{key} is no key of a script; allowed are {}", known.join(", "))
        }
        (text, [word, known @ ..]) if text.starts_with("unknown variant") => {
            format!("{key} = {word:?} is not one of {}", known.join(", "))
        }
        (text, _) if text.starts_with("wanted string") => format!("{key} must be a string"),
        (text, _) if key.is_empty() => text.to_owned(),
        (text, _) => format!("{key}: {text}"),
    }
}

/// Returns the names in a message's quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// Returns the value that was given, as it is written in a file.
fn shown(given: &str) -> String {
    match (given, given.strip_prefix("string ")) {
        ("map", _) => "a section".to_owned(),
        ("sequence", _) => "a list".to_owned(),
        (_, Some(text)) => text.to_owned(),
        (other, None) => quoted(other).first().map_or_else(|| other.to_owned(), |value| (*value).to_owned()),
    }
}

/// Returns what a key accepts: the range of a number, where there is one.
fn wanted(key: &str, expected: &str) -> String {
    match (plain(expected), range(key)) {
        ("a sequence", _) if key == "arrivals" || key == "drop.products" => format!("a list of sections, [[{key}]]"),
        ("a sequence", _) => "a list".to_owned(),
        (number, Some((least, most))) if number.starts_with("a whole number") => {
            format!("a whole number from {least} to {most}")
        }
        (text, _) => text.to_owned(),
    }
}

fn within(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Returns where the value of a key stands; where its section stands if the file has no such key.
fn span_of(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut table = Some(table);
    for part in key.split('.') {
        let (name, element) = match part.split_once('[') {
            Some((name, element)) => (name, element.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let Some(value) = table.and_then(|table| table.get(name)) else { break };
        let value = match (value.get_ref(), element) {
            (DeValue::Array(elements), Some(element)) => elements.get(element).unwrap_or(value),
            _ => value,
        };
        found = Some(value.span());
        table = value.get_ref().as_table();
    }
    found
}

/// Returns the message without the lines that point into the text.
fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join("; ")
}

/// Returns line and column of a place in the text. Columns are characters.
fn place(text: &str, span: Option<Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" (line {line}, column {column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../../examples/drop.toml");

    /// The error of the example with a change.
    #[track_caller]
    fn refused(change: (&str, &str)) -> String {
        let text = EXAMPLE.replacen(change.0, change.1, 1);
        assert_ne!(text, EXAMPLE, "the example has no {:?}", change.0);
        parse(&text).unwrap_err()
    }

    #[track_caller]
    fn assert_refused(change: (&str, &str), why: &str) {
        let found = refused(change);
        assert!(found.contains(why), "{found}");
    }

    #[test]
    fn the_example_is_a_script() {
        let script = parse(EXAMPLE).unwrap();
        assert_eq!(script.customers.count, 50_000);
        assert!(script.waiting_room.is_some());
    }

    #[test]
    fn an_error_names_its_key_and_what_it_accepts() {
        let count = "count = 50_000";
        for given in ["-5", "0", "5000000000", "99999999999999999999", "5.5", "\"many\"", "[]"] {
            let found = refused((count, &format!("count = {given}")));
            assert!(found.starts_with("customers.count is "), "{found}");
            assert!(found.contains(" must be ") && found.contains("from 1 to 1000000"), "{found}");
        }
        for (change, why) in [
            (
                (count, "count = -5"),
                "customers.count is -5, but must be a whole number from 1 to 1000000 (line 19, column 9)",
            ),
            ((count, ""), "customers.count is missing (line 18, column 1)"),
            (
                ("hold_seconds = 300", "hold_seconds = 0"),
                "waiting_room.hold_seconds is 0, but must be from 1 to 86400 (line 15, column 16)",
            ),
            (
                ("hold_seconds", "hold_second"),
                "waiting_room.hold_second is no key of a script; allowed are admit_per_second, hold_seconds, prequeue (line 15, column 1)",
            ),
            (
                ("\"shuffle\"", "\"lifo\""),
                "waiting_room.prequeue = \"lifo\" is not one of fifo, shuffle (line 16, column 12)",
            ),
            (("\"shuffle\"", "5"), "waiting_room.prequeue must be a string (line 16, column 12)"),
            (("[70, 30]", "5"), "customers.units is 5, but must be a list (line 20, column 9)"),
            (
                ("[70, 30]", "[-1]"),
                "customers.units[0] is -1, but must be a whole number from 0 to 100 (line 20, column 10)",
            ),
            (
                ("stock = 1_000", "stock = \"x\""),
                "drop.products[0].stock is \"x\", but must be a whole number from 1 to 1000000 (line 11, column 9)",
            ),
            (
                ("per_customer = 2", "per_customer = true"),
                "drop.per_customer is true, but must be a whole number from 1 to 100000 (line 8, column 16)",
            ),
            (
                ("[drop]", "[drip]"),
                "drip is no key of a script; allowed are seed, drop, waiting_room, customers, arrivals, shop (line 5, column 2)",
            ),
        ] {
            assert_eq!(refused(change), why);
        }
    }

    /// A rehearsal accepts no drop that the API would refuse.
    #[test]
    fn the_limits_of_a_drop_are_those_of_the_api() {
        let rate = refused(("admit_per_second = 20", "admit_per_second = 100001"));
        assert_eq!(rate, "waiting_room.admit_per_second is 100001, but must be from 1 to 100000 (line 14, column 20)");
        let limit = refused(("per_customer = 2", "per_customer = 100001"));
        assert_eq!(limit, "drop.per_customer is 100001, but must be from 1 to 100000 (line 8, column 16)");
        let limit = refused(("stock = 1_000", "stock = 1_000\nper_customer = 100001"));
        assert_eq!(limit, "drop.products[0].per_customer is 100001, but must be from 1 to 100000 (line 12, column 16)");
    }

    #[test]
    fn an_error_names_its_place() {
        let line = EXAMPLE.lines().position(|line| line.starts_with("count = 50_000")).unwrap() + 1;
        assert_refused(("count = 50_000", "count = "), &format!("(line {line}, column 9)"));
        assert_refused(("count = 50_000", "count = \"many\""), &format!("(line {line}, column 9)"));
        assert_eq!(parse("seed = 1\n드롭 = [").unwrap_err().split_once("(line").unwrap().1, " 2, column 7)");
    }
}
