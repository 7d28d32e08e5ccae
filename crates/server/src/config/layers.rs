//! The settings as layers of TOML: the defaults, a file, the environment. A later layer wins, and each value keeps its source.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Error as _, Expected, IntoDeserializer, Unexpected, Visitor, value};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

use super::kafka::property_keys;
use crate::system::shown_url;

/// The source of a value. Defaults are never invalid, so they have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Variable(String),
}

/// A value that cannot be used.
#[derive(Debug)]
pub struct Invalid {
    /// The key, for example `server.listen`.
    pub(super) key: String,
    pub(super) fault: Fault,
    pub(super) source: Option<Source>,
}

/// The reason why a value cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{self:?}")]
pub(super) enum Fault {
    Type { given: String, expected: String },
    Length { expected: String },
    Word { given: String, known: &'static [&'static str] },
    UnknownKey { name: String, known: &'static [&'static str] },
    Missing { name: &'static str },
    Twice { name: &'static str },
    Syntax { line: usize, why: String },
    Other(String),
}

pub(super) struct Layers {
    /// The defaults, whose types decide how the text of a variable is read.
    defaults: Table,
    values: Table,
    sources: BTreeMap<String, Source>,
}

impl Layers {
    pub(super) fn of_defaults(text: &str) -> Layers {
        let defaults: Table = text.parse().expect("a test checks that the defaults are TOML");
        Layers { values: defaults.clone(), defaults, sources: BTreeMap::new() }
    }

    /// Adds the settings of a file.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Result<(), Invalid> {
        let source = Source::File(path.to_owned());
        let values = text.parse::<Table>().map_err(|error| {
            let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
            let fault = Fault::Syntax { line: before.matches('\n').count() + 1, why: error.message().to_owned() };
            Invalid { key: String::new(), fault, source: Some(source.clone()) }
        })?;
        self.note("", &values, &source);
        merge(&mut self.values, values);
        Ok(())
    }

    fn note(&mut self, section: &str, values: &Table, source: &Source) {
        for (name, value) in values {
            let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
            if let Value::Table(values) = value {
                self.note(&key, values, source);
            }
            self.sources.insert(key, source.clone());
        }
    }

    /// Sets one value from text, in the type of its default, so that the password `0123` stays text. `None` for a key that does
    /// not exist. Where a file has another value in the place of a section, its error is reported when the settings are read.
    pub(super) fn set(&mut self, key: &str, text: String, variable: String) -> Option<()> {
        if let Some(name) = key.strip_prefix(property_keys::SECTION) {
            property_keys::put(&mut self.values, name, text);
            self.sources.insert(key.to_owned(), Source::Variable(variable));
            return Some(());
        }
        let value = match find(&self.defaults, key)? {
            Value::Table(_) | Value::Array(_) => return None,
            Value::String(_) => Value::String(text),
            Value::Integer(_) => text.parse().map_or(Value::String(text), Value::Integer),
            Value::Float(_) => text.parse().map_or(Value::String(text), Value::Float),
            Value::Boolean(_) => text.parse().map_or(Value::String(text), Value::Boolean),
            Value::Datetime(_) => text.parse().map_or(Value::String(text), Value::Datetime),
        };
        if put(&mut self.values, key, value).is_some() {
            self.sources.insert(key.to_owned(), Source::Variable(variable));
        }
        Some(())
    }

    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Invalid> {
        let Layers { values, sources, .. } = self;
        serde_path_to_error::deserialize(Tree(Value::Table(values))).map_err(|error| {
            let path = error.path().to_string();
            let key = if path == "." { String::new() } else { path };
            let fault = error.into_inner();
            let named = match &fault {
                Fault::UnknownKey { name, .. } if key.is_empty() => name.clone(),
                Fault::UnknownKey { name, .. } if !key.ends_with(name.as_str()) => format!("{key}.{name}"),
                Fault::UnknownKey { .. }
                | Fault::Type { .. }
                | Fault::Length { .. }
                | Fault::Word { .. }
                | Fault::Missing { .. }
                | Fault::Twice { .. }
                | Fault::Syntax { .. }
                | Fault::Other(_) => key.clone(),
            };
            Invalid { source: sources.get(&named).cloned(), key, fault }
        })
    }
}

fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

fn find<'a>(values: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => values.get(key),
        Some((section, rest)) => find(values.get(section)?.as_table()?, rest),
    }
}

/// Sets a value; `None` if its section is not a table.
fn put(values: &mut Table, key: &str, value: Value) -> Option<()> {
    let Some((section, rest)) = key.split_once('.') else {
        values.insert(key.to_owned(), value);
        return Some(());
    };
    put(values.get_mut(section)?.as_table_mut()?, rest, value)
}

/// A value that `serde` reads with the errors of [`Fault`].
struct Tree(Value);

impl<'de> serde::Deserializer<'de> for Tree {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => match u64::try_from(number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(number),
            },
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(is) => visitor.visit_bool(is),
            Value::Datetime(_) => Err(Fault::invalid_type(Unexpected::Other("a date"), &visitor)),
            Value::Array(values) => visitor.visit_seq(value::SeqDeserializer::new(values.into_iter().map(Tree))),
            Value::Table(values) => visitor
                .visit_map(value::MapDeserializer::new(values.into_iter().map(|(name, value)| (name, Tree(value))))),
        }
    }

    /// A section is a table. `serde` alone would also accept a list of its values.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if matches!(self.0, Value::Array(_)) {
            return Err(Fault::invalid_type(Unexpected::Seq, &visitor));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self {
            Tree(Value::String(word)) => visitor.visit_enum(word.into_deserializer()),
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Tree {
    type Deserializer = Tree;

    fn into_deserializer(self) -> Tree {
        self
    }
}

impl serde::de::Error for Fault {
    fn custom<T: std::fmt::Display>(text: T) -> Fault {
        Fault::Other(text.to_string())
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::Type { given: shown(given), expected: expected.to_string() }
    }

    fn invalid_value(given: Unexpected<'_>, expected: &dyn Expected) -> Fault {
        Fault::invalid_type(given, expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Fault {
        Fault::Length { expected: expected.to_string() }
    }

    fn unknown_variant(given: &str, known: &'static [&'static str]) -> Fault {
        Fault::Word { given: given.to_owned(), known }
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Fault {
        Fault::UnknownKey { name: name.to_owned(), known }
    }

    fn missing_field(name: &'static str) -> Fault {
        Fault::Missing { name }
    }

    fn duplicate_field(name: &'static str) -> Fault {
        Fault::Twice { name }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no setting has one of the other types")]
fn shown(given: Unexpected<'_>) -> String {
    match given {
        Unexpected::Bool(is) => is.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Other(what) => what.to_owned(),
        Unexpected::Str(text) => format!("{:?}", shown_url::of(text)),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a section".to_owned(),
        _ => "something else".to_owned(),
    }
}
