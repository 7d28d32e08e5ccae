//! Writes the OpenAPI document: all operations, shared components, and the table of codes.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Content, Header};
use super::operation::{Access, Operation, Parameter, Place, Tag};
use super::{example, one_answer, schemas};
use crate::http::language::Language;
use crate::http::{Code, problem};

/// JSON Schema 2020-12, the dialect of OpenAPI 3.1.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The query parameter that carries the token of clients that cannot set headers.
pub(crate) const ACCESS_TOKEN: &str = "access_token";

const ABOUT: &str = "An event-driven commerce core for the minutes when everyone shows up at once.\n\n\
**Accepted means durable.** An answer is sent after its commit is on disk, and an accepted request has exactly one outcome.\n\n\
**Errors** are problem documents (RFC 9457) with a stable `code`. `retryable` says whether sending the same request again can \
help; `errors` names every invalid value and every unknown query parameter. Any path may also answer 404 `route.not_found`, 405 \
`method.not_allowed`, 431 `headers.too_large` and 400 `request.malformed`. All texts for people are in Korean or English, as \
`Accept-Language` says.\n\n\
**`Idempotency-Key`** makes a request safe to repeat: the same key and body give the same result, marked \
`Idempotency-Replayed: true`.\n\n\
**`Prefer: wait=N`** waits up to N seconds (at most 30) for an outcome that is decided later.\n\n\
**`traceparent`** (W3C Trace Context) is continued: in `Request-Id`, in `traceId`, and in every event that the request causes.\n\n\
**Lists** are paged: send `nextCursor` as `cursor` to get the next page; the last page has none.\n\n\
Money is in the currency's smallest unit, such as whole won. Times are RFC 3339 in UTC. Ids of users, products and campaigns are integers; all others are opaque \
strings. A customer can access only their own data: anything that belongs to another user answers 404.";

/// Returns the document of these operations.
pub fn document(operations: &[Operation]) -> Value {
    let mut writer = Writer { requests: schemas::of_requests(), answers: schemas::of_answers() };
    // First, so that all operations can refer to the problem's schema.
    let problem = writer.answers.subschema_for::<problem::Document<'_>>().to_value();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.is_listed) {
        let method = operation.method.as_str().to_ascii_lowercase();
        paths.entry(operation.path).or_default().insert(method, writer.operation(operation, &problem));
    }
    let mut definitions = writer.answers.take_definitions(true);
    definitions.extend(writer.requests.take_definitions(true));
    let answered =
        Code::ALL.into_iter().filter(|code| operations.iter().any(|operation| operation.codes.contains(code)));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doorbuster",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": DIALECT,
        "servers": [{"url": "/", "description": "The shop that serves this document."}],
        "tags": Tag::ALL.map(|tag| json!({"name": tag.name(), "description": tag.description()})),
        "paths": paths,
        "components": {
            "schemas": {},
            "securitySchemes": security_schemes(),
            "headers": Header::ALL.iter().map(|header| (header.name().to_owned(), header_object(*header))).collect::<Map<_, _>>(),
            "examples": answered.map(|code| (code.as_str().to_owned(), code_example(code))).collect::<Map<_, _>>(),
        },
        "x-codes": Code::ALL.iter().map(|code| json!({
            "code": code.as_str(), "status": code.status().as_u16(), "title": code.title().of(Language::English),
            "retryable": code.is_retryable(), "retryAfter": code.retry_after_s(),
        })).collect::<Vec<_>>(),
    });
    complete_examples(&mut document["paths"], &definitions);
    one_answer::unite(&mut document["paths"], operations, &mut definitions);
    for name in definitions.keys().cloned().collect::<Vec<_>>() {
        let example = example::of(&definitions[&name], &definitions);
        definitions[&name]["examples"] = json!([example]);
    }
    document["components"]["schemas"] = Value::Object(definitions);
    document
}

struct Writer {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Writer {
    fn operation(&mut self, operation: &Operation, problem: &Value) -> Value {
        let mut object = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "description": operation.description,
            "tags": [operation.tag.name()],
            "security": security(operation.access),
            "responses": self.responses(operation, problem),
        });
        if operation.is_deprecated {
            object["deprecated"] = json!(true);
        }
        if !operation.parameters.is_empty() {
            object["parameters"] = operation.parameters.iter().map(parameter).collect();
        }
        if let Some(body) = &operation.body {
            let schema = (body.schema)(&mut self.requests);
            object["requestBody"] =
                json!({"required": body.is_required, "content": {"application/json": {"schema": schema}}});
        }
        object
    }

    fn responses(&mut self, operation: &Operation, problem: &Value) -> Map<String, Value> {
        let mut responses = Map::new();
        for answer in &operation.answers {
            responses.insert(answer.status.to_string(), self.answer(operation, answer));
        }
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in &operation.codes {
            by_status.entry(code.status().as_u16()).or_default().push(*code);
        }
        for (status, codes) in by_status {
            let mut refused = refusal(&codes, operation.is_limited, problem);
            // An answer of the same status may have another form.
            if let Some(answer) = responses.get(&status.to_string()) {
                for (media_type, form) in answer["content"].as_object().into_iter().flatten() {
                    refused["content"][media_type] = form.clone();
                }
            }
            responses.insert(status.to_string(), refused);
        }
        responses
    }

    fn answer(&mut self, operation: &Operation, answer: &Answer) -> Value {
        let limits = if operation.is_limited { &LIMITS[..] } else { &[] };
        let headers = operation.headers.iter().chain(&answer.headers).chain(limits);
        let mut object = json!({"description": answer.description, "headers": header_references(headers)});
        match &answer.content {
            Content::Nothing => {}
            Content::Json(schema) => {
                object["content"] = json!({"application/json": {"schema": schema(&mut self.answers)}});
            }
            Content::JsonOrText(schema, media_type, example) => {
                let schema = schema(&mut self.answers);
                object["content"] = json!({"application/json": {"schema": schema}});
                object["content"][media_type] = json!({"schema": {"type": "string"}, "example": example});
            }
            Content::Text(forms) => {
                let form = |(media_type, example): &(&str, &str)| {
                    ((*media_type).to_owned(), json!({"schema": {"type": "string"}, "example": example}))
                };
                object["content"] = Value::Object(forms.iter().map(form).collect());
            }
        }
        for link in &answer.links {
            let parameters: BTreeMap<_, _> = link.parameters.iter().copied().collect();
            let mut target = json!({"operationId": link.operation});
            if !parameters.is_empty() {
                target["parameters"] = json!(parameters);
            }
            if !link.description.is_empty() {
                target["description"] = json!(link.description);
            }
            object["links"][link.name] = target;
        }
        object
    }
}

/// The headers of every answer if rate limits are set.
const LIMITS: [Header; 2] = [Header::RateLimit, Header::RateLimitPolicy];

/// Describes the problems of one status. All refer to one schema, so that a generated client has one type for them; the
/// examples and `x-codes` list the codes that this operation can answer.
fn refusal(codes: &[Code], is_limited: bool, problem: &Value) -> Value {
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let titles: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title().of(Language::English))).collect();
    let examples: Map<String, Value> = words
        .iter()
        .map(|word| ((*word).to_owned(), json!({"$ref": format!("#/components/examples/{word}")})))
        .collect();
    let mut headers = vec![Header::RequestId, Header::ContentLanguage];
    if codes.iter().any(|code| code.retry_after_s().is_some()) {
        headers.push(Header::RetryAfter);
    }
    if codes.iter().any(|code| code.status() == StatusCode::UNAUTHORIZED) {
        headers.push(Header::WwwAuthenticate);
    }
    if is_limited {
        headers.extend(LIMITS);
    }
    json!({
        "description": titles.join("; "),
        "headers": header_references(&headers),
        "content": {"application/problem+json": {"schema": problem, "examples": examples}},
        "x-codes": words,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let mut object = json!({
        "name": parameter.name, "in": place, "required": parameter.is_required, "schema": parameter.schema,
        "description": parameter.description,
    });
    if !parameter.example.is_null() {
        object["example"] = parameter.example.clone();
    }
    object
}

fn security(access: Access) -> Value {
    match access {
        Access::Everybody => json!([]),
        Access::Customers | Access::Admins => json!([{"bearer": []}]),
        Access::Listeners => json!([{"bearer": []}, {"accessToken": []}]),
    }
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "HS256, signed with the shop's secret: `sub` the user's id, `role` customer, viewer, operator or admin, \
                            `iss` and `aud` doorbuster, `exp`. From `POST /api/auth/login`, `doorbuster token`, or your own \
                            issuer. With `auth.jwks.url` also a token of that identity provider, RS256 or ES256. Paths under \
                            `/api/admin` need a role of the staff, or the key of a program.",
        },
        "accessToken": {
            "type": "apiKey", "in": "query", "name": ACCESS_TOKEN,
            "description": "The same token, for a browser's `EventSource` and `WebSocket`, which can set no headers.",
        },
    })
}

fn header_references<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Map<String, Value> {
    let reference = |header: &Header| {
        let name = header.name();
        (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))
    };
    headers.into_iter().map(reference).collect()
}

fn header_object(header: Header) -> Value {
    let (description, schema) = match header {
        Header::RequestId => (
            "The trace id of this request, as in `traceId`; 32 hex digits. A failure of the shop is logged with it.",
            json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        ),
        Header::Location => ("The path of the created resource.", json!({"type": "string", "pattern": "^/api/"})),
        Header::RetryAfter => (
            "Seconds to wait before the next request. With 202: estimated from the latest orders or payments, and not before the next \
             retry of a failing participant or payment provider; 1 until one was measured.",
            json!({"type": "integer", "format": "int64", "minimum": 0}),
        ),
        Header::IdempotencyReplayed => (
            "The answer repeats that of an earlier request with the same key.",
            json!({"type": "string", "const": "true"}),
        ),
        Header::PreferenceApplied => ("The preference that was applied, such as `wait=5`.", json!({"type": "string"})),
        Header::ContentLanguage => {
            ("The language of the answer's texts for people.", json!({"type": "string", "enum": ["en", "ko"]}))
        }
        Header::RateLimit => (
            "The rate limit with the fewest writes left: `r` writes left, `t` seconds until the next one. Absent if no limits are set.",
            json!({"type": "string", "examples": ["\"user\";r=19;t=1"]}),
        ),
        Header::RateLimitPolicy => (
            "The rate limit's policy: `q` writes at once, refilled over `w` seconds. Absent if no limits are set.",
            json!({"type": "string", "examples": ["\"user\";q=20;w=4"]}),
        ),
        Header::WwwAuthenticate => ("How to authenticate.", json!({"type": "string", "const": "Bearer"})),
    };
    json!({"description": description, "schema": schema})
}

fn code_example(code: Code) -> Value {
    json!({"summary": code.title().of(Language::English), "value": {
        "type": code.uri(), "title": code.title().of(Language::English), "status": code.status().as_u16(), "detail": code.title().of(Language::English),
        "instance": "/api/orders", "code": code.as_str(), "traceId": "0af7651916cd43dd8448eb211c80319c",
        "retryable": code.is_retryable(),
    }})
}

/// Adds the example of its schema to every JSON body.
fn complete_examples(value: &mut Value, definitions: &Map<String, Value>) {
    match value {
        Value::Object(object) => {
            if let Some(media) = object.get_mut("application/json") {
                let example = example::of(&media["schema"], definitions);
                media["example"] = example;
            }
            object.values_mut().for_each(|value| complete_examples(value, definitions));
        }
        Value::Array(array) => array.iter_mut().for_each(|value| complete_examples(value, definitions)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
