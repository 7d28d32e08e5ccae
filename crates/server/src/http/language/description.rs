//! The description of `Accept-Language`, in a file above both the language and the OpenAPI document.

use serde_json::json;

use super::Language;
use crate::openapi::{Describes, Header, Operation, Parameter, Place};

impl Describes for Language {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "Accept-Language".to_owned(),
            place: Place::Header,
            description: "The language of texts for people: Korean (`ko`) or English (`en`). Default: English."
                .to_owned(),
            schema: json!({"type": "string"}),
            is_required: false,
            example: json!("ko-KR,ko;q=0.9,en;q=0.8"),
        });
        operation.headers.push(Header::ContentLanguage);
    }
}
