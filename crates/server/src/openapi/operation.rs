//! What one endpoint takes and answers.

use axum::http::Method;
use schemars::transform::Transform;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::answer::{Answer, Content, Header, Link, SchemaOf};
use crate::http::{Code, Problem};

/// Whom an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Everybody,
    Customers,
    /// The token may also stand in the query, for readers that can set no headers.
    Listeners,
    Admins,
}

/// The chapter that an endpoint stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Orders,
    Coupons,
    Points,
    Products,
    People,
    Live,
    Administration,
    Health,
    Documents,
}

impl Tag {
    pub const ALL: [Tag; 9] = [
        Tag::Orders,
        Tag::Coupons,
        Tag::Points,
        Tag::Products,
        Tag::People,
        Tag::Live,
        Tag::Administration,
        Tag::Health,
        Tag::Documents,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Tag::Orders => "Orders",
            Tag::Coupons => "Coupons",
            Tag::Points => "Points",
            Tag::Products => "Products",
            Tag::People => "People",
            Tag::Live => "Live",
            Tag::Administration => "Administration",
            Tag::Health => "Health",
            Tag::Documents => "Documents",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Tag::Orders => "Placed, followed, cancelled.",
            Tag::Coupons => "Campaigns; coupons issued at once or on request, first come, first served.",
            Tag::Points => "Charged, read.",
            Tag::Products => "The catalogue and its ranking. `available` is never cached.",
            Tag::People => "Registered, logged in.",
            Tag::Live => "What happens to one's orders and coupons, as it happens.",
            Tag::Administration => "What only an admin may do: products, stock, campaigns, every order, the audit.",
            Tag::Health => "For whoever runs the shop.",
            Tag::Documents => "This document and the page that shows it.",
        }
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

/// One value outside the body.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub place: Place,
    pub description: String,
    pub schema: Value,
    pub is_required: bool,
    pub example: Value,
}

/// The body that an endpoint reads.
#[derive(Clone)]
pub struct Body {
    pub schema: SchemaOf,
    pub is_required: bool,
    /// The handler's own reading of a body: what it refuses, the document must not offer.
    pub read: fn(&[u8]) -> Result<(), Problem>,
}

/// An endpoint as the document shows it.
#[derive(Clone)]
pub struct Operation {
    pub path: &'static str,
    pub method: Method,
    pub id: &'static str,
    /// The id of the operation that this one is another spelling of, or its own.
    pub original: &'static str,
    pub tag: Tag,
    pub summary: &'static str,
    pub description: String,
    pub access: Access,
    pub is_deprecated: bool,
    /// Whether the document shows it: the parts of a page are no calls.
    pub is_listed: bool,
    /// Whether the limits on writing stand in front of it.
    pub is_limited: bool,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
    pub codes: Vec<Code>,
    /// Headers of every answer that is no problem.
    pub headers: Vec<Header>,
}

impl Operation {
    /// An operation that is not yet at a path.
    pub fn new(tag: Tag, id: &'static str, summary: &'static str) -> Operation {
        Operation {
            path: "",
            method: Method::GET,
            id,
            original: id,
            tag,
            summary,
            description: String::new(),
            access: Access::Everybody,
            is_deprecated: false,
            is_listed: true,
            is_limited: false,
            parameters: vec![],
            body: None,
            answers: vec![],
            codes: vec![Code::Internal],
            headers: vec![Header::RequestId],
        }
    }

    /// A paragraph about it, in Markdown.
    pub fn says(mut self, text: &str) -> Operation {
        if !self.description.is_empty() {
            self.description.push_str("\n\n");
        }
        self.description.push_str(text);
        self
    }

    /// A part of a page, which the document does not show.
    pub fn unlisted(mut self) -> Operation {
        self.is_listed = false;
        self
    }

    /// The same under another path, that other systems know it by.
    pub fn alias(mut self, id: &'static str, of: &str) -> Operation {
        self.id = id;
        self.is_deprecated = true;
        let note = format!("Another spelling of `{of}`, for clients that know it so. New ones use that.");
        self.says(&note)
    }

    /// What the 200 or 201 that the handler's type tells of means.
    pub fn gives(self, description: &'static str) -> Operation {
        self.answers(Answer::new(200, description))
    }

    /// An answer; one of the same status is completed.
    pub fn answers(mut self, answer: Answer) -> Operation {
        let Some(known) = self.answers.iter_mut().find(|known| known.status == answer.status) else {
            self.answers.push(answer);
            return self;
        };
        if known.description.is_empty() {
            known.description = answer.description;
        }
        if matches!(known.content, Content::Nothing) {
            known.content = answer.content;
        }
        known.headers.extend(answer.headers);
        known.links.extend(answer.links);
        self
    }

    /// Leads on from the answer of this status.
    pub fn link(self, status: u16, link: Link) -> Operation {
        self.answers(Answer::new(status, "").link(link))
    }

    pub fn refuses(mut self, codes: impl IntoIterator<Item = Code>) -> Operation {
        for code in codes {
            self.refuse(code);
        }
        self
    }

    pub fn refuse(&mut self, code: Code) {
        if !self.codes.contains(&code) {
            self.codes.push(code);
        }
    }

    pub fn parameter(mut self, parameter: Parameter) -> Operation {
        self.parameters.push(parameter);
        self
    }

    /// Every field of `Q` is a parameter of the query.
    pub(crate) fn query<Q: JsonSchema>(&mut self) {
        let mut schemas = super::schemas::of_requests();
        let mut schema = Q::json_schema(&mut schemas);
        super::schemas::Known.transform(&mut schema);
        let schema = schema.to_value();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            self.parameters.push(query_parameter(
                name,
                schema,
                required.contains(&Value::from(name.as_str())),
                &schemas,
            ));
        }
    }

    /// The only parameter of the path.
    pub(crate) fn path_parameter(&mut self, description: &str, schema: Value, example: Value) {
        let name =
            self.path.split(['{', '}']).nth(1).expect("a handler that reads a path parameter has one in its path");
        self.parameters.push(Parameter {
            name: name.to_owned(),
            place: Place::Path,
            description: description.to_owned(),
            schema,
            is_required: true,
            example,
        });
    }
}

fn query_parameter(name: &str, schema: &Value, is_required: bool, _schemas: &SchemaGenerator) -> Parameter {
    let mut schema = schema.clone();
    let description = schema["description"].as_str().unwrap_or_default().to_owned();
    let example = schema["examples"][0].clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("description");
        schema.remove("examples");
        // A query has no null: what may be absent is absent.
        if let Some(kind) = schema.get("type").and_then(Value::as_array).and_then(|kinds| kinds.first()).cloned() {
            schema.insert("type".to_owned(), kind);
        }
    }
    Parameter { name: name.to_owned(), place: Place::Query, description, schema, is_required, example }
}
