//! Reads a script. An error names the key, and the place in the file.

use std::path::Path;

use sim::rehearsal::Script;

use crate::commands::Error;

pub(super) fn read(path: &Path) -> Result<Script, Error> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::Script { file: file.clone(), why: format!("cannot be read: {}", cause.kind()) })?;
    parse(&text).map_err(|why| Error::Script { file, why })
}

fn parse(text: &str) -> Result<Script, String> {
    let values =
        toml::Deserializer::parse(text).map_err(|error| format!("{}{}", one_line(&error), place(text, &error)))?;
    let script: Script = serde_path_to_error::deserialize(values).map_err(|error| {
        let key = error.path().to_string();
        let fault = one_line(error.inner()) + &place(text, error.inner());
        if key == "." { fault } else { format!("{key}: {fault}") }
    })?;
    script.check().map_err(|wrong| wrong.to_string())?;
    Ok(script)
}

/// Returns the message without the lines that point into the text.
fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join("; ")
}

/// Returns the line and the column of an error, if it has a place. Columns are characters.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" (line {line}, column {column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../../examples/drop.toml");

    #[track_caller]
    fn assert_refused(change: (&str, &str), why: &str) {
        let text = EXAMPLE.replace(change.0, change.1);
        assert_ne!(text, EXAMPLE, "the example has no {:?}", change.0);
        let found = parse(&text).unwrap_err();
        assert!(found.contains(why), "{found}");
    }

    #[test]
    fn the_example_is_a_script() {
        let script = parse(EXAMPLE).unwrap();
        assert_eq!(script.customers.count, 50_000);
        assert!(script.waiting_room.is_some());
    }

    #[test]
    fn an_error_names_its_key() {
        assert_refused(("count = 50_000", "count = \"many\""), "customers.count: invalid type: string \"many\"");
        assert_refused(("count = 50_000", "count = 0"), "customers.count is 0, but must be from 1 to 1000000");
        assert_refused(("hold_seconds = 300", "hold_second = 300"), "hold_second");
        assert_refused(("prequeue = \"shuffle\"", "prequeue = \"lottery\""), "waiting_room.prequeue");
        assert_refused(("[drop]", "[drip]"), "drip");
    }

    #[test]
    fn an_error_names_its_place() {
        let line = EXAMPLE.lines().position(|line| line.starts_with("count = 50_000")).unwrap() + 1;
        assert_refused(("count = 50_000", "count = "), &format!("(line {line}, column 9)"));
        assert_refused(("count = 50_000", "count = \"many\""), &format!("(line {line}, column 9)"));
        assert_eq!(parse("seed = 1\n드롭 = [").unwrap_err().split_once("(line").unwrap().1, " 2, column 7)");
    }
}
