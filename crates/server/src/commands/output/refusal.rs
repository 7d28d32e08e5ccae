//! A refusal of an admin endpoint, in the terms of the command line.

use serde_json::Value;

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
        let wrong: Vec<String> = self.document["errors"].as_array().into_iter().flatten().map(of_option).collect();
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

/// Converts `#/toOffset: …` to the option of the command line: `--to-offset: …`.
fn of_option(violation: &Value) -> String {
    let detail = violation["detail"].as_str().unwrap_or_default();
    let place = violation["pointer"].as_str().or_else(|| violation["parameter"].as_str()).unwrap_or_default();
    let name = place.rsplit(['/', '#']).next().unwrap_or_default();
    if name.is_empty() {
        return option_names(detail);
    }
    format!("{}: {}", option(name), option_names(detail))
}

/// Options and arguments that have other names than the field they set.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("totalQuantity", "--quantity"),
    ("issueStartsAt", "--from"),
    ("issueEndsAt", "--until"),
    ("value", "--percent or --amount"),
    ("name", "NAME"),
];

/// Returns the option that sets a field.
fn option(field: &str) -> String {
    let other = OTHER_NAMES.iter().find(|(known, _)| *known == field);
    other.map_or_else(|| format!("--{}", kebab(field)), |(_, option)| (*option).to_owned())
}

fn kebab(name: &str) -> String {
    let mut option = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            option.push('-');
        }
        option.push(char.to_ascii_lowercase());
    }
    option
}

/// Replaces fields in a detail by the options that set them.
fn option_names(detail: &str) -> String {
    ["toOffset", "toTime", "toCommitted", "issueStartsAt", "issueEndsAt"]
        .iter()
        .fold(detail.to_owned(), |detail, field| detail.replace(field, &option(field)))
}
