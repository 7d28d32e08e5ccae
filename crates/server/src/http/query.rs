//! Parses query strings, with problems that name the parameter.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::api::texts::{Message, values};

/// The parameters of the query string as `T`. Parameters that no argument of the handler describes are refused before it runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        parse(parts.uri.query().unwrap_or("")).map(Query)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| explain(&error.path().to_string(), &error.inner().to_string()))
}

/// Returns the problem that names each unknown parameter once; `None` if all are known.
pub(crate) fn unknown(query: &str, known: &[String]) -> Option<Problem> {
    const NAMED_MAX: usize = 20;
    let mut unknown: Vec<String> = vec![];
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let name = cut(&name);
        if unknown.len() < NAMED_MAX && !known.contains(&name) && !unknown.contains(&name) {
            unknown.push(name);
        }
    }
    (!unknown.is_empty()).then(|| Problem::unknown_parameters(unknown))
}

/// Returns the first value of this parameter.
pub(crate) fn value(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn explain(path: &str, message: &str) -> Problem {
    for (prefix, code, detail) in [
        ("missing field `", "required", values::PARAMETER_REQUIRED),
        ("duplicate field `", "duplicate_parameter", values::PARAMETER_TWICE),
        ("unknown field `", "unknown_parameter", values::PARAMETER_UNKNOWN),
    ] {
        if let Some(rest) = message.strip_prefix(prefix) {
            return Problem::invalid_parameter(cut(rest.split('`').next().unwrap_or("")), code, detail);
        }
    }
    Problem::invalid_parameter(cut(path), "not_accepted", expected(message))
}

fn cut(name: &str) -> String {
    const NAME_CHARS_MAX: usize = 100;
    name.chars().take(NAME_CHARS_MAX).collect()
}

/// Translates the parser's message, which speaks of digits and variants, into a text for people.
fn expected(message: &str) -> Message {
    if let Some((_, words)) =
        message.split_once("unknown variant ").and_then(|(_, rest)| rest.split_once(", expected "))
    {
        let words: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
        return values::ONE_OF.with(words.join(", "));
    }
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let text = if has(&["number too large", "number too small", "out of range"]) {
        values::NUMBER_TOO_LARGE
    } else if has(&["digit", "integer"]) {
        values::WHOLE_NUMBER
    } else if has(&["bool", "true", "false"]) {
        values::TRUE_OR_FALSE
    } else {
        values::NOT_ACCEPTED
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::language::Language;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Popular {
        window: String,
        limit: Option<u32>,
    }

    #[track_caller]
    fn check(query: &str, pointer: &str, code: &str) {
        let problem = parse::<Popular>(query).unwrap_err();
        let violation = &problem.violations()[0];
        assert_eq!((violation.parameter.as_deref(), violation.code), (Some(pointer), code), "{query}");
    }

    #[test]
    fn parameters_are_read() {
        let popular: Popular = parse("window=3d&limit=5").unwrap();
        assert_eq!((popular.window.as_str(), popular.limit), ("3d", Some(5)));
        assert_eq!(parse::<Popular>("window=all").unwrap().limit, None);
    }

    #[test]
    fn a_problem_says_in_plain_words_what_is_expected() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        enum Kind {
            Big,
            Small,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only parse errors are checked")]
        struct Asked {
            kind: Option<Kind>,
            all: Option<bool>,
            limit: Option<u32>,
        }
        let detail =
            |query: &str| parse::<Asked>(query).unwrap_err().violations()[0].detail.of(Language::English).into_owned();
        assert_eq!(detail("limit=many"), "must be a whole number that is not negative");
        assert_eq!(detail("limit="), "must be a whole number that is not negative");
        assert_eq!(detail("limit=99999999999"), "the number is too large");
        assert_eq!(detail("all=maybe"), "must be true or false");
        assert_eq!(detail("kind=huge"), "must be one of: BIG, SMALL");
    }

    #[test]
    fn unknown_parameters_are_named_once_each() {
        let known = ["limit".to_owned()];
        assert_eq!(unknown("", &known), None);
        assert_eq!(unknown("limit=5&limit=6", &known), None);
        let problem = unknown("size=3&limit=5&%EC%83%89=1&size=4&=", &known).unwrap();
        let named: Vec<_> = problem.violations().iter().map(|one| (one.place(), one.code)).collect();
        assert_eq!(named, ["size", "색", ""].map(|name| (name, "unknown_parameter")));
        let many: String = (0..1_000).map(|number| format!("a{number}=1&")).collect();
        assert_eq!(unknown(&many, &known).unwrap().violations().len(), 20);
    }

    #[test]
    fn problems_name_the_parameter() {
        check("", "window", "required");
        check("window=3d&limit=many", "limit", "not_accepted");
        check("window=3d&limit=-1", "limit", "not_accepted");
        check("window=3d&window=3d", "window", "duplicate_parameter");
        check("window=3d&limit=99999999999", "limit", "not_accepted");
        check("window=3d&size=3", "size", "unknown_parameter");
    }
}
