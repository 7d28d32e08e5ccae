//! Problem documents (RFC 9457): the answer to every refused or failed request.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::language::Language;
use crate::api::texts::{Message, details, values};
use crate::openapi::words;

mod code;

pub use code::Code;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal or failure, before it is rendered as a document.
///
/// The envelope around all routes adds path and trace when it renders the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: Code,
    /// `None` if the violations say everything.
    detail: Option<Message>,
    violations: Vec<Violation>,
    /// Overrides the code's `Retry-After`, in seconds.
    retry_after_s: Option<u64>,
    /// Whether this request can never succeed, although the code is retryable.
    is_for_good: bool,
    /// Boxed, because few problems have one.
    limit: Option<Box<Limit>>,
}

/// A limit for each customer, and how much of it the customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    limit: i64,
    already: i64,
}

/// An invalid value of the request. One of `pointer`, `parameter` and `header` locates it.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    pub pointer: Option<String>,
    pub parameter: Option<String>,
    pub header: Option<&'static str>,
    pub code: &'static str,
    pub detail: Message,
}

impl Violation {
    fn of_nothing(code: &'static str, detail: impl Into<Message>) -> Violation {
        Violation { pointer: None, parameter: None, header: None, code, detail: detail.into() }
    }

    fn in_body(pointer: impl Into<String>, code: &'static str, detail: impl Into<Message>) -> Violation {
        Violation { pointer: Some(pointer.into()), ..Violation::of_nothing(code, detail) }
    }

    /// Returns the pointer or name that locates the value.
    pub fn place(&self) -> &str {
        self.pointer.as_deref().or(self.parameter.as_deref()).or(self.header).unwrap_or_default()
    }

    fn sentence(&self, language: Language) -> String {
        let detail = self.detail.of(language);
        match self {
            Violation { parameter: Some(name), .. } => values::OF_PARAMETER.with(name).with(detail).of(language).into(),
            Violation { header: Some(name), .. } => values::OF_HEADER.with(name).with(detail).of(language).into(),
            _ => format!("{}: {detail}", self.place()),
        }
    }

    fn document(&self, language: Language) -> ViolationDocument<'_> {
        ViolationDocument {
            pointer: self.pointer.as_deref(),
            parameter: self.parameter.as_deref(),
            header: self.header,
            code: self.code,
            detail: self.detail.of(language),
        }
    }
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<Message>) -> Problem {
        Problem {
            code,
            detail: Some(detail.into()),
            violations: Vec::new(),
            retry_after_s: None,
            is_for_good: false,
            limit: None,
        }
    }

    /// A problem with one value of the body.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<Message>) -> Problem {
        Problem::violated(vec![Violation::in_body(pointer, code, detail)])
    }

    /// Names another value of the body.
    pub fn and_invalid(
        mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<Message>,
    ) -> Problem {
        self.violations.push(Violation::in_body(pointer, code, detail));
        self
    }

    /// A problem with one query parameter.
    pub fn invalid_parameter(name: impl Into<String>, code: &'static str, detail: impl Into<Message>) -> Problem {
        Problem::violated(vec![Violation { parameter: Some(name.into()), ..Violation::of_nothing(code, detail) }])
    }

    /// A problem with query parameters that the path does not know.
    pub fn unknown_parameters(names: Vec<String>) -> Problem {
        let violation = |name| Violation {
            parameter: Some(name),
            ..Violation::of_nothing("unknown_parameter", values::PARAMETER_UNKNOWN)
        };
        Problem::violated(names.into_iter().map(violation).collect())
    }

    /// A problem with one header.
    pub fn invalid_header(name: &'static str, code: &'static str, detail: impl Into<Message>) -> Problem {
        Problem::violated(vec![Violation { header: Some(name), ..Violation::of_nothing(code, detail) }])
    }

    /// Sets `Retry-After`, in seconds.
    pub fn after(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Names the limit that was exceeded, and how much of it the customer has.
    pub fn limited(mut self, limit: i64, already: i64) -> Problem {
        self.limit = Some(Box::new(Limit { limit, already }));
        self
    }

    /// Names the value of the body that caused the problem.
    pub fn at(mut self, pointer: impl Into<String>) -> Problem {
        let detail = self.detail.clone().unwrap_or_else(|| self.code.title().into());
        self.violations.push(Violation::in_body(pointer, self.code.as_str(), detail));
        self
    }

    fn violated(violations: Vec<Violation>) -> Problem {
        Problem {
            code: Code::ValidationFailed,
            detail: None,
            violations,
            retry_after_s: None,
            is_for_good: false,
            limit: None,
        }
    }

    /// Marks the problem as not retryable.
    pub fn for_good(mut self) -> Problem {
        self.is_for_good = true;
        self
    }

    fn is_retryable(&self) -> bool {
        self.code.is_retryable() && !self.is_for_good
    }

    /// Says it with another detail, if it has this code.
    pub(crate) fn reworded(self, code: Code, detail: impl Into<Message>) -> Problem {
        if self.code == code { Problem::new(code, detail) } else { self }
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub fn detail(&self, language: Language) -> Cow<'static, str> {
        match (&self.detail, self.violations.as_slice()) {
            (Some(message), _) => message.of(language),
            (None, [one]) => one.sentence(language).into(),
            (None, more) => details::SEVERAL_VALUES.with(more.len()).of(language),
        }
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Renders the document.
    pub(crate) fn to_json(&self, instance: &str, trace_id: &str, language: Language) -> Vec<u8> {
        serde_json::to_vec(&Document {
            r#type: self.code.uri(),
            title: self.code.title().of(language),
            status: self.code.status().as_u16(),
            detail: &self.detail(language),
            instance,
            code: self.code.as_str(),
            trace_id,
            errors: self.violations.iter().map(|violation| violation.document(language)).collect(),
            retryable: self.is_retryable(),
            limit: self.limit.as_ref().map(|limit| limit.limit),
            already: self.limit.as_ref().map(|limit| limit.already),
        })
        .expect("a problem document is plain text and numbers")
    }

    /// Renders the problem that a response carries into its body. Other responses are not changed.
    pub(crate) fn render(response: &mut Response<Body>, instance: &str, trace_id: &str, language: Language) {
        let Some(problem) = response.extensions_mut().remove::<Problem>() else {
            return;
        };
        let document = problem.to_json(instance, trace_id, language);
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        headers.extend(language.headers());
        *response.body_mut() = Body::from(document);
    }
}

/// A problem document (RFC 9457): why a request was refused or failed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(crate) struct Document<'a> {
    /// The permanent URI of this kind of problem.
    #[schemars(extend("format" = "uri"), example = "https://doorbuster.dev/errors/order.not_found")]
    r#type: String,
    /// The kind of problem, in the language of `Accept-Language`. The text may change.
    title: &'a str,
    /// The HTTP status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What went wrong with this request, in the language of `Accept-Language`.
    detail: &'a str,
    /// The path of the request.
    instance: &'a str,
    #[schemars(with = "words::CodeWord")]
    code: &'a str,
    /// The `Request-Id` of the answer. A failure of the shop is logged with it.
    trace_id: &'a str,
    /// Every invalid value of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ViolationDocument<'a>>,
    /// Whether the same request can succeed if it is sent again unchanged.
    retryable: bool,
    /// Of `customer.limit_exceeded` and `payment_method.limit_exceeded`: the most units that one customer or card gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i64>,
    /// Of `customer.limit_exceeded`: the units that count for the customer already. 0 for a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    already: Option<i64>,
}

/// An invalid value of the request. One of `pointer`, `parameter` and `header` locates it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Violation")]
struct ViolationDocument<'a> {
    /// A JSON pointer into the body, such as `#/items/0/quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    /// The name of a query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// The name of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    /// A stable code of what is wrong, such as `required` or `out_of_range`.
    code: &'static str,
    /// What is wrong, in the language of `Accept-Language`.
    detail: Cow<'static, str>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after_s.or(self.code.retry_after_s().map(u64::from)) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::MediaTypeUnsupported {
            response.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Collects all invalid values of a request, so that one answer names them all.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    pub fn push(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<Message>) {
        self.0.push(Violation::in_body(pointer, code, detail));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Problem::violated(self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(problem: &Problem, language: Language) -> Value {
        serde_json::from_slice(&problem.to_json("/api/orders", "0af7", language)).unwrap()
    }

    #[test]
    fn a_problem_is_a_complete_document() {
        let problem = Problem::new(Code::CouponSoldOut, details::COUPON_SOLD_OUT);
        assert_eq!(
            document(&problem, Language::English),
            json!({
                "type": "https://doorbuster.dev/errors/coupon.sold_out",
                "title": "All coupons are issued",
                "status": 410,
                "detail": "All coupons of this campaign have been issued.",
                "instance": "/api/orders",
                "code": "coupon.sold_out",
                "traceId": "0af7",
                "retryable": false,
            })
        );
    }

    #[test]
    fn all_violations_are_reported_at_once() {
        let mut violations = Violations::default();
        violations.push("#/name", "empty", values::REQUIRED);
        violations.push("#/price", "negative", values::FROM_TO.with(0).with(9));
        let problem = violations.into_result().unwrap_err();
        let pointers: Vec<_> = problem.violations().iter().map(Violation::place).collect();
        assert_eq!(pointers, ["#/name", "#/price"]);
        assert_eq!(document(&problem, Language::English)["errors"][1]["code"], "negative");
        assert!(Violations::default().into_result().is_ok());
    }

    #[test]
    fn every_member_of_a_problem_is_in_the_readers_language() {
        let problem = Problem::invalid("#/price", "negative", values::FROM_TO.with(0).with(9));
        let korean = document(&problem, Language::Korean);
        assert_eq!(korean["title"], "요청이 올바르지 않습니다");
        assert_eq!(korean["detail"], "#/price: 0 이상 9 이하여야 합니다");
        assert_eq!(korean["errors"][0]["detail"], "0 이상 9 이하여야 합니다");
        assert_eq!(document(&problem, Language::English)["detail"], "#/price: must be from 0 to 9");
    }

    #[test]
    fn a_violation_names_the_part_of_the_request_that_it_is_in() {
        let shown = |problem: &Problem| document(problem, Language::English)["errors"][0].clone();
        let common =
            |place: &str, name: &str| json!({place: name, "code": "required", "detail": "this field is required"});
        let problem = Problem::invalid("#/name", "required", values::REQUIRED);
        assert_eq!(shown(&problem), common("pointer", "#/name"));
        let problem = Problem::invalid_parameter("window", "required", values::REQUIRED);
        assert_eq!(shown(&problem), common("parameter", "window"));
        assert_eq!(problem.detail(Language::English), "parameter window: this field is required");
        assert_eq!(problem.detail(Language::Korean), "매개변수 window: 필수 항목입니다");
        let problem = Problem::invalid_header("Host", "required", values::REQUIRED);
        assert_eq!(shown(&problem), common("header", "Host"));
    }

    #[test]
    fn a_retryable_problem_says_when_to_retry() {
        for code in [Code::Overloaded, Code::Unavailable, Code::IdempotencyInProgress] {
            let response = Problem::new(code, details::OVERLOADED).into_response();
            assert!(response.headers().contains_key(RETRY_AFTER), "{code:?}");
            assert!(code.is_retryable());
        }
        let response = Problem::new(Code::StockExhausted, details::STOCK_EXHAUSTED.with(0)).into_response();
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn a_missing_token_names_the_scheme() {
        let response = Problem::new(Code::AuthRequired, details::TOKEN_MISSING).into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
