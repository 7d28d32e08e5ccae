//! The keys of `[kafka.properties]`, whose names have dots of their own.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Prefix of the keys of these settings.
pub(in crate::config) const SECTION: &str = "kafka.properties.";

/// Joins the sections that `ssl.ca.location = "…"` is to TOML.
pub(super) fn flatten(section: &str, values: Table, into: &mut BTreeMap<String, String>) {
    for (name, value) in values {
        let name = if section.is_empty() { name } else { format!("{section}.{name}") };
        match value {
            Value::Table(values) => flatten(&name, values, into),
            Value::String(text) => {
                into.insert(name, text);
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
                into.insert(name, value.to_string());
            }
        }
    }
}

/// Returns the key that a variable's name means: librdkafka's names have dots where a variable has underscores.
pub(in crate::config) fn key_of(key: &str) -> String {
    match key.strip_prefix(SECTION) {
        Some(name) => format!("{SECTION}{}", name.replace('_', ".")),
        None => key.to_owned(),
    }
}

/// Sets one of these settings; a file may have written its name in either form.
pub(in crate::config) fn put(values: &mut Table, name: &str, text: String) {
    let kafka = values.entry("kafka").or_insert_with(|| Value::Table(Table::new()));
    let Some(kafka) = kafka.as_table_mut() else { return };
    let given = kafka.remove("properties").and_then(|given| given.try_into::<Table>().ok()).unwrap_or_default();
    let mut properties = BTreeMap::new();
    flatten("", given, &mut properties);
    properties.insert(name.to_owned(), text);
    let properties = properties.into_iter().map(|(name, text)| (name, Value::String(text)));
    kafka.insert("properties".to_owned(), Value::Table(properties.collect()));
}
