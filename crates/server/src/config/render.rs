//! The settings in force, in the form of the commented reference.

use serde_json::Value;

use super::{Config, DEFAULT_TOML};

const REDACTED: &str = "[redacted]";

impl Config {
    /// The reference with the values in force in the place of the defaults, secrets left out.
    pub fn to_toml(&self) -> String {
        let values = self.to_json();
        let mut section = "";
        let mut text = String::with_capacity(DEFAULT_TOML.len());
        for line in DEFAULT_TOML.lines() {
            match line.split_once(" = ") {
                Some((key, _)) if !line.starts_with('#') => {
                    let values = section.split('.').fold(&values, |values, part| &values[part]);
                    text.push_str(&format!("{key} = {}", values[key]));
                }
                _ => text.push_str(line),
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            }
            text.push('\n');
        }
        text
    }

    /// The values in force as one JSON object, secrets left out.
    pub fn to_json(&self) -> Value {
        let mut values = serde_json::to_value(self).expect("settings are plain text and numbers");
        if self.admin.password().is_some() {
            values["admin"]["password"] = REDACTED.into();
        }
        values
    }
}
