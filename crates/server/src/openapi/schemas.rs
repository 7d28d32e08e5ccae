//! Schemas of requests and answers, from the types that are read and written.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::json;

/// Of what is read: as strict as the reading.
pub(super) fn of_requests() -> SchemaGenerator {
    settings(Contract::Deserialize).with(|settings| settings.transforms.push(Box::new(Bounded))).into_generator()
}

/// Of what is written.
pub(super) fn of_answers() -> SchemaGenerator {
    settings(Contract::Serialize).into_generator()
}

fn settings(contract: Contract) -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.contract = contract;
    })
}

/// Says of every 64-bit integer that it is one: a larger number is refused, and `format` alone forbids nothing.
#[derive(Clone, Debug)]
struct Bounded;

impl Transform for Bounded {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("format") == Some(&json!("int64")) {
            for (bound, value) in [("minimum", i64::MIN), ("maximum", i64::MAX)] {
                if schema.get(bound).is_none() {
                    schema.insert(bound.to_owned(), json!(value));
                }
            }
        }
        transform_subschemas(self, schema);
    }
}
