//! Renders the settings in force, in the form of the commented reference.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::kafka::properties;
use super::{Config, DEFAULT_TOML};
use crate::system::shown_url;

pub(super) const REDACTED: &str = "[redacted]";

/// Hides the secrets in every address, in every setting.
fn without_keys(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = shown_url::of(text) {
                *text = shown;
            }
        }
        Value::Object(object) => object.values_mut().for_each(without_keys),
        Value::Array(array) => array.iter_mut().for_each(without_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Shows the values in force without secrets.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config({})", self.to_json())
    }
}

impl Config {
    /// Returns the reference with the values in force instead of the defaults, without secrets.
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
            if line == properties::HEADER {
                text.push_str(&self.kafka.properties.to_toml());
            }
            if line == "[traces]" {
                text.push_str(&self.variables_of_traces());
            }
        }
        text
    }

    /// Returns the variables of OpenTelemetry that are set, and their effect, as comments; nothing if there are none.
    fn variables_of_traces(&self) -> String {
        let line = |(name, value): (&str, &str)| format!("# {name} = {}\n", Value::from(shown_url::of(value)));
        let variables: String = self.traces.environment().map(line).collect();
        if variables.is_empty() {
            return variables;
        }
        let effect = if self.traces.is_on() {
            let (share, url) = (self.traces.share(), self.traces.url());
            format!(
                "# So spans of {share} of all requests (1: of each) are sent to {}.\n",
                Value::from(shown_url::of(&url))
            )
        } else {
            "# So no spans are sent.\n".to_owned()
        };
        format!("# Set in the environment, which counts before this section:\n{variables}{effect}")
    }

    /// Returns the values in force as a JSON object, without secrets.
    pub fn to_json(&self) -> Value {
        let mut values = serde_json::to_value(self).expect("settings are plain text and numbers");
        without_keys(&mut values);
        let variables: Map<String, Value> =
            self.traces.environment().map(|(name, value)| (name.to_owned(), shown_url::of(value).into())).collect();
        if !variables.is_empty() {
            values["traces"]["environment"] = variables.into();
            values["traces"]["in_force"] = json!({
                "is_on": self.traces.is_on(),
                "share": self.traces.share(),
                "url": shown_url::of(&self.traces.url()),
            });
        }
        if self.admin.password().is_some() {
            values["admin"]["password"] = REDACTED.into();
        }
        values
    }
}
