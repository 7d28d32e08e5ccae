//! The language of texts for people: the one that the client prefers.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::weight::{WEIGHT_MAX, weight};

mod description;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Korean,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::English, Language::Korean];

    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    /// The language's name in itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Korean => "한국어",
        }
    }

    /// Returns the preferred supported language. Default: English.
    pub fn of(headers: &HeaderMap) -> Language {
        let values = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0, Language::default());
        for range in values.flat_map(|value| value.split(',')) {
            let (tag, weight) = range.split_once(';').map_or((range, WEIGHT_MAX), |(tag, rest)| (tag, weight(rest)));
            let primary = tag.trim().split('-').next().unwrap_or("").to_ascii_lowercase();
            let found = Language::ALL.into_iter().find(|language| language.tag() == primary);
            let found = found.or_else(|| (primary == "*").then(Language::default));
            // The first of equal weights wins.
            if let Some(language) = found.filter(|_| weight > best.0) {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Returns the headers of an answer in this language.
    pub fn headers(self) -> [(HeaderName, HeaderValue); 2] {
        [(CONTENT_LANGUAGE, HeaderValue::from_static(self.tag())), (VARY, HeaderValue::from_static("accept-language"))]
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Language, Infallible> {
        Ok(Language::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accepted: &str, expected: Language) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
        assert_eq!(Language::of(&headers), expected, "{accepted}");
    }

    #[test]
    fn the_supported_language_with_the_largest_weight_wins() {
        check("ko", Language::Korean);
        check("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Korean);
        check("en-US,en;q=0.9,ko;q=0.8", Language::English);
        check("fr, ko;q=0.2, de;q=0.9", Language::Korean);
        check("en;q=0.5, ko;q=0.50", Language::English);
        check("KO-kr", Language::Korean);
    }

    #[test]
    fn an_unsupported_or_unreadable_preference_is_english() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
        for accepted in ["fr", "*", "ko;q=0", "ko;q=much", "ko;q=0.12345", "", ";;,,", "ko;q=-1"] {
            check(accepted, Language::English);
        }
    }
}
