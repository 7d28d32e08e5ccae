//! The description of one endpoint: what it takes and answers.

use axum::http::Method;
use schemars::transform::Transform;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::answer::{Answer, Content, Header, Link, SchemaOf};
use crate::http::{Code, Problem};

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Everybody,
    Customers,
    /// Customers whose token may also be in the query, for clients that cannot set headers.
    Listeners,
    Admins,
}

/// The chapter of the document that lists an endpoint.
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
            Tag::Orders => "Place, follow, pay for, cancel and refund orders.",
            Tag::Coupons => "Campaigns and their coupons, issued at once or by request, first come, first served.",
            Tag::Points => "Charge points, read the balance and its history.",
            Tag::Products => "The catalogue and its ranking. `available` is never cached.",
            Tag::People => "Register and log in.",
            Tag::Live => "Live notices about your orders and coupons.",
            Tag::Administration => {
                "For admins only: products, stock, campaigns, orders of all users, payments, the audit."
            }
            Tag::Health => "Probes and metrics, for operators.",
            Tag::Documents => "This document, and the web page that shows it.",
        }
    }
}

/// The part of a request that holds a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

/// A parameter: a value of a request outside its body.
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
    /// The handler's parser. A test checks that the schema accepts nothing that it refuses.
    pub read: fn(&[u8]) -> Result<(), Problem>,
}

/// The description of an endpoint.
#[derive(Clone)]
pub struct Operation {
    pub path: &'static str,
    pub method: Method,
    pub id: &'static str,
    /// The id of the operation that this one is an alias of; otherwise its own id.
    pub original: &'static str,
    pub tag: Tag,
    pub summary: &'static str,
    pub description: String,
    pub access: Access,
    pub is_deprecated: bool,
    /// Whether the document lists it. Files of the web page are not listed.
    pub is_listed: bool,
    /// Whether it is a page for people. Links to a page carry parameters of others, such as those of a newsletter.
    pub is_page: bool,
    /// Whether the rate limits apply to it.
    pub is_limited: bool,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
    pub codes: Vec<Code>,
    /// The headers of every successful answer.
    pub headers: Vec<Header>,
}

impl Operation {
    /// Creates an operation without a path.
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
            is_page: false,
            is_limited: false,
            parameters: vec![],
            body: None,
            answers: vec![],
            codes: vec![Code::Internal],
            headers: vec![Header::RequestId],
        }
    }

    /// Adds a paragraph of Markdown to the description.
    pub fn paragraph(mut self, text: &str) -> Operation {
        if !self.description.is_empty() {
            self.description.push_str("\n\n");
        }
        self.description.push_str(text);
        self
    }

    /// Leaves the operation out of the document.
    pub fn unlisted(mut self) -> Operation {
        self.is_listed = false;
        self
    }

    /// Makes this a page for people, which is not listed either.
    pub fn page(mut self) -> Operation {
        self.is_page = true;
        self.unlisted()
    }

    /// Makes this a deprecated alias of another operation, for clients that use its path.
    pub fn alias(mut self, id: &'static str, of: &str) -> Operation {
        self.id = id;
        self.is_deprecated = true;
        let note = format!("Deprecated alias of `{of}`. New clients use that.");
        self.paragraph(&note)
    }

    /// Describes the 200 answer that the handler's type declares.
    pub fn returns(self, description: &'static str) -> Operation {
        self.answers(Answer::new(200, description))
    }

    /// Adds an answer, or completes the one with the same status.
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

    /// Adds a link to the answer with this status.
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

    /// Adds every field of `Q` as a query parameter.
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

    /// Adds the only path parameter, or the first of two.
    pub(crate) fn path_parameter(&mut self, description: &str, schema: Value, example: Value) {
        self.add_path_parameter(1, description, schema, example);
    }

    pub(crate) fn second_path_parameter(&mut self, description: &str, schema: Value, example: Value) {
        self.add_path_parameter(3, description, schema, example);
    }

    fn add_path_parameter(&mut self, place: usize, description: &str, schema: Value, example: Value) {
        let name =
            self.path.split(['{', '}']).nth(place).expect("a handler that reads a path parameter has one in its path");
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
        // A query has no null: an optional parameter is left out.
        if let Some(kind) = schema.get("type").and_then(Value::as_array).and_then(|kinds| kinds.first()).cloned() {
            schema.insert("type".to_owned(), kind);
        }
    }
    Parameter { name: name.to_owned(), place: Place::Query, description, schema, is_required, example }
}
