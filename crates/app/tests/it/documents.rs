//! The documents for external consumers agree with the code: a JSON Schema with golden samples for every event, and the
//! AsyncAPI document, which includes the schemas. `INSTA_UPDATE=always` writes them again; where a schema changed, a
//! second run is needed, and the first one says so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use app::events::async_api;
use app::events::event::{Event, EventKind};
use app::events::topic::{DeadLetterNames, Profile, Topic};
use serde_json::{Map, Value, json};

use crate::samples::samples;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

#[track_caller]
fn check_written(path: &Path, document: &Value) {
    let text = format!("{document:#}\n");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(path, &text).unwrap();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, text, "{} differs from the code", path.display());
}

fn payloads(kind: EventKind) -> Vec<Value> {
    let of_kind = samples().into_iter().filter(|event| event.kind() == kind);
    of_kind.map(|event| serde_json::from_str(&event.payload()).unwrap()).collect()
}

/// Returns what all values have in common: a field is required if every sample has it.
fn schema(values: &[&Value]) -> Value {
    match values {
        [] => json!({}),
        [Value::Object(_), ..] => object(values),
        [Value::Array(_), ..] => {
            let items: Vec<&Value> = values.iter().flat_map(|value| value.as_array().unwrap()).collect();
            json!({"type": "array", "items": schema(&items)})
        }
        [Value::String(_), ..] if values.iter().all(|value| is_moment(value.as_str().unwrap())) => {
            json!({"type": "string", "format": "date-time"})
        }
        [Value::String(_), ..] => json!({"type": "string"}),
        [Value::Bool(_), ..] => json!({"type": "boolean"}),
        [Value::Number(_), ..] => {
            let is_whole = values.iter().all(|value| value.is_i64());
            if is_whole { json!({"type": "integer", "format": "int64"}) } else { json!({"type": "number"}) }
        }
        [Value::Null, ..] => panic!("absent fields are left out"),
    }
}

fn object(values: &[&Value]) -> Value {
    let objects: Vec<&Map<String, Value>> = values.iter().map(|value| value.as_object().unwrap()).collect();
    let names: BTreeSet<&String> = objects.iter().flat_map(|object| object.keys()).collect();
    let of_field = |name: &&String| {
        let found: Vec<&Value> = objects.iter().filter_map(|object| object.get(*name)).collect();
        ((*name).clone(), schema(&found))
    };
    let properties: Map<String, Value> = names.iter().map(of_field).collect();
    let required: Vec<&&String> =
        names.iter().filter(|name| objects.iter().all(|object| object.contains_key(**name))).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn is_moment(text: &str) -> bool {
    app::events::wire_time::parse(text).is_ok()
}

/// Returns the fields without which the code cannot parse an event.
fn required(kind: EventKind, payloads: &[Value]) -> BTreeSet<String> {
    let names = payloads.iter().flat_map(|payload| payload.as_object().unwrap().keys());
    let is_required = |name: &&String| {
        payloads.iter().all(|payload| {
            let mut without = payload.clone();
            without.as_object_mut().unwrap().remove(*name);
            Event::parse(kind, &without.to_string()).is_err()
        })
    };
    names.filter(is_required).cloned().collect()
}

fn described_as(kind: EventKind) -> String {
    if kind == EventKind::DeadLettered {
        return "In the outbox alone: the relay publishes the original record on its dead-letter topic.".to_owned();
    }
    let on = |topic: Topic| format!("On {}, by {}.", topic.name(), topic.keyed_by().name());
    let topics: Vec<String> = std::iter::once(kind.topic()).chain(kind.copied_to().iter().copied()).map(on).collect();
    let topics = topics.join(" ");
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others need no remark")]
    match kind {
        EventKind::StockMoved => format!(
            "{topics} Made by the relay. onHandChange, reservedChange and soldChange add up to the product's figures, in whatever \
             order they come; an event that comes again has the same ce_id."
        ),
        EventKind::PointsMoved => format!(
            "{topics} Made by the relay. The changes of a user add up to the balance, in whatever order they come; an event that \
             comes again has the same ce_id."
        ),
        _ if kind.is_request() => format!("{topics} {}", async_api::ONLY_WITH_LOG),
        _ => topics,
    }
}

fn described(kind: EventKind) -> Value {
    let payloads = payloads(kind);
    let mut document = schema(&payloads.iter().collect::<Vec<_>>());
    if let Some(attributes) = document["properties"].get_mut("attributes") {
        *attributes = json!({"type": "object", "description": "As the merchant sent them."});
    }
    document["required"] = json!(required(kind, &payloads));
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["$id"] = json!(format!("https://doorbuster.dev/events/{}.json", kind.name()));
    document["title"] = json!(kind.name());
    document["description"] = json!(described_as(kind));
    document["examples"] = Value::Array(payloads);
    document
}

#[test]
fn every_event_has_a_schema_with_golden_samples() {
    let folder = docs().join("events");
    for kind in EventKind::ALL {
        let schema = described(*kind);
        check_written(&folder.join(format!("{}.json", kind.name())), &schema);
        // The program, and the AsyncAPI document, include the file as it was when they were built.
        let included: Value = serde_json::from_str(kind.schema()).unwrap();
        assert_eq!(included, schema, "the schema of {} has changed: build and run again", kind.name());
    }
    let written: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let known: BTreeSet<String> = EventKind::ALL.iter().map(|kind| format!("{}.json", kind.name())).collect();
    assert_eq!(written, known);
}

/// Uses the committed samples, not those that today's code writes.
#[test]
fn the_golden_samples_parse_as_events() {
    for kind in EventKind::ALL {
        let text = fs::read_to_string(docs().join("events").join(format!("{}.json", kind.name()))).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let golden = document["examples"].as_array().unwrap();
        assert!(!golden.is_empty());
        for payload in golden {
            let event = Event::parse(*kind, &payload.to_string()).unwrap();
            let again: Value = serde_json::from_str(&event.payload()).unwrap();
            assert_eq!(&again, payload, "{}", kind.name());
            for field in document["required"].as_array().unwrap() {
                let mut without = payload.clone();
                without.as_object_mut().unwrap().remove(field.as_str().unwrap());
                assert!(Event::parse(*kind, &without.to_string()).is_err(), "{} without {field}", kind.name());
            }
        }
    }
}

/// The document is complete: every reference leads to a place inside it.
#[test]
fn the_async_document_follows_the_tables() {
    for named in [DeadLetterNames::Dot, DeadLetterNames::Hyphen, DeadLetterNames::Dlt] {
        let document = async_api::document(&Profile::Production.wanted(named));
        let text = document.to_string();
        let references: BTreeSet<&str> =
            text.split("\"$ref\":\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        assert!(references.len() > EventKind::ALL.len());
        for reference in references {
            let place = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            assert!(place.is_some_and(|place| place != &json!({})), "{reference}");
        }
        for topic in Topic::ALL {
            assert_eq!(document["channels"][topic.name()]["address"], topic.name());
            assert_eq!(document["channels"][topic.dead_letters(named)]["address"], topic.dead_letters(named));
        }
    }
    check_written(
        &docs().join("asyncapi.json"),
        &async_api::document(&Profile::Production.wanted(DeadLetterNames::Dot)),
    );
}
