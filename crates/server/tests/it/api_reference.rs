//! The page that shows the document, and the file of all calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::client::Answer;
use crate::contract::{assert_foreseen, document, template_of};
use crate::shop::TestShop;

const CALLS: &str = include_str!("../../../../docs/api.http");
const ASSETS: [(&str, &str); 3] = [
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/reference.js", "text/javascript; charset=utf-8"),
    ("/docs/reference.css", "text/css; charset=utf-8"),
];

#[test]
fn the_page_is_served_under_a_strict_policy() {
    let shop = TestShop::start();
    for (path, content_type) in ASSETS {
        let answer = shop.ask_openly("GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert!(answer.text.len() > 500, "{path} is there in full");
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_parses_nothing_it_is_told() {
    let shop = TestShop::start();
    for (path, _) in ASSETS {
        let text = shop.ask_openly("GET", path, &Value::Null).text;
        for outside in ["http://", "https://", "\"//", "'//", "url(", "@import"] {
            assert!(!text.contains(outside), "{path} has {outside}");
        }
        for parser in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "srcdoc"]
        {
            assert!(!text.contains(parser), "{path} has {parser}");
        }
        for inlined in ["<style", " style=", " onclick=", " onload="] {
            assert!(!text.contains(inlined), "{path} has {inlined}, which the policy forbids");
        }
    }
}

/// A part that is not there must not be shown as the word for it.
#[test]
fn the_page_appends_nothing_that_may_be_undefined() {
    let script = include_str!("../../assets/reference.js");
    let unchecked: Vec<&str> = script
        .lines()
        .filter(|line| line.contains(".append(") && (line.contains("code(") || line.contains("fields(")))
        .collect();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}

#[test]
fn the_page_says_where_a_token_comes_from() {
    let script = include_str!("../../assets/reference.js");
    let (_, section) = script.split_once("  token() {").unwrap();
    let section = section.split_once("\n  }\n").unwrap().0;
    for way in ["/api/users", "/api/auth/login", "DOORBUSTER__ADMIN__PASSWORD", "doorbuster token --role admin"] {
        assert!(section.contains(way), "{way}");
    }
}

#[test]
fn the_front_door_leads_to_the_reference() {
    let shop = TestShop::start();
    let answer = shop.ask_openly("GET", "/", &Value::Null);
    assert_eq!((answer.status, answer.header("location")), (302, Some("/docs")));
    assert!(answer.text.contains("/openapi.json"), "{}", answer.text);
}

/// One call of the file, with its variables as they are written.
struct Call {
    name: Option<&'static str>,
    expected: u16,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
}

fn calls() -> Vec<Call> {
    CALLS.split("\n### ").skip(1).map(call).collect()
}

fn call(text: &'static str) -> Call {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (mut name, mut expected, mut request, mut headers) = (None, None, None, vec![]);
    for line in head.lines().skip(1) {
        if let Some(given) = line.strip_prefix("# @name ") {
            name = Some(given);
        } else if let Some(given) = line.strip_prefix("# expect ") {
            expected = given.parse().ok();
        } else if request.is_none() {
            request = line.split_once(" {{shop}}");
        } else {
            headers.push(line.split_once(": ").unwrap());
        }
    }
    let (method, path) = request.unwrap_or_else(|| panic!("a request line: {text}"));
    let expected = expected.unwrap_or_else(|| panic!("an expected status: {text}"));
    Call { name, expected, method, path, headers, body }
}

#[test]
fn every_operation_is_called_in_the_file() {
    let called: BTreeSet<(String, &str)> = calls()
        .iter()
        .map(|call| {
            (call.method.to_ascii_lowercase(), template_of(call.path).unwrap_or_else(|| panic!("{}", call.path)))
        })
        .collect();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            assert!(called.contains(&(method.clone(), path.as_str())), "docs/api.http lacks {method} {path}");
        }
    }
}

/// Puts in what earlier calls were answered.
fn filled(text: &str, known: &BTreeMap<&str, Value>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (variable, after) = after.split_once("}}").unwrap();
        let value = match variable.split_once(".response.body.$.") {
            Some((call, field)) => known[call][field].clone(),
            None => known[variable].clone(),
        };
        filled.push_str(before);
        filled.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        rest = after;
    }
    filled + rest
}

#[test]
fn the_file_works_from_an_empty_shop() {
    const PASSWORD: &str = "open sesame, please";
    let shop = TestShop::start_with(&[("DOORBUSTER__ADMIN__PASSWORD", PASSWORD)]);
    let mut known = BTreeMap::from([("password", Value::from(PASSWORD)), ("json", Value::from("application/json"))]);
    for call in calls() {
        let (path, body) = (filled(call.path, &known), filled(call.body.trim(), &known));
        let headers: Vec<(&str, String)> =
            call.headers.iter().map(|(name, value)| (*name, filled(value, &known))).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer: Answer = shop.client().send(call.method, &path, &headers, &body).unwrap();
        assert_eq!(answer.status, call.expected, "{} {path}: {}", call.method, answer.text);
        assert_foreseen(call.method, &path, &answer);
        if let Some(name) = call.name {
            known.insert(name, answer.json());
        }
    }
}
