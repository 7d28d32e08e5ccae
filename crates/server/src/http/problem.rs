//! Problem documents (RFC 9457): how every refusal and failure looks on the wire.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::language::Language;
use crate::api::texts::{Told, details, values};
use crate::openapi::words;

mod code;

pub use code::Code;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal or failure on its way to the client.
///
/// It knows neither path nor trace: the envelope around all routes adds them when it renders the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: Code,
    /// `None`: the violations are all there is to say.
    detail: Option<Told>,
    violations: Vec<Violation>,
    /// Known better than the code knows it.
    retry_after_s: Option<u64>,
    /// The same request comes to nothing for good, though others of its kind may succeed later.
    is_for_good: bool,
}

/// One value of the request that cannot be accepted. One of `pointer`, `parameter` and `header` says where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    pub pointer: Option<String>,
    pub parameter: Option<String>,
    pub header: Option<&'static str>,
    pub code: &'static str,
    pub detail: Told,
}

impl Violation {
    fn of_nothing(code: &'static str, detail: impl Into<Told>) -> Violation {
        Violation { pointer: None, parameter: None, header: None, code, detail: detail.into() }
    }

    fn in_body(pointer: impl Into<String>, code: &'static str, detail: impl Into<Told>) -> Violation {
        Violation { pointer: Some(pointer.into()), ..Violation::of_nothing(code, detail) }
    }

    /// The name of the place, whichever part of the request it is in.
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
    pub fn new(code: Code, detail: impl Into<Told>) -> Problem {
        Problem { code, detail: Some(detail.into()), violations: Vec::new(), retry_after_s: None, is_for_good: false }
    }

    /// A request of which one value of the body cannot be accepted.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<Told>) -> Problem {
        Problem::violated(vec![Violation::in_body(pointer, code, detail)])
    }

    /// A request of which one query parameter cannot be accepted.
    pub fn invalid_parameter(name: impl Into<String>, code: &'static str, detail: impl Into<Told>) -> Problem {
        Problem::violated(vec![Violation { parameter: Some(name.into()), ..Violation::of_nothing(code, detail) }])
    }

    /// A request with query parameters that the path does not know.
    pub fn unknown_parameters(names: Vec<String>) -> Problem {
        let violation = |name| Violation {
            parameter: Some(name),
            ..Violation::of_nothing("unknown_parameter", values::PARAMETER_UNKNOWN)
        };
        Problem::violated(names.into_iter().map(violation).collect())
    }

    /// A request of which one header cannot be accepted.
    pub fn invalid_header(name: &'static str, code: &'static str, detail: impl Into<Told>) -> Problem {
        Problem::violated(vec![Violation { header: Some(name), ..Violation::of_nothing(code, detail) }])
    }

    /// The same with the time after which it may be sent again.
    pub fn after(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Points at the value of the request that the whole problem is about.
    pub fn at(mut self, pointer: impl Into<String>) -> Problem {
        let detail = self.detail.clone().unwrap_or_else(|| self.code.title().into());
        self.violations.push(Violation::in_body(pointer, self.code.as_str(), detail));
        self
    }

    fn violated(violations: Vec<Violation>) -> Problem {
        Problem { code: Code::ValidationFailed, detail: None, violations, retry_after_s: None, is_for_good: false }
    }

    /// The same request cannot succeed later.
    pub fn for_good(mut self) -> Problem {
        self.is_for_good = true;
        self
    }

    fn is_retryable(&self) -> bool {
        self.code.is_retryable() && !self.is_for_good
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub fn detail(&self, language: Language) -> Cow<'static, str> {
        match (&self.detail, self.violations.as_slice()) {
            (Some(told), _) => told.of(language),
            (None, [one]) => one.sentence(language).into(),
            (None, more) => details::SEVERAL_VALUES.with(more.len()).of(language),
        }
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The document itself, now that path and trace are known.
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
        })
        .expect("a problem document is plain text and numbers")
    }

    /// Gives the response that this problem made its body; other responses stay as they are.
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

/// Why a request was refused, or failed (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(crate) struct Document<'a> {
    /// Identifies the kind of problem for good.
    #[schemars(extend("format" = "uri"), example = "https://doorbuster.dev/errors/order.not_found")]
    r#type: String,
    /// The kind of problem in words; the words may change.
    title: &'a str,
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What happened this time.
    detail: &'a str,
    /// The path that was asked.
    instance: &'a str,
    #[schemars(with = "words::CodeWord")]
    code: &'a str,
    /// The `Request-Id` of the answer; it stands in the log when we failed.
    trace_id: &'a str,
    /// Every value of the request that cannot be accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ViolationDocument<'a>>,
    /// Whether the same request can succeed when it is simply sent again.
    retryable: bool,
}

/// One value of the request that cannot be accepted. One of `pointer`, `parameter` and `header` says where it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Violation")]
struct ViolationDocument<'a> {
    /// In the body: a JSON pointer such as `#/items/0/quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    /// In the query string: the name of the parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// In the head of the request: the name of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    code: &'static str,
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

/// Collects everything that is wrong with a request, so that the client learns all of it at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    pub fn push(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<Told>) {
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
                "detail": "All coupons of this campaign are gone.",
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
    fn a_problem_speaks_the_language_of_its_reader_in_every_member() {
        let problem = Problem::invalid("#/price", "negative", values::FROM_TO.with(0).with(9));
        let korean = document(&problem, Language::Korean);
        assert_eq!(korean["title"], "요청이 올바르지 않습니다");
        assert_eq!(korean["detail"], "#/price: 0 이상 9 이하여야 합니다");
        assert_eq!(korean["errors"][0]["detail"], "0 이상 9 이하여야 합니다");
        assert_eq!(document(&problem, Language::English)["detail"], "#/price: must be from 0 to 9");
    }

    #[test]
    fn a_violation_says_in_which_part_of_the_request_it_stands() {
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
    fn what_can_be_retried_says_when() {
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
