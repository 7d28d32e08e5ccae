//! `If-Match`: a change is made only if its thing is still as the client saw it.

use std::convert::Infallible;

use app::commands::{Command, Guarded, Tag};
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use serde_json::json;

use crate::http::Code;
use crate::http::envelope::tags;
use crate::openapi::{Describes, Operation, Parameter, Place};

/// The states from which the client wants the change. `None`: from any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(Option<Vec<Tag>>);

impl IfMatch {
    /// Returns the command that changes nothing unless its thing is as it was seen.
    pub(crate) fn guard(self, command: Command) -> Command {
        match self.0 {
            Some(seen) => Command::Guarded(Box::new(Guarded { seen, command })),
            None => command,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Infallible> {
        let mut seen = None;
        for value in parts.headers.get_all(IF_MATCH) {
            // `*` is met by everything that exists. A tag of another form is one that nothing has.
            let Some(tags) = tags(value.to_str().unwrap_or_default()) else { continue };
            seen.get_or_insert_with(Vec::new).extend(tags.into_iter().filter_map(parsed));
        }
        Ok(IfMatch(seen))
    }
}

impl Describes for IfMatch {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "If-Match".to_owned(),
            place: Place::Header,
            description: "The `ETag` of an earlier answer. If the thing was changed since then, nothing is changed and the \
                          answer is 412. Counters that a sale moves, such as the stock, are no change. Default: any state."
                .to_owned(),
            schema: json!({"type": "string"}),
            is_required: false,
            example: json!("\"5f2b8c0a9d3e4f107a6b5c4d3e2f1a0b\""),
        });
        operation.refuse(Code::PreconditionFailed);
    }
}

/// Returns the tag as the header `ETag` shows it.
pub(crate) fn header(tag: Tag) -> HeaderValue {
    let hex: String = tag.0.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hex}\"")).expect("digits are valid in a header")
}

fn parsed(text: &str) -> Option<Tag> {
    let hex = text.strip_prefix('"')?.strip_suffix('"').filter(|hex| hex.len() == 32)?;
    u128::from_str_radix(hex, 16).ok().map(|number| Tag(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(values: &[&str]) -> Option<Vec<Tag>> {
        let mut request = Request::builder();
        for value in values {
            request = request.header(IF_MATCH, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let Ok(IfMatch(seen)) = runtime.block_on(IfMatch::from_request_parts(&mut parts, &()));
        seen
    }

    #[test]
    fn tags_are_read_as_they_are_shown() {
        let tag = Tag([0xab; 16]);
        let shown = header(tag);
        let shown = shown.to_str().unwrap();
        assert_eq!(of(&[shown]), Some(vec![tag]));
        assert_eq!(of(&[&format!("\"x\", W/{shown}")]), Some(vec![tag]));
        assert_eq!(of(&["garbage"]), Some(vec![]), "a tag that nothing has");
        assert_eq!(of(&["*"]), None);
        assert_eq!(of(&[]), None);
    }
}
