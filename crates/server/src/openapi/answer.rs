//! A successful answer of an operation.

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Adds a type's schema to the document and returns a reference to it.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A successful answer: one that is no problem document.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub description: &'static str,
    pub content: Content,
    pub headers: Vec<Header>,
    pub links: Vec<Link>,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Json(SchemaOf),
    /// JSON, or a text with an example, as the query asks.
    JsonOrText(SchemaOf, &'static str, &'static str),
    /// The media types from which the client may choose, each with an example.
    Text(Vec<(&'static str, &'static str)>),
}

/// A header of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Header {
    RequestId,
    Location,
    RetryAfter,
    IdempotencyReplayed,
    PreferenceApplied,
    WwwAuthenticate,
    ContentLanguage,
    RateLimit,
    RateLimitPolicy,
}

impl Header {
    pub const ALL: [Header; 9] = [
        Header::RequestId,
        Header::Location,
        Header::RetryAfter,
        Header::IdempotencyReplayed,
        Header::PreferenceApplied,
        Header::WwwAuthenticate,
        Header::ContentLanguage,
        Header::RateLimit,
        Header::RateLimitPolicy,
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
            Header::RateLimit => "RateLimit",
            Header::RateLimitPolicy => "RateLimit-Policy",
        }
    }
}

/// A link from an answer to an operation that takes one of its values.
#[derive(Clone, Debug)]
pub struct Link {
    pub name: &'static str,
    /// The `operationId` that takes it.
    pub operation: &'static str,
    pub parameters: Vec<(&'static str, &'static str)>,
    /// What else the operation takes. A link's `requestBody` is not used, since generators misread it as a string.
    pub description: &'static str,
}

impl Link {
    /// Passes `value`, a run-time expression such as `$response.body#/orderNumber`, as the `parameter` of `operation`.
    pub fn new(name: &'static str, operation: &'static str, parameter: &'static str, value: &'static str) -> Link {
        Link { name, operation, parameters: vec![(parameter, value)], description: "" }
    }

    /// Leads to `operation`, whose input the description names.
    pub fn described(name: &'static str, operation: &'static str, description: &'static str) -> Link {
        Link { name, operation, parameters: vec![], description }
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
        Answer { content: Content::Text(vec![(media_type, example)]), ..Answer::new(status, description) }
    }

    /// Adds another media type for the same text.
    pub fn or_text(mut self, media_type: &'static str, example: &'static str) -> Answer {
        if let Content::Text(forms) = &mut self.content {
            forms.push((media_type, example));
        }
        self
    }

    /// Adds a text that the client may get instead of the JSON.
    pub fn or_plain(mut self, media_type: &'static str, example: &'static str) -> Answer {
        if let Content::Json(schema) = self.content {
            self.content = Content::JsonOrText(schema, media_type, example);
        }
        self
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
