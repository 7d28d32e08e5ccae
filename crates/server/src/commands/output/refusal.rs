//! A refusal of an admin endpoint, in the terms of the command line.

use clap::{Arg, ArgMatches, Command, CommandFactory as _};
use serde_json::Value;

use crate::cli::Cli;

/// The problem document that an admin endpoint answered.
#[derive(Debug)]
pub struct Refusal {
    pub(in crate::commands) status: u16,
    pub(in crate::commands) document: Value,
}

impl Refusal {
    pub(in crate::commands) fn code(&self) -> &str {
        self.document["code"].as_str().unwrap_or("failed")
    }

    /// Lists the invalid values by option; without any, returns the document's detail or title.
    pub(in crate::commands) fn text(&self) -> String {
        self.text_for(&called())
    }

    /// Returns the text in the terms of a command.
    pub(in crate::commands) fn text_for(&self, command: &Command) -> String {
        let violations = self.document["errors"].as_array().into_iter().flatten();
        let wrong: Vec<String> = violations.map(|violation| of_option(command, violation)).collect();
        if !wrong.is_empty() {
            return wrong.join("; ");
        }
        let text = self.document["detail"].as_str().or_else(|| self.document["title"].as_str());
        text.map_or_else(|| format!("the shop answered with status {} and no reason", self.status), str::to_owned)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// Returns the command that this process was called with. Read from the raw arguments, like `--json`: an error has no others.
fn called() -> Command {
    let mut command = Cli::command();
    let matches = command.clone().try_get_matches_from(std::env::args_os());
    let mut rest = matches.as_ref().ok();
    while let Some((name, inner)) = rest.and_then(ArgMatches::subcommand) {
        let Some(found) = command.find_subcommand(name) else { break };
        (command, rest) = (found.clone(), Some(inner));
    }
    command
}

/// Converts `#/toOffset: …` to the option of the command line: `--to-offset: …`.
fn of_option(command: &Command, violation: &Value) -> String {
    let detail = violation["detail"].as_str().unwrap_or_default();
    let place = violation["pointer"].as_str().or_else(|| violation["parameter"].as_str()).unwrap_or_default();
    let name = place.rsplit(['/', '#']).next().unwrap_or_default();
    if name.is_empty() {
        return option_names(command, detail);
    }
    format!("{}: {}", option(command, name), option_names(command, detail))
}

/// Options and arguments that have other names than the field they set. Each command has those of its own.
const OTHER_NAMES: [(&str, &str); 13] = [
    ("userId", "user"),
    ("userId", "by"),
    ("productId", "product"),
    ("couponId", "coupon"),
    ("q", "text"),
    ("from", "since"),
    ("to", "until"),
    ("totalQuantity", "quantity"),
    ("issueStartsAt", "from"),
    ("issueEndsAt", "until"),
    ("value", "percent"),
    ("value", "amount"),
    ("dryRun", "yes"),
];

/// Returns what sets a field in this command; the field itself if nothing does.
fn option(command: &Command, field: &str) -> String {
    let own = snake(field);
    let others = OTHER_NAMES.iter().filter(|(known, _)| *known == field).map(|(_, id)| *id);
    let find = |id: &str| command.get_arguments().find(|argument| argument.get_id() == id);
    let shown: Vec<String> = std::iter::once(own.as_str()).chain(others).filter_map(find).map(shown).collect();
    if shown.is_empty() { field.to_owned() } else { shown.join(" or ") }
}

/// Returns an option or argument as it is written: `--user`, or `TEXT`.
fn shown(argument: &Arg) -> String {
    let name = || argument.get_value_names()?.first().map(ToString::to_string);
    argument.get_long().map(|long| format!("--{long}")).or_else(name).unwrap_or_else(|| argument.get_id().to_string())
}

fn snake(name: &str) -> String {
    let mut id = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            id.push('_');
        }
        id.push(char.to_ascii_lowercase());
    }
    id
}

/// The texts that end with the name of another field.
const COMPARED: [&str; 2] = ["must not be before ", "must be later than "];

/// Replaces fields in a detail by the options that set them.
fn option_names(command: &Command, detail: &str) -> String {
    for text in COMPARED {
        if let Some(field) = detail.strip_prefix(text) {
            return format!("{text}{}", option(command, field));
        }
    }
    let is_field = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.contains(|c: char| c.is_ascii_uppercase())
    };
    let replaced = |part: &str| {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_field(word) { option(command, word) + &part[word.len()..] } else { part.to_owned() }
    };
    detail.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(replaced).collect()
}

#[cfg(test)]
mod tests;
