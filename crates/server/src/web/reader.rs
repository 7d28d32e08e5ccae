//! The reader of a page: its language and, if it has logged in, its user.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::ids::UserId;
use domain::time::Timestamp;

use crate::api::Shop;
use crate::http::language::Language;
use crate::openapi::{Describes, Operation};
use crate::security::auth::Principal;
use crate::security::session_cookie;

/// The cookie that holds the language which a reader chose on a page.
const LANGUAGE: &str = "doorbuster_language";

pub(crate) struct Reader {
    pub(crate) language: Language,
    pub(crate) user: Option<Principal>,
    pub(crate) path: String,
    /// The moment of the request, by the store's clock.
    pub(crate) now: Timestamp,
}

impl Reader {
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.user.map(|user| UserId(user.user_id))
    }
}

impl FromRequestParts<Shop> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Reader, Infallible> {
        let chosen = session_cookie::value(&parts.headers, LANGUAGE);
        let chosen = Language::ALL.into_iter().find(|language| chosen == Some(language.tag()));
        let session = shop.tokens.session_of((&*parts).into(), None).await.ok();
        Ok(Reader {
            language: chosen.unwrap_or_else(|| Language::of(&parts.headers)),
            user: session.map(|session| session.principal),
            path: parts.uri.path().to_owned(),
            now: shop.submitter.clock.now(),
        })
    }
}

/// Describes nothing: pages are not listed in the document.
impl Describes for Reader {
    fn describe(_: &mut Operation) {}
}
