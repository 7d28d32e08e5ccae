//! The OpenAPI document as a contract: every answer that a test gets must match the document.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::client::Answer;

const HOME: &str = "http://shop.test/openapi.json";

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::new);

pub(crate) fn document() -> &'static Value {
    &CONTRACT.document
}

pub(crate) struct Contract {
    document: Value,
    schemas: Schemas,
    /// By JSON pointer. Compiling a schema checks it against its meta-schema.
    compiled: BTreeMap<String, SchemaIndex>,
}

impl Contract {
    fn new() -> Contract {
        let document = server::api::document();
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource(HOME, document.clone()).unwrap();
        let (mut schemas, mut compiled) = (Schemas::new(), BTreeMap::new());
        let mut pointers = vec![];
        find_schemas(&document, "", &mut pointers);
        for pointer in pointers {
            let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
            let index = compiler.compile(&format!("{HOME}#{fragment}"), &mut schemas);
            compiled.insert(pointer.clone(), index.unwrap_or_else(|error| panic!("{pointer}: {error}")));
        }
        Contract { document, schemas, compiled }
    }
}

/// Finds schemas: under `schema` and `x-schema`, and each one under `components/schemas`.
fn find_schemas(value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(object) = value.as_object() else { return };
    for (key, inner) in object {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match (at, key.as_str()) {
            (_, "schema" | "x-schema") => found.push(pointer),
            ("/components", "schemas") => {
                found.extend(inner.as_object().unwrap().keys().map(|name| format!("{pointer}/{name}")));
            }
            (_, "example" | "examples") => {}
            _ => match inner {
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(n, item)| find_schemas(item, &format!("{pointer}/{n}"), found));
                }
                Value::Object(_) => find_schemas(inner, &pointer, found),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            },
        }
    }
}

#[test]
fn an_undocumented_answer_is_detected() {
    let product = "/components/schemas/Product";
    let good = &document()["components"]["schemas"]["Product"]["examples"][0];
    assert_eq!(complaint(product, good), None);
    for (field, bad) in [("productId", Value::from("1")), ("status", Value::from("LOST")), ("name", Value::Null)] {
        let mut changed = good.clone();
        changed[field] = bad;
        assert!(complaint(product, &changed).is_some(), "{changed}");
    }
    let answer = |status, text: &str| Answer {
        status,
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("request-id".to_owned(), "0".to_owned()),
        ],
        text: text.to_owned(),
    };
    assert_foreseen("GET", "/api/points", &answer(200, r#"{"balance": 1}"#));
    for unforeseen in [answer(200, r#"{"balance": "1"}"#), answer(201, r#"{"balance": 1}"#), answer(400, "{}")] {
        let check = || assert_foreseen("GET", "/api/points", &unforeseen);
        assert!(std::panic::catch_unwind(check).is_err(), "{unforeseen:?}");
    }
}

/// Returns the first violation of the schema at this pointer, if any.
pub(crate) fn complaint(pointer: &str, value: &Value) -> Option<String> {
    let index = *CONTRACT.compiled.get(pointer).unwrap_or_else(|| panic!("{pointer} is no schema"));
    CONTRACT.schemas.validate(value, index).err().map(|error| format!("{error:#}"))
}

/// Returns the path template that a path matches; literal segments win over parameters.
pub(crate) fn template_of(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap();
    let fits = |template: &str| {
        let (ours, theirs): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(one, other)| one == other || one.starts_with('{'))
    };
    let paths = CONTRACT.document["paths"].as_object().unwrap();
    let fitting = paths.keys().map(String::as_str).filter(|template| fits(template));
    fitting.min_by_key(|template| template.matches('{').count())
}

/// Panics if the document does not describe this answer to this call.
#[track_caller]
pub(crate) fn assert_foreseen(method: &str, path: &str, answer: &Answer) {
    let Some(template) = template_of(path) else { return };
    let method = method.to_ascii_lowercase();
    let operation = &CONTRACT.document["paths"][template][&method];
    // Paths that the listener does not serve, and other unknown paths, belong to no operation.
    if operation.is_null() || answer.json()["code"] == "route.not_found" {
        return;
    }
    let status = answer.status.to_string();
    let response = &operation["responses"][&status];
    let name = format!("{method} {path} → {status}");
    assert!(!response.is_null(), "the document does not foresee {name}: {}", answer.text);
    assert!(answer.header("request-id").is_some(), "{name} has a Request-Id");
    for header in CONTRACT.document["components"]["headers"].as_object().unwrap().keys() {
        let is_foreseen = !response["headers"][header].is_null();
        let has_it = answer.header(&header.to_ascii_lowercase()).is_some();
        assert!(!has_it || is_foreseen, "{name} has {header}, which the document does not foresee");
    }
    let Some(content) = response["content"].as_object() else { return };
    let content_type = answer.header("content-type").unwrap_or_default();
    assert!(content.contains_key(content_type), "{name} is {content_type}, the document says {:?}", content.keys());
    if content_type.ends_with("/json") || content_type.ends_with("+json") {
        let [template, kind] = [template, content_type].map(|part| part.replace('~', "~0").replace('/', "~1"));
        for schema in ["schema", "x-schema"] {
            let pointer = format!("/paths/{template}/{method}/responses/{status}/content/{kind}/{schema}");
            if CONTRACT.document.pointer(&pointer).is_none() {
                continue;
            }
            if let Some(complaint) = complaint(&pointer, &answer.json()) {
                panic!("{name} is not what the document says: {complaint}\n{}", answer.text);
            }
        }
    }
    if let Some(codes) = response["x-codes"].as_array().filter(|_| content_type == "application/problem+json") {
        let problem = answer.json();
        assert!(codes.contains(&problem["code"]), "{name} has a code that the document does not foresee: {problem}");
        assert_eq!(problem["status"], answer.status, "{name}: {problem}");
    }
}
