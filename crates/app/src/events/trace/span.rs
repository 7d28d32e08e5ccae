//! A finished span of a trace, for a collector.

use super::TraceParent;

/// The kind of a span, as OpenTelemetry has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its trace and its own id.
    pub own: TraceParent,
    /// The id of the span that caused it.
    pub parent: Option<u64>,
    pub name: String,
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub begun_ns: u64,
    pub end_ns: u64,
    pub attributes: Vec<(&'static str, Value)>,
    pub has_failed: bool,
    /// Spans of other traces that also caused it.
    pub links: Vec<TraceParent>,
}

impl Span {
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Span {
        self.attributes.push((key, value.into()));
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number)
    }
}
