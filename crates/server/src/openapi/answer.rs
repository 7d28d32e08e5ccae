//! One way in which an operation is answered when it does what it is asked.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// Puts a type's schema into the document and refers to it.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An answer that is no problem document.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub description: &'static str,
    pub content: Content,
    pub headers: Vec<Header>,
    pub links: Vec<Link>,
}

/// What the body is.
#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Json(SchemaOf),
    Text { media_type: &'static str, example: &'static str },
}

/// A header that tells the client something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Header {
    RequestId,
    Location,
    RetryAfter,
    IdempotencyReplayed,
    PreferenceApplied,
    WwwAuthenticate,
    ContentLanguage,
}

impl Header {
    pub const ALL: [Header; 7] = [
        Header::RequestId,
        Header::Location,
        Header::RetryAfter,
        Header::IdempotencyReplayed,
        Header::PreferenceApplied,
        Header::WwwAuthenticate,
        Header::ContentLanguage,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Header::RequestId => "Request-Id",
            Header::Location => "Location",
            Header::RetryAfter => "Retry-After",
            Header::IdempotencyReplayed => "Idempotency-Replayed",
            Header::PreferenceApplied => "Preference-Applied",
            Header::WwwAuthenticate => "WWW-Authenticate",
            Header::ContentLanguage => "Content-Language",
        }
    }
}

/// Where a value of this answer leads on.
#[derive(Clone, Debug)]
pub struct Link {
    pub name: &'static str,
    /// The `operationId` that takes it.
    pub operation: &'static str,
    pub parameters: Vec<(&'static str, &'static str)>,
    /// The body to send there.
    pub body: Option<Value>,
}

impl Link {
    /// `value` (a run-time expression such as `$response.body#/orderNumber`) is the `parameter` of `operation`.
    pub fn new(name: &'static str, operation: &'static str, parameter: &'static str, value: &'static str) -> Link {
        Link { name, operation, parameters: vec![(parameter, value)], body: None }
    }
}

impl Answer {
    pub fn new(status: u16, description: &'static str) -> Answer {
        Answer { status, description, content: Content::Nothing, headers: vec![], links: vec![] }
    }

    pub fn json<T: JsonSchema>(status: u16, description: &'static str) -> Answer {
        let content = Content::Json(|schemas| schemas.subschema_for::<T>());
        Answer { content, ..Answer::new(status, description) }
    }

    pub fn text(status: u16, description: &'static str, media_type: &'static str, example: &'static str) -> Answer {
        Answer { content: Content::Text { media_type, example }, ..Answer::new(status, description) }
    }

    pub fn header(mut self, header: Header) -> Answer {
        self.headers.push(header);
        self
    }

    pub fn link(mut self, link: Link) -> Answer {
        self.links.push(link);
        self
    }
}
