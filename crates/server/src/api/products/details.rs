//! A product's further fields in requests: what it is called elsewhere, and how it is shown.

use std::sync::Arc;

use app::state::rows::NewDetails;
use domain::limits::{
    ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX, DESCRIPTION_CHARS_MAX, IDENTITY_CHARS_MAX, IMAGE_URL_CHARS_MAX,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::api::request::characters::is_unseen;
use crate::api::request::checks::{check_lines, is_blank, is_web_address};
use crate::api::texts::values;
use crate::http::Violations;

/// How deeply the values of attributes may be nested.
const DEPTH_MAX: usize = 3;

pub(super) type Attributes = Map<String, Value>;

/// The fields of a request. The outer `None` is an absent field, the inner one `null`.
#[derive(Debug, Default)]
pub(super) struct GivenDetails<'a> {
    pub(super) sku: Option<Option<&'a str>>,
    pub(super) external_id: Option<Option<&'a str>>,
    pub(super) description: Option<Option<&'a str>>,
    pub(super) image_url: Option<Option<&'a str>>,
    pub(super) attributes: Option<Option<&'a Attributes>>,
}

/// Reads a field that is absent, `null` or a value.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl GivenDetails<'_> {
    /// Checks the fields. `None` if none is given.
    pub(super) fn check(&self, violations: &mut Violations) -> Option<Box<NewDetails>> {
        let mut each = |field: Option<Option<&str>>, check: fn(&str, &mut Violations) -> Arc<str>| {
            field.map(|value| value.map(|value| check(value, violations)))
        };
        let mut details = NewDetails {
            sku: each(self.sku, |text, violations| check_identity("#/sku", text, violations)),
            external_id: each(self.external_id, |text, violations| check_identity("#/externalId", text, violations)),
            description: each(self.description, check_description),
            image_url: each(self.image_url, check_image),
            attributes: None,
        };
        details.attributes =
            self.attributes.map(|attributes| attributes.map(|attributes| check_attributes(attributes, violations)));
        (!details.is_empty()).then(|| Box::new(details))
    }
}

fn check_identity(pointer: &str, text: &str, violations: &mut Violations) -> Arc<str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > IDENTITY_CHARS_MAX || text.chars().any(is_unseen) {
        violations.push(pointer, "length", values::NAME.with(IDENTITY_CHARS_MAX));
    }
    text.into()
}

fn check_description(text: &str, violations: &mut Violations) -> Arc<str> {
    if is_blank(text) || text.chars().count() > DESCRIPTION_CHARS_MAX {
        violations.push("#/description", "length", values::CHARACTERS.with(1).with(DESCRIPTION_CHARS_MAX));
    }
    check_lines("#/description", text, violations);
    text.trim().into()
}

fn check_image(text: &str, violations: &mut Violations) -> Arc<str> {
    let fits = text.chars().count() <= IMAGE_URL_CHARS_MAX && is_web_address(text);
    if !fits {
        violations.push("#/imageUrl", "not_a_url", values::WEB_ADDRESS.with(IMAGE_URL_CHARS_MAX));
    }
    text.into()
}

fn check_attributes(attributes: &Attributes, violations: &mut Violations) -> Arc<Attributes> {
    if attributes.len() > ATTRIBUTES_MAX {
        violations.push("#/attributes", "too_many", values::ATTRIBUTES.with(ATTRIBUTES_MAX));
    }
    for name in attributes.keys() {
        if name.trim().is_empty() || name.chars().count() > IDENTITY_CHARS_MAX || name.chars().any(is_unseen) {
            violations.push("#/attributes", "name", values::ATTRIBUTE_NAME.with(IDENTITY_CHARS_MAX));
        }
    }
    let is_too_deep = attributes.values().any(|value| depth(value) > DEPTH_MAX);
    let bytes = serde_json::to_vec(attributes).map_or(usize::MAX, |json| json.len());
    if is_too_deep || bytes > ATTRIBUTES_BYTES_MAX {
        violations.push(
            "#/attributes",
            "too_large",
            values::ATTRIBUTES_SIZE.with(ATTRIBUTES_BYTES_MAX).with(DEPTH_MAX),
        );
    }
    Arc::new(attributes.clone())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(given: &GivenDetails<'_>) -> Vec<String> {
        let mut violations = Violations::default();
        given.check(&mut violations);
        let problem = violations.into_result();
        problem.err().map_or_else(Vec::new, |problem| {
            problem.violations().iter().map(|violation| violation.place().to_owned()).collect()
        })
    }

    #[test]
    fn each_field_has_its_bounds() {
        let image = |url| refused(&GivenDetails { image_url: Some(Some(url)), ..GivenDetails::default() });
        assert_eq!(image("https://images.example.com/a.png?w=3"), Vec::<String>::new());
        for url in [
            "",
            "/a.png",
            "ftp://example.com/a",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "https://",
            "https://a:b@example.com/",
        ] {
            assert_eq!(image(url), ["#/imageUrl"], "{url}");
        }
        let sku = |text: &str| refused(&GivenDetails { sku: Some(Some(text)), ..GivenDetails::default() });
        assert_eq!(sku(" "), ["#/sku"]);
        assert_eq!(sku(&"x".repeat(IDENTITY_CHARS_MAX + 1)), ["#/sku"]);
        assert_eq!(sku("A\u{200b}B"), ["#/sku"]);
        let deep = json!({"a": [[[[1]]]]});
        let attributes =
            |value: &Value| refused(&GivenDetails { attributes: Some(value.as_object()), ..GivenDetails::default() });
        assert_eq!(attributes(&deep), ["#/attributes"]);
        assert_eq!(attributes(&json!({"a": "x".repeat(ATTRIBUTES_BYTES_MAX)})), ["#/attributes"]);
        assert_eq!(
            attributes(&json!({"color": "black", "sizes": [260, 270], "care": {"wash": false}})),
            Vec::<String>::new()
        );
    }

    #[test]
    fn null_empties_a_field_and_absence_keeps_it() {
        let given = GivenDetails { sku: Some(None), ..GivenDetails::default() };
        let details = given.check(&mut Violations::default()).unwrap();
        assert_eq!((&details.sku, &details.external_id), (&Some(None), &None));
        assert_eq!(GivenDetails::default().check(&mut Violations::default()), None);
    }
}
