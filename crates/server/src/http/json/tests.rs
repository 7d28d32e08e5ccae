use serde::Deserialize;

use crate::http::json::*;
use crate::http::language::Language;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only read by the parser")]
struct Order {
    items: Vec<Item>,
    note: Option<String>,
    payment: Option<Payment>,
    points_to_use: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only read by the parser")]
struct Item {
    product_id: i64,
    quantity: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Payment {
    Prepaid,
    OnDelivery,
}

fn refused(body: &str) -> (String, &'static str, String) {
    let problem = parse::<Order>(body.as_bytes()).unwrap_err();
    assert_eq!(problem.code(), Code::ValidationFailed);
    let violation = &problem.violations()[0];
    (violation.place().to_owned(), violation.code, violation.detail.of(Language::English).into_owned())
}

#[track_caller]
fn check(body: &str, pointer: &str, code: &str) {
    let found = refused(body);
    assert_eq!((found.0.as_str(), found.1), (pointer, code), "{body}: {}", found.2);
}

#[test]
fn a_valid_order_is_read() {
    let order: Order =
        parse(br#" {"items":[{"productId":1,"quantity":2}],"note":null,"payment":"ON_DELIVERY"} "#).unwrap();
    assert_eq!(order.items.len(), 1);
    assert!(matches!(order.payment, Some(Payment::OnDelivery)));
    assert!(!matches!(order.payment, Some(Payment::Prepaid)));
}

#[test]
fn wrong_types_name_the_field() {
    check(r#"{"items":[{"productId":1,"quantity":"two"}]}"#, "#/items/0/quantity", "wrong_type");
    check(r#"{"items":[{"productId":1.5,"quantity":2}]}"#, "#/items/0/productId", "wrong_type");
    check(r#"{"items":{"productId":1}}"#, "#/items", "wrong_type");
    check(r#"{"items":[],"note":7}"#, "#/note", "wrong_type");
    check(r#"{"items":null}"#, "#/items", "wrong_type");
    check(r#"{"items":[],"payment":7}"#, "#/payment", "wrong_type");
    check(r#"{"items":[],"payment":{"PREPAID":null}}"#, "#/payment", "wrong_type");
    check("null", "#", "wrong_type");
    check("7", "#", "wrong_type");
    let (_, _, detail) = refused(r#"{"items":[{"productId":"x","quantity":2}]}"#);
    assert_eq!(detail, "string \"x\" was given, an integer of at most 64 bits is expected");
    let (_, _, detail) = refused(r#"{"items":[7]}"#);
    assert_eq!(detail, "integer '7' was given, an object is expected");
}

#[test]
fn an_array_is_not_an_object() {
    check(r#"[[], null, null, null]"#, "#", "wrong_type");
    check(r#"{"items":[[1, 2]]}"#, "#/items/0", "wrong_type");
}

#[test]
fn unknown_fields_are_named_themselves() {
    check(r#"{"items":[],"price":1}"#, "#/price", "unknown_field");
    check(r#"{"items":[{"productId":1,"quantity":2,"unitPrice":1}]}"#, "#/items/0/unitPrice", "unknown_field");
    check(r#"{"a/b~c d":1}"#, "#/a~1b~0c%20d", "unknown_field");
    let (_, _, detail) = refused(r#"{"price":1}"#);
    let fields = "items, note, payment, pointsToUse";
    assert_eq!(detail, format!("this field is not known; expected one of {fields}"));
}

#[test]
fn missing_and_repeated_fields_are_named() {
    check("{}", "#/items", "required");
    check(r#"{"items":[{"productId":1}]}"#, "#/items/0/quantity", "required");
    check(r#"{"items":[],"items":[]}"#, "#/items", "duplicate_field");
}

/// Returns places and codes of all wrong values.
fn all(body: &str) -> Vec<String> {
    let problem = parse::<Order>(body.as_bytes()).unwrap_err();
    problem.violations().iter().map(|found| format!("{} {}", found.place(), found.code)).collect()
}

#[test]
fn every_wrong_value_is_named() {
    assert_eq!(all(r#"{"items":[{}]}"#), ["#/items/0/productId required", "#/items/0/quantity required"]);
    assert_eq!(
        all(r#"{"price":1,"note":7,"payment":"BARTER","items":[{"productId":"x"},7,{"productId":1,"quantity":-1}]}"#),
        [
            "#/price unknown_field",
            "#/items/0/productId wrong_type",
            "#/items/0/quantity required",
            "#/items/1 wrong_type",
            "#/items/2/quantity out_of_range",
            "#/note wrong_type",
            "#/payment not_accepted",
        ]
    );
    assert_eq!(all(r#"{"pointsToUse":true,"payment":{}}"#).len(), 3, "and the items are missing");
    assert_eq!(all(r#"{"items":[],"items":[],"note":7}"#), ["#/items duplicate_field", "#/note wrong_type"]);
    assert_eq!(all("7"), ["# wrong_type"]);
    assert_eq!(all(r#"{"price":1"#), ["#/price unknown_field"], "the rest is no JSON");
    let many = format!(r#"{{"items":[{}]}}"#, vec!["7"; 1_000].join(","));
    assert_eq!(all(&many).len(), 10, "a few are enough");
}

#[test]
fn numbers_out_of_range_name_the_field() {
    check(r#"{"items":[{"productId":1,"quantity":-1}]}"#, "#/items/0/quantity", "out_of_range");
    check(r#"{"items":[{"productId":1,"quantity":5000000000}]}"#, "#/items/0/quantity", "out_of_range");
    check(r#"{"items":[],"pointsToUse":1e999}"#, "#/pointsToUse", "out_of_range");
    let digits = "9".repeat(300);
    check(&format!(r#"{{"items":[],"pointsToUse":{digits}}}"#), "#/pointsToUse", "wrong_type");
}

#[test]
fn unknown_words_list_the_known_ones() {
    let (pointer, code, detail) = refused(r#"{"items":[],"payment":"BARTER"}"#);
    assert_eq!((pointer.as_str(), code), ("#/payment", "not_accepted"));
    assert!(detail.contains("PREPAID") && detail.contains("ON_DELIVERY"), "{detail}");
}

#[test]
fn a_body_that_is_not_json_is_refused_as_a_whole() {
    for body in ["", " ", "{", "{]", "{'items':[]}", "{\"items\":[]} x", "\u{feff}{}", "nul"] {
        check(body, "#", "syntax");
    }
    assert!(parse::<Order>(b"{\"note\":\"\xff\"}").is_err());
}

#[test]
fn strange_text_is_refused_or_read_but_never_breaks() {
    assert!(parse::<Order>(br#"{"items":[],"note":"a\u0000b"}"#).is_ok());
    check(r#"{"items":[],"note":"\ud800"}"#, "#", "syntax");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(60_000);
    check(&deep, "#", "wrong_type");
    assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    let unknown = format!(r#"{{"items":{deep}"#);
    assert!(parse::<Order>(unknown.as_bytes()).is_err());
}

#[test]
fn a_long_name_is_cut() {
    let name = "x".repeat(10_000);
    let (pointer, _, detail) = refused(&format!(r#"{{"{name}":1}}"#));
    assert!(pointer.len() < 250 && detail.len() < 250);
}

#[test]
fn only_json_is_accepted() {
    let with = |content_type: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        require_json(&headers).is_ok()
    };
    assert!(with("application/json; charset=utf-8") && with("Application/JSON"));
    assert!(with("application/merge-patch+json"));
    assert!(!with("text/plain") && !with("application/x-www-form-urlencoded") && !with("json"));
    assert!(require_json(&HeaderMap::new()).is_ok());
}
