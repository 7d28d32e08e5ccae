//! The web page that shows the OpenAPI document.

use serde_json::Value;

use crate::client::Client;
use crate::shop::TestShop;

const ASSETS: [(&str, &str); 5] = [
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/reference.js", "text/javascript; charset=utf-8"),
    ("/docs/samples.js", "text/javascript; charset=utf-8"),
    ("/docs/calling.js", "text/javascript; charset=utf-8"),
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
fn the_page_loads_nothing_from_other_hosts_and_inserts_no_html() {
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

/// A missing part must not be shown as the word `undefined`.
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
fn the_manual_is_shown_under_a_strict_policy_and_is_searched() {
    let shop = TestShop::start();
    let read = |path: &str| shop.ask_openly("GET", path, &Value::Null);
    for path in [
        "/docs/index",
        "/docs/people",
        "/docs/tutorials/first-drop",
        "/docs/decisions/0006-the-document-is-read-off-the-handlers",
    ] {
        let page = read(path);
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        for inlined in ["<style", " style=", " onclick=", "<script>"] {
            assert!(!page.text.contains(inlined), "{path} has {inlined}, which the policy forbids");
        }
    }
    assert_eq!(read("/docs/none").status, 404);
    assert_eq!(read("/docs/../Cargo").status, 404);
    let index: Value = serde_json::from_str(&read("/docs/search.json").text).unwrap();
    let people = index.as_array().unwrap().iter().find(|section| section["path"] == "/docs/people#the-trail").unwrap();
    assert!(people["text"].as_str().unwrap().contains("who, when"), "{people}");
}

#[test]
fn the_root_redirects_to_the_reference_where_there_is_no_storefront() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let _shop = TestShop::start_with(&[("DOORBUSTER__ADMIN__LISTEN", &free)]);
    let answer = Client::connect(&free).unwrap().send("GET", "/", &[], "").unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("/docs")));
    assert!(answer.text.contains("/openapi.json"), "{}", answer.text);
}
