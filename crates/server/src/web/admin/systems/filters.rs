//! Filters in the address of a page. A form also sends its empty fields; they are no filters.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use maud::{Markup, html};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::Problem;
use crate::http::json::Json;
use crate::openapi::{Describes, Operation};

const MINUTES_ONLY: usize = "2026-11-30T09:00".len();
const SECONDS: usize = "2026-11-30T09:00:00".len();
/// The parameters that are moments.
const MOMENTS: [&str; 3] = ["from", "to", "toTime"];

pub(crate) struct Filters(Vec<Filter>);

struct Filter {
    name: String,
    value: String,
}

impl<S: Sync> FromRequestParts<S> for Filters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Filters, Infallible> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let filled = pairs.map(|(name, value)| Filter { name: name.into_owned(), value: value.trim().to_owned() });
        Ok(Filters(filled.filter(|filter| !filter.value.is_empty()).collect()))
    }
}

/// Describes nothing: pages are not listed in the document.
impl Describes for Filters {
    fn describe(_: &mut Operation) {}
}

impl Filters {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|filter| filter.name == name).map(|filter| filter.value.as_str())
    }

    /// Returns the filters as an endpoint reads them; `None` if it does not understand one of them.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for Filter { name, value } in &self.0 {
            query.append_pair(name, &moment(name, value));
        }
        serde_urlencoded::from_str(&query.finish()).ok()
    }

    /// Returns the address of this page with another value of one filter, on its first page unless it is the cursor.
    pub(crate) fn with(&self, path: &str, name: &str, value: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for filter in self.0.iter().filter(|filter| filter.name != name && filter.name != "cursor") {
            query.append_pair(&filter.name, &filter.value);
        }
        if let Some(value) = value {
            query.append_pair(name, value);
        }
        format!("{path}?{}", query.finish())
    }

    /// A field of the form, with what is filtered now.
    pub(crate) fn field(&self, name: &str, label: &str, kind: &str) -> Markup {
        html! { label { (label) input name=(name) type=(kind) value=[self.get(name)] min=[(kind == "number").then_some("1")]; } }
    }

    /// A choice of the form.
    pub(crate) fn choice(&self, name: &str, label: &str, values: impl Iterator<Item = &'static str>) -> Markup {
        html! {
            label { (label)
                select name=(name) {
                    option value="" { "—" }
                    @for value in values { option value=(value) selected[self.get(name) == Some(value)] { (value) } }
                }
            }
        }
    }
}

/// A browser's field for moments has no zone: it is UTC here, as its label says.
fn moment(name: &str, value: &str) -> String {
    match value.len() {
        MINUTES_ONLY if MOMENTS.contains(&name) => format!("{value}:00Z"),
        SECONDS if MOMENTS.contains(&name) => format!("{value}Z"),
        _ => value.to_owned(),
    }
}

/// Returns an endpoint's page as JSON; `None` if the endpoint refuses the filters. A failure of the shop stays one.
pub(crate) fn found<T: Serialize>(page: Result<Json<T>, Problem>) -> Result<Option<Value>, Problem> {
    match page {
        Ok(Json(page)) => Ok(serde_json::to_value(page).ok()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(_refused) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wanted {
        user: Option<i64>,
        from: Option<String>,
    }

    #[tokio::test]
    async fn empty_fields_are_no_filters_and_moments_get_their_zone() {
        let uri = "/admin/x?user=7&from=2026-11-30T09%3A00&type=&cursor=c";
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        let Ok(filters) = Filters::from_request_parts(&mut parts, &()).await;
        let wanted = Wanted { user: Some(7), from: Some("2026-11-30T09:00:00Z".to_owned()) };
        assert_eq!((filters.read::<Wanted>(), filters.get("type")), (Some(wanted), None));
        assert_eq!(filters.with("/x", "cursor", Some("d")), "/x?user=7&from=2026-11-30T09%3A00&cursor=d");
        assert_eq!(filters.with("/x", "user", None), "/x?from=2026-11-30T09%3A00");
        let (mut parts, ()) = Request::builder().uri("/x?user=many").body(()).unwrap().into_parts();
        let Ok(filters) = Filters::from_request_parts(&mut parts, &()).await;
        assert_eq!(filters.read::<Wanted>(), None);
    }
}
