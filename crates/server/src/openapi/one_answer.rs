//! One schema for all successful answers of an operation.
//!
//! Client generators give an operation one answer type; some use the schema of the lowest status for every status. So if the
//! statuses have different bodies, all of them refer to one schema that each body matches: it has every field of any body, and a
//! field is required if all bodies require it. `x-schema` names the exact schema of each status.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::operation::Operation;

/// Replaces different bodies of one operation by one schema.
pub(super) fn unite(paths: &mut Value, operations: &[Operation], definitions: &mut Map<String, Value>) {
    for operation in operations.iter().filter(|operation| operation.is_listed) {
        let method = operation.method.as_str().to_ascii_lowercase();
        let Some(responses) = paths[operation.path][&method]["responses"].as_object_mut() else { continue };
        let mut media: Vec<&mut Value> = responses
            .iter_mut()
            .filter(|(status, _)| status.starts_with('2'))
            .filter_map(|(_, response)| response.pointer_mut("/content/application~1json"))
            .collect();
        let schemas: Vec<Value> = media.iter().map(|media| media["schema"].clone()).collect();
        let names: BTreeSet<&str> = schemas.iter().filter_map(name_of).collect();
        if names.len() < 2 {
            continue;
        }
        let name = format!("{}Answer", capitalised(operation.original));
        let united = names
            .iter()
            .filter_map(|name| definitions.get(*name))
            .cloned()
            .reduce(|one, other| both(&one, &other, definitions));
        let Some(mut united) = united else { continue };
        let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        united["description"] = json!(format!("{list}, by the status of the answer."));
        united["type"] = json!("object");
        united["examples"] = media.iter().map(|media| media["example"].clone()).collect();
        definitions.insert(name.clone(), united);
        for (media, schema) in media.iter_mut().zip(schemas) {
            media["schema"] = json!({"$ref": format!("#/components/schemas/{name}")});
            media["x-schema"] = schema;
        }
    }
}

/// Returns the name of the definition that a schema refers to.
fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn capitalised(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// Returns the schema of an object that matches one of the two.
fn both(one: &Value, other: &Value, definitions: &Map<String, Value>) -> Value {
    let mut fields = one["properties"].as_object().cloned().unwrap_or_default();
    for (name, field) in other["properties"].as_object().into_iter().flatten() {
        let united = fields.get(name).map_or_else(|| field.clone(), |known| either(known, field, definitions));
        fields.insert(name.clone(), united);
    }
    let required = one["required"].as_array().into_iter().flatten();
    let required: Vec<&Value> =
        required.filter(|name| other["required"].as_array().is_some_and(|others| others.contains(name))).collect();
    json!({"properties": fields, "required": required})
}

/// Returns the schema of a value that matches one of the two: the wider schema, or the enum values of both.
fn either(one: &Value, other: &Value, definitions: &Map<String, Value>) -> Value {
    if let (Some(ours), Some(theirs)) = (words(one, definitions), words(other, definitions)) {
        let all: Vec<&Value> = ours.iter().chain(theirs.iter().filter(|word| !ours.contains(word))).collect();
        return match (all.len() == ours.len(), all.len() == theirs.len()) {
            (true, _) => one.clone(),
            (_, true) => other.clone(),
            (false, false) => json!({"type": "string", "enum": all}),
        };
    }
    match (kinds(one), kinds(other)) {
        (ours, theirs) if !theirs.is_empty() && theirs.iter().all(|kind| ours.contains(kind)) => one.clone(),
        (ours, theirs) if !ours.is_empty() && ours.iter().all(|kind| theirs.contains(kind)) => other.clone(),
        _ => json!({"anyOf": [one, other]}),
    }
}

/// Returns the enum values of a schema, if it lists any.
fn words(schema: &Value, definitions: &Map<String, Value>) -> Option<Vec<Value>> {
    let schema = name_of(schema).and_then(|name| definitions.get(name)).unwrap_or(schema);
    let listed = schema["enum"].as_array().cloned();
    listed.or_else(|| schema.get("const").map(|word| vec![word.clone()]))
}

fn kinds(schema: &Value) -> Vec<&Value> {
    let kinds = &schema["type"];
    kinds.as_array().map_or_else(|| if kinds.is_null() { vec![] } else { vec![kinds] }, |kinds| kinds.iter().collect())
}
