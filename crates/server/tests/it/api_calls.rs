//! The files of all calls: for IntelliJ and httpYac, and for editors that write variables differently.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contract::{assert_foreseen, document, template_of};
use crate::shop::TestShop;

const CALLS: &str = include_str!("../../../../docs/api.http");
const REST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.rest");
const REST_HEAD: &str = "# The calls of api.http for VS Code's REST Client and Visual Studio, which write variables another way. Made from it:\n\
                         # INSTA_UPDATE=always cargo test -p server --test it api_calls";

const SOCKET: &str = "WEBSOCKET ws://{{host}}";
const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// One call of the file, with its variables not yet replaced.
struct Call {
    name: Option<&'static str>,
    expected: u16,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    /// The variable that later calls use, and the field of the answer that it holds.
    keeps: Vec<(&'static str, &'static str)>,
}

fn calls() -> Vec<Call> {
    CALLS.split("\n### ").skip(1).map(call).collect()
}

fn call(text: &'static str) -> Call {
    let (head, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let (mut name, mut expected, mut request, mut headers) = (None, None, None, vec![]);
    for line in head.lines().skip(1) {
        if let Some(given) = line.strip_prefix("# @name ") {
            name = Some(given);
        } else if let Some(given) = line.strip_prefix("# expect ") {
            expected = given.parse().ok();
        } else if let Some(path) = line.strip_prefix(SOCKET) {
            request = Some(("GET", path));
            headers.extend(UPGRADE);
        } else if request.is_none() && !line.starts_with('#') {
            request = line.split_once(" {{shop}}");
        } else if !line.starts_with('#') {
            headers.push(line.split_once(": ").unwrap());
        }
    }
    let (method, path) = request.unwrap_or_else(|| panic!("a request line: {text}"));
    let expected = expected.unwrap_or_else(|| panic!("an expected status: {text}"));
    let keeps =
        rest.lines().filter(|line| line.starts_with("> ")).map(|line| kept(line).unwrap_or_else(|| panic!("{line}")));
    let body = rest.split("===").next().unwrap_or_default();
    let body: Vec<&str> = body.lines().filter(|line| !line.starts_with("> ")).collect();
    Call { name, expected, method, path, headers, keeps: keeps.collect(), body: body.join("\n").trim().to_owned() }
}

/// Returns the variable that a handler sets, and the field of the answer that it reads.
fn kept(handler: &'static str) -> Option<(&'static str, &'static str)> {
    let given = handler.strip_prefix("> {% client.global.set(\"")?.strip_suffix("); %}")?;
    given.split_once("\", response.body.")
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

/// Replaces variables by values of earlier answers.
fn filled(text: &str, known: &BTreeMap<&str, Value>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (variable, after) = after.split_once("}}").unwrap();
        let value = known.get(variable).unwrap_or_else(|| panic!("{{{{{variable}}}}} is set by no call before"));
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
        let (path, body) = (filled(call.path, &known), filled(&call.body, &known));
        let headers: Vec<(&str, String)> =
            call.headers.iter().map(|(name, value)| (*name, filled(value, &known))).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = shop.client().send(call.method, &path, &headers, &body).unwrap();
        assert_eq!(answer.status, call.expected, "{} {path}: {}", call.method, answer.text);
        assert_foreseen(call.method, &path, &answer);
        for (variable, field) in call.keeps {
            known.insert(variable, answer.json()[field].clone());
        }
    }
}

/// Returns the calls in the form of VS Code's REST Client, whose variables name the call that they come from.
fn rest() -> String {
    let (head, _) = CALLS.split_once("\n### ").unwrap();
    let settings = head.lines().filter(|line| line.starts_with('@') && !line.starts_with("@host"));
    let mut text = format!("{REST_HEAD}\n\n{}\n", settings.collect::<Vec<_>>().join("\n"));
    let mut variables: Vec<(String, String)> = vec![];
    for (source, call) in CALLS.split("\n### ").skip(1).zip(calls()) {
        let mut lines: Vec<String> = vec![];
        for line in source.lines().take_while(|line| *line != "===").filter(|line| !line.starts_with("> ")) {
            match line.strip_prefix(SOCKET) {
                Some(path) => {
                    lines.push(format!("GET {{{{shop}}}}{path}"));
                    lines.extend(UPGRADE.map(|(name, value)| format!("{name}: {value}")));
                }
                None => lines.push(line.to_owned()),
            }
        }
        let mut call_text = lines.join("\n").trim_end().to_owned();
        for (variable, source) in &variables {
            call_text = call_text.replace(variable, source);
        }
        text.push_str(&format!("\n### {call_text}\n"));
        for (variable, field) in call.keeps {
            let name = call.name.unwrap_or_else(|| panic!("what sets {variable} has a name"));
            variables.push((format!("{{{{{variable}}}}}"), format!("{{{{{name}.response.body.$.{field}}}}}")));
        }
    }
    text
}

#[test]
fn other_editors_have_the_same_calls() {
    let rest = rest();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(REST, &rest).unwrap();
    }
    let written = std::fs::read_to_string(REST).unwrap_or_default();
    assert!(written == rest, "docs/api.rest is not made from docs/api.http: {REST_HEAD}");
    assert_eq!(rest.matches("\n### ").count(), calls().len());
    assert!(!rest.contains("> {%") && !rest.contains("{{host}}"), "{rest}");
}
