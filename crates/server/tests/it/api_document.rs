//! The OpenAPI document: complete, valid, and equal to the handlers' behaviour.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http::Code;

use crate::contract::{complaint, document, template_of};
use crate::shop::{ANN, TestShop};

fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap();
        methods.iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn each(value: &'static Value, visit: &mut impl FnMut(&'static str, &'static Value)) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, inner)| {
            visit(key, inner);
            each(inner, visit);
        }),
        Value::Array(items) => items.iter().for_each(|inner| each(inner, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

#[test]
fn the_document_stays_as_it_is() {
    insta::assert_json_snapshot!("openapi", document());
}

#[test]
fn the_document_is_served_as_it_is() {
    let shop = TestShop::start();
    let answer = shop.ask_openly("GET", "/openapi.json", &Value::Null);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(&answer.expect(200), document());
    assert_eq!(&shop.get(ANN, "/openapi.json").expect(200), document());
}

#[test]
fn every_operation_is_described_in_full() {
    let mut ids = BTreeSet::new();
    let tags: Vec<&Value> = document()["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (path, method, operation) in operations() {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its operationId is its own");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        assert!(!operation["description"].as_str().unwrap().is_empty(), "{name} says what it does");
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.as_str() < "300"), "{name} can succeed");
        for (status, response) in responses {
            let description = response["description"].as_str().unwrap();
            assert!(!description.is_empty(), "{name} {status} says what it means");
        }
        let in_path: BTreeSet<&str> = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let told = parameters.filter(|parameter| parameter["in"] == "path").map(|one| one["name"].as_str().unwrap());
        assert_eq!(told.collect::<BTreeSet<_>>(), in_path, "{name}");
    }
}

#[test]
fn every_code_occurs() {
    // Codes that no endpoint itself answers are named in the introduction.
    let elsewhere = [
        (Code::MethodNotAllowed, "what has no method has no operation"),
        (Code::HeadersTooLarge, "the head is refused before it is known whom it is for"),
        (Code::RequestMalformed, "the head is refused before it is known whom it is for"),
        (Code::PointsInsufficient, "the reason of a cancelled order"),
    ];
    let mut answered = BTreeSet::new();
    for (_, _, operation) in operations() {
        each(operation, &mut |key, value| {
            if key == "x-codes" {
                answered.extend(value.as_array().unwrap().iter().map(|code| code.as_str().unwrap()));
            }
        });
    }
    let told: Vec<&str> =
        document()["x-codes"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    let about = document()["components"]["schemas"]["Code"]["enum"].to_string();
    for code in Code::ALL {
        assert!(told.contains(&code.as_str()) && about.contains(code.as_str()), "{code:?} is in the table");
        let is_elsewhere = elsewhere.iter().any(|(other, _)| *other == code);
        assert_eq!(answered.contains(code.as_str()), !is_elsewhere, "{code:?}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let mut count = 0;
    each(document(), &mut |key, value| {
        if let (key, Some(reference)) = (key, value.as_str())
            && key == "$ref"
        {
            count += 1;
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is not in the document"));
            assert!(document().pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    });
    assert!(count > 100);
}

#[test]
fn every_link_leads_to_an_operation_that_takes_it() {
    let mut count = 0;
    for (path, method, operation) in operations() {
        for response in operation["responses"].as_object().unwrap().values() {
            for (name, link) in response["links"].as_object().into_iter().flatten() {
                count += 1;
                let target = operations().find(|(_, _, other)| other["operationId"] == link["operationId"]);
                let (_, _, target) = target.unwrap_or_else(|| panic!("{method} {path}: {name} leads nowhere"));
                for parameter in link["parameters"].as_object().into_iter().flat_map(serde_json::Map::keys) {
                    let taken = target["parameters"].as_array().into_iter().flatten();
                    assert!(taken.into_iter().any(|one| one["name"] == *parameter), "{method} {path}: {name}");
                }
                for value in link["parameters"].as_object().into_iter().flat_map(serde_json::Map::values) {
                    let pointer = value.as_str().unwrap().strip_prefix("$response.body#").unwrap();
                    let body = response["content"]["application/json"]["example"].pointer(pointer);
                    assert!(body.is_some(), "{method} {path}: {name} takes what is not answered");
                }
            }
        }
    }
    assert!(count > 10);
}

/// Reading the contract validated the schemas against their meta-schema; here the examples are validated.
#[test]
fn every_example_matches_its_schema() {
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        let complaint = complaint(&format!("/components/schemas/{name}"), &schema["examples"][0]);
        assert_eq!(complaint, None, "{name}");
    }
    for (path, method, operation) in operations() {
        let place = format!("/paths/{}/{method}", escaped(path));
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        if !example.is_null() {
            let pointer = format!("{place}/requestBody/content/application~1json/schema");
            assert_eq!(complaint(&pointer, example), None, "{method} {path}");
        }
        for (at, parameter) in operation["parameters"].as_array().into_iter().flatten().enumerate() {
            if !parameter["example"].is_null() {
                let complaint = complaint(&format!("{place}/parameters/{at}/schema"), &parameter["example"]);
                assert_eq!(complaint, None, "{method} {path}: {}", parameter["name"]);
            }
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let example = &response["content"]["application/json"]["example"];
            if !example.is_null() {
                let pointer = format!("{place}/responses/{status}/content/application~1json/schema");
                assert_eq!(complaint(&pointer, example), None, "{method} {path} {status}");
            }
        }
    }
    for (code, problem) in document()["components"]["examples"].as_object().unwrap() {
        assert_eq!(complaint("/components/schemas/Problem", &problem["value"]), None, "{code}");
    }
}

#[test]
fn every_example_of_a_body_is_read_by_its_handler() {
    let mut count = 0;
    for operation in server::api::operations() {
        // A signed body is defined by the provider, and may have more fields than the shop knows.
        let Some(body) = operation.body.filter(|_| operation.id != "takePaymentCallback") else { continue };
        let method = operation.method.as_str().to_ascii_lowercase();
        let told = &document()["paths"][operation.path][method.as_str()]["requestBody"];
        let example = told["content"]["application/json"]["example"].to_string();
        (body.read)(example.as_bytes()).unwrap_or_else(|problem| panic!("{}: {problem:?}", operation.id));
        assert!((body.read)(br#"{"unheardOf": 1}"#).is_err(), "{} refuses what it does not know", operation.id);
        assert_eq!((body.read)(b"{}").is_err(), told["required"].as_bool().unwrap(), "{}", operation.id);
        count += 1;
    }
    assert!(count > 10);
}

#[test]
fn bodies_are_closed() {
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        let is_read = operations().any(|(_, _, operation)| {
            let reference = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            *reference == format!("#/components/schemas/{name}")
        });
        assert!(!is_read || schema["additionalProperties"] == false, "{name} refuses unknown fields");
    }
}

/// Client generators misread a link's body as a string, and a field with a default as required.
#[test]
fn nothing_in_it_stops_a_generator() {
    each(document(), &mut |key, value| {
        if key == "links" {
            for (name, link) in value.as_object().unwrap() {
                assert!(link.get("requestBody").is_none_or(Value::is_string), "{name}");
            }
        }
        if key == "properties" {
            for (name, field) in value.as_object().unwrap() {
                assert!(field.get("default").is_none(), "{name} has a default");
            }
        }
        if key == "requestBody" {
            let schema = value["content"]["application/json"]["schema"]["$ref"].as_str();
            let schema = schema.and_then(|reference| document().pointer(&reference[1..]));
            let fields = schema.and_then(|schema| schema["properties"].as_object());
            assert!(fields.is_none_or(|fields| !fields.is_empty()), "a body that says nothing");
        }
        if key == "properties" || key == "schema" {
            for schema in value.as_object().unwrap().values().chain([value]) {
                let is_integer = schema["type"] == "integer" || schema["type"][0] == "integer";
                let format = schema["format"].as_str().unwrap_or_default();
                assert!(!is_integer || ["int32", "int64"].contains(&format), "{schema}");
            }
        }
    });
}

/// Client generators have one type for all problems, and one for all successful answers of an operation.
#[test]
fn an_operation_has_one_good_answer_and_one_problem() {
    let (mut united, mut problems) = (0, 0);
    for (path, method, operation) in operations() {
        let mut good = BTreeSet::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &response["content"];
            if let Some(media) = content.get("application/problem+json") {
                assert_eq!(
                    media["schema"],
                    json!({"$ref": "#/components/schemas/Problem"}),
                    "{method} {path} {status}"
                );
                problems += 1;
            }
            if let Some(media) = content.get("application/json") {
                good.insert(media["schema"].to_string());
                united += usize::from(media.get("x-schema").is_some());
            }
        }
        assert!(good.len() <= 1, "{method} {path}: {good:?}");
    }
    assert!(united >= 12 && problems > 400, "{united} {problems}");
    let placed = &document()["components"]["schemas"]["PlaceOrderAnswer"];
    let words = placed["properties"]["status"]["enum"].as_array().unwrap();
    assert!(words.contains(&json!("PENDING")) && words.contains(&json!("PREPARING")), "{words:?}");
    assert_eq!(placed["required"], json!(["orderNumber", "status"]));
    for name in ["Order", "Receipt"] {
        let example = &document()["components"]["schemas"][name]["examples"][0];
        assert_eq!(complaint("/components/schemas/PlaceOrderAnswer", example), None, "{name}");
    }
}

#[test]
fn every_writing_operation_describes_the_rate_limit_headers() {
    let mut count = 0;
    for (path, method, operation) in operations() {
        let is_limited = method != "get" && !path.starts_with("/api/payments/callbacks/");
        for (status, response) in operation["responses"].as_object().unwrap() {
            for header in ["RateLimit", "RateLimit-Policy"] {
                assert_eq!(!response["headers"][header].is_null(), is_limited, "{method} {path} {status}: {header}");
            }
            count += usize::from(is_limited);
        }
    }
    assert!(count > 100);
}

#[test]
fn files_of_the_reference_page_are_not_listed() {
    let paths: Vec<&String> = document()["paths"].as_object().unwrap().keys().collect();
    for path in &paths {
        assert!(!path.ends_with(".js") && !path.ends_with(".css") && *path != "/", "{path} is listed");
    }
}

/// A path in an answer is never a deprecated alias.
#[test]
fn no_answer_leads_to_a_deprecated_path() {
    let old: Vec<&str> = operations().filter(|(.., one)| one["deprecated"] == true).map(|(path, ..)| path).collect();
    assert!(old.len() >= 6, "{old:?}");
    let mut count = 0;
    each(document(), &mut |_, value| {
        if let Some(text) = value.as_str()
            && text.starts_with('/')
            && !text.contains('{')
            && let Some(template) = template_of(text)
        {
            count += 1;
            assert!(!old.contains(&template), "{text}");
        }
    });
    assert!(count > 5, "{count}");
}
