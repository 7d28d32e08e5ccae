//! Logging in with a browser at an identity provider outside of the shop: the authorization code flow of OpenID Connect, with
//! PKCE (RFC 7636). The provider's ID token becomes the browser's session.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::Serializer;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::session_cookie::{self, Cookie};

/// The path to which the provider sends a browser back.
pub const RETURN_PATH: &str = "/login/provider/return";
/// The cookie of a login in progress. Unlike the session's, it must come with a link from the provider's page.
const COOKIE: &str = "doorbuster_login";
const COOKIE_PATH: &str = "/login/provider";
/// The time in which a person logs in at the provider.
const ATTEMPT_S: u64 = 600;
/// Browsers drop larger cookies without a word.
const TOKEN_BYTES_MAX: usize = 3_900;

/// Sends a form to the provider, and returns the status and the body of the answer.
pub type Exchange =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<(u16, Vec<u8>)>> + Send>> + Send + Sync>;

/// The provider's pages, and the shop as the provider knows it.
pub struct ProviderLogin {
    /// The name of the provider on the login page.
    pub name: String,
    pub authorize_url: String,
    pub client_id: String,
    pub scope: String,
    /// The shop's address, without a path.
    pub shop_url: String,
    pub exchange: Exchange,
}

/// The reason why a login did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The provider refused the code, or sent no ID token that fits this attempt.
    Refused,
    /// The provider did not answer.
    Unreachable,
}

/// A login in progress, kept in a cookie of the browser that began it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    /// The page to show afterwards.
    pub next: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Nonce {
    nonce: String,
}

/// An error of the provider (RFC 6749, 5.2).
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

impl ProviderLogin {
    /// Returns true if browsers reach the shop by HTTPS.
    pub fn is_secure(&self) -> bool {
        self.shop_url.starts_with("https://")
    }

    fn return_url(&self) -> String {
        format!("{}{RETURN_PATH}", self.shop_url)
    }

    /// Returns the address of the provider's login page.
    pub fn page_for(&self, attempt: &Attempt) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&attempt.verifier));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.return_url())
            .append_pair("scope", &self.scope)
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let separator = if self.authorize_url.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", self.authorize_url)
    }

    /// Exchanges the code that the provider gave the browser for an ID token. Its signature and claims are not verified here.
    ///
    /// # Errors
    ///
    /// [`Failed`]; the reason is logged, because the person can do nothing about it.
    pub async fn token(&self, attempt: &Attempt, code: &str) -> Result<String, Failed> {
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.return_url())
            .append_pair("client_id", &self.client_id)
            .append_pair("code_verifier", &attempt.verifier)
            .finish();
        let (status, body) = (self.exchange)(form).await.map_err(|error| {
            tracing::warn!("The identity provider does not answer a login: {error}");
            Failed::Unreachable
        })?;
        if status != 200 {
            let Refusal { error } = serde_json::from_slice(&body).unwrap_or_default();
            tracing::warn!(status, "The identity provider refused a login: {:?}", error.get(..100).unwrap_or(&error));
            return Err(if status >= 500 { Failed::Unreachable } else { Failed::Refused });
        }
        let Ok(Tokens { id_token }) = serde_json::from_slice(&body) else {
            tracing::warn!("The identity provider's answer to a login has no id_token");
            return Err(Failed::Refused);
        };
        if id_token.len() > TOKEN_BYTES_MAX {
            let bytes = id_token.len();
            tracing::warn!(
                bytes,
                "The identity provider's ID token is too large for a cookie; let it name fewer claims"
            );
            return Err(Failed::Refused);
        }
        if attempt.has_nonce_of(&id_token) { Ok(id_token) } else { Err(Failed::Refused) }
    }
}

impl Attempt {
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub fn begin(next: &str) -> Result<Attempt, getrandom::Error> {
        Ok(Attempt { state: random()?, nonce: random()?, verifier: random()?, next: next.to_owned() })
    }

    /// Returns the attempt of a browser that comes back.
    pub fn of(headers: &HeaderMap) -> Option<Attempt> {
        let mut parts = session_cookie::value(headers, COOKIE)?.split('.').map(str::to_owned);
        let [state, nonce, verifier, next] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        Some(Attempt { state, nonce, verifier, next }).filter(|_| parts.next().is_none())
    }

    /// Returns true if the provider sent the browser back because of this attempt.
    pub fn is_answered_by(&self, state: &str) -> bool {
        self.state == state && !state.is_empty()
    }

    /// Returns the header that keeps the attempt in the browser.
    pub fn cookie(&self, is_secure: bool) -> HeaderValue {
        let Attempt { state, nonce, verifier, next } = self;
        cookie(&format!("{state}.{nonce}.{verifier}.{}", URL_SAFE_NO_PAD.encode(next)), ATTEMPT_S, is_secure)
    }

    /// A token of another attempt, which somebody may have stolen, has another nonce.
    fn has_nonce_of(&self, token: &str) -> bool {
        let payload = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
        let found = payload.and_then(|payload| serde_json::from_slice::<Nonce>(&payload).ok());
        found.is_some_and(|found| found.nonce == self.nonce)
    }
}

/// Returns the header that ends an attempt.
pub fn end(is_secure: bool) -> HeaderValue {
    cookie("", 0, is_secure)
}

fn cookie(value: &str, lifetime_s: u64, is_secure: bool) -> HeaderValue {
    Cookie { name: COOKIE, value, path: COOKIE_PATH, lifetime_s, same_site: "Lax" }.header(is_secure)
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE as COOKIES;

    use super::*;

    fn provider(exchange: Exchange) -> ProviderLogin {
        ProviderLogin {
            name: "SSO".to_owned(),
            authorize_url: "https://id.example/authorize?tenant=1".to_owned(),
            client_id: "shop".to_owned(),
            scope: "openid email".to_owned(),
            shop_url: "https://shop.example".to_owned(),
            exchange,
        }
    }

    fn answering(status: u16, body: String) -> ProviderLogin {
        provider(Arc::new(move |_form| {
            let body = body.clone().into_bytes();
            Box::pin(async move { Ok((status, body)) })
        }))
    }

    fn token(claims: &str) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_attempt_survives_in_its_cookie() {
        let attempt = Attempt::begin("/checkout?product=1&quantity=2").unwrap();
        let cookie = attempt.cookie(true);
        let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
        assert_eq!(attributes, " Path=/login/provider; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        let back = |value: &str| Attempt::of(&[(COOKIES, HeaderValue::try_from(value).unwrap())].into_iter().collect());
        assert_eq!(back(pair), Some(attempt.clone()));
        for broken in ["doorbuster_login=a.b.c", "doorbuster_login=a.b.c.%", "doorbuster_login=a.b.c.L2E.d", "x=1"] {
            assert_eq!(back(broken), None, "{broken}");
        }
        assert!(attempt.is_answered_by(&attempt.state.clone()) && !attempt.is_answered_by("other"));
    }

    #[test]
    fn the_providers_page_gets_the_challenge_and_not_the_verifier() {
        // The example of RFC 7636, appendix B.
        let attempt = Attempt {
            state: "s".to_owned(),
            nonce: "n".to_owned(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            next: "/".to_owned(),
        };
        let page = answering(200, String::new()).page_for(&attempt);
        assert_eq!(
            page,
            "https://id.example/authorize?tenant=1&response_type=code&client_id=shop\
             &redirect_uri=https%3A%2F%2Fshop.example%2Flogin%2Fprovider%2Freturn&scope=openid+email&state=s&nonce=n\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
    }

    #[tokio::test]
    async fn only_an_id_token_of_this_attempt_counts() {
        let attempt = Attempt { nonce: "n".to_owned(), ..Attempt::begin("/").unwrap() };
        let good = token(r#"{"nonce":"n"}"#);
        let answer = |token: &str| format!(r#"{{"id_token":"{token}"}}"#);
        assert_eq!(answering(200, answer(&good)).token(&attempt, "c").await, Ok(good.clone()));
        let refused = [
            (200, answer(&token(r#"{"nonce":"m"}"#))),
            (200, answer(&token("{}"))),
            (200, answer("x")),
            (200, answer(&format!("{good}{}", "x".repeat(TOKEN_BYTES_MAX)))),
            (200, r#"{"access_token":"x"}"#.to_owned()),
            (400, r#"{"error":"invalid_grant"}"#.to_owned()),
            (401, "no".to_owned()),
        ];
        for (status, body) in refused {
            assert_eq!(answering(status, body.clone()).token(&attempt, "c").await, Err(Failed::Refused), "{body}");
        }
        assert_eq!(answering(503, String::new()).token(&attempt, "c").await, Err(Failed::Unreachable));
        let down = provider(Arc::new(|_form| Box::pin(async { Err(io::ErrorKind::TimedOut.into()) })));
        assert_eq!(down.token(&attempt, "c").await, Err(Failed::Unreachable));
    }
}
