//! Authentication: creates and verifies tokens, and extracts the caller of a request.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use app::state::rows::EndedToken;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use domain::ids::UserId;
use domain::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::api::texts::{Text, details};
use crate::http::{Code, Problem};
use crate::openapi::{Access, Describes, Operation};
use crate::security::session_cookie;

mod ended;
mod hmac_provider;
pub mod outside;
mod principal;
mod roles;
mod scopes;
mod session;
mod validity;
mod verified;

use ended::{Ended, mark_of};
use outside::{Outside, Vouched};
use principal::user_id_of;
pub use principal::{Principal, Refused, Role};
pub(crate) use roles::needed;
pub(crate) use scopes::{area, is_writing, needs_write};
pub use session::Session;
use session::since_epoch;
use validity::ValidSince;
use verified::Verified;

/// Issuer and audience of every token.
const SHOP: &str = "doorbuster";

/// A session that outlasts its request: a stream's.
#[derive(Debug)]
pub struct OpenSession {
    pub principal: Principal,
    session: Session,
    tokens: Arc<Tokens>,
    /// The second from which on the user's tokens were valid when the session began.
    valid_since: u64,
}

impl OpenSession {
    pub fn begin(tokens: &Arc<Tokens>, session: Session) -> OpenSession {
        let principal = session.principal;
        let valid_since = tokens.valid_since.of(principal.user_id);
        OpenSession { principal, session, tokens: Arc::clone(tokens), valid_since }
    }

    /// Returns how long the token is still valid: no longer if it, or all the user's tokens, ended since the session began.
    pub fn left(&self) -> Duration {
        let Tokens { valid_since, ended, .. } = &*self.tokens;
        if valid_since.of(self.principal.user_id) > self.valid_since || ended.has(self.session.mark) {
            return Duration::ZERO;
        }
        self.session.left()
    }
}

/// The parts of a request that say who sends it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a Parts> for Asked<'a> {
    fn from(parts: &'a Parts) -> Asked<'a> {
        Asked { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

/// Creates and verifies tokens; one per process, shared in an `Arc`.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    verified: Verified,
    valid_since: ValidSince,
    ended: Ended,
    /// The identity provider outside of the shop, if there is one.
    outside: Option<Outside>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Minted<'a> {
    sub: String,
    role: Role,
    iss: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    /// Two tokens of a user are never the same, so that one can end without the other.
    jti: String,
}

/// Times are integers here, so a token with `"exp": "9999999999"` is refused.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: Role,
    iss: String,
    aud: Audience,
    exp: u64,
    #[serde(default)]
    nbf: u64,
    /// Other issuers may leave it out, or write a fraction.
    #[serde(default)]
    iat: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn has_shop(&self) -> bool {
        match self {
            Audience::One(name) => name == SHOP,
            Audience::Several(names) => names.iter().any(|name| name == SHOP),
        }
    }
}

impl Tokens {
    pub fn new(secret: &[u8]) -> Tokens {
        hmac_provider::install();
        // The claims are checked below, because cached tokens need the same check.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims = HashSet::new();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Tokens {
            signing: EncodingKey::from_secret(secret).expect("a secret is not empty"),
            verifying: DecodingKey::from_secret(secret).expect("a secret is not empty"),
            validation,
            verified: Verified::default(),
            valid_since: ValidSince::default(),
            ended: Ended::default(),
            outside: None,
        }
    }

    /// Accepts the tokens of an identity provider, too.
    pub fn and(self, outside: Option<Outside>) -> Tokens {
        Tokens { outside, ..self }
    }

    /// Returns a token for this user, valid from now on.
    pub fn mint(&self, principal: Principal, ttl: Duration) -> String {
        let iat = now_s().max(self.valid_since.of(principal.user_id));
        let claims = Minted {
            sub: principal.user_id.to_string(),
            role: principal.role,
            iss: SHOP,
            aud: SHOP,
            iat,
            exp: now_s().saturating_add(ttl.as_secs()),
            jti: format!("{:016x}", getrandom::u64().unwrap_or_default()),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("plain claims can be signed with HS256")
    }

    pub fn verify(&self, token: &str) -> Result<Principal, Refused> {
        self.verify_at(token, now_s()).map(|session| session.principal)
    }

    fn verify_at(&self, token: &str, now_s: u64) -> Result<Session, Refused> {
        if let Some(session) = self.verified.get(token) {
            return if now_s < session.expires_s { Ok(session) } else { Err(Refused) };
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation);
        let decoded = decoded.map_err(|_| Refused)?;
        let claims = decoded.claims;
        // A critical extension that is not understood must not be ignored (RFC 7515, 4.1.11).
        let acceptable = decoded.header.crit.is_none()
            && claims.iss == SHOP
            && claims.aud.has_shop()
            && claims.nbf <= now_s
            && now_s < claims.exp;
        let user_id = user_id_of(&claims.sub).filter(|_| acceptable).ok_or(Refused)?;
        let principal = Principal { user_id, role: claims.role };
        let session = Session { principal, expires_s: claims.exp, mark: mark_of(token) };
        let is_ended = || issued_s(&claims.iat) < self.valid_since.of(user_id) || self.ended.has(session.mark);
        if is_ended() {
            return Err(Refused);
        }
        self.verified.keep(token, session);
        // Compared again: the user may have logged out, or changed the password, before the token was kept.
        if is_ended() {
            self.verified.forget(token);
            return Err(Refused);
        }
        Ok(session)
    }

    /// Ends a token whose user has logged out in this process.
    pub fn end(&self, token: &str, session: &Session) {
        self.ended.end(session.mark, session.expires_s, now_s());
        self.verified.forget(token);
    }

    /// Ends tokens whose users have logged out, perhaps in another process.
    pub fn end_all(&self, tokens: &[EndedToken]) {
        let now_s = now_s();
        let valid = tokens.iter().filter_map(|token| {
            let expires_s = u64::try_from(token.expires.micros() / 1_000_000).unwrap_or(0);
            (now_s < expires_s).then_some((token.mark.cast_unsigned(), expires_s))
        });
        let news: HashSet<u64> =
            valid.filter(|(mark, expires_s)| self.ended.end(*mark, *expires_s, now_s)).map(|(mark, _)| mark).collect();
        if !news.is_empty() {
            self.verified.forget_marked(&news);
        }
    }

    /// Returns true if this process knows of a token that ended by logging out.
    pub fn has_ended_any(&self) -> bool {
        self.ended.has_any()
    }

    /// Ends all tokens of a user that were made up to a moment.
    pub fn end_before(&self, user: UserId, at: Timestamp) {
        if self.valid_since.end(user, at) {
            self.verified.forget_all();
        }
    }

    /// Forgets ends of tokens from before a moment.
    pub fn forget_ended_before(&self, at: Timestamp) {
        self.valid_since.forget_before(at);
    }

    /// Returns the session of a request, whose token may also be `elsewhere`.
    pub async fn session_of(&self, asked: Asked<'_>, elsewhere: Option<&str>) -> Result<Session, Problem> {
        let token = token_of(asked, elsewhere)?;
        let session = self.session_of_token(token).await;
        session.map_err(|Refused| Problem::new(Code::AuthRequired, details::TOKEN_INVALID))
    }

    pub async fn session_of_token(&self, token: &str) -> Result<Session, Refused> {
        // A token may be the provider's if its header names one of the provider's algorithms.
        let theirs = self.outside.as_ref().and_then(|provider| Some((provider, outside::Header::of(token)?)));
        match theirs {
            Some((provider, header)) => self.vouched(provider, &header, token).await,
            None => self.verify_at(token, now_s()),
        }
    }

    async fn vouched(&self, provider: &Outside, header: &outside::Header, token: &str) -> Result<Session, Refused> {
        let Vouched { principal, issued_s, expires_s, mark } = provider.verify(header, token, now_s()).await?;
        if issued_s < self.valid_since.of(principal.user_id) || self.ended.has(mark) {
            return Err(Refused);
        }
        Ok(Session { principal, expires_s, mark })
    }
}

/// Returns the token of a request: of its header, else `elsewhere`, a token in another part of the request, else of the cookie of
/// a browser.
///
/// # Errors
///
/// A problem if there is none, or a page of another host sent the cookie.
pub fn token_of<'a>(asked: Asked<'a>, elsewhere: Option<&'a str>) -> Result<&'a str, Problem> {
    let Asked { method, uri, headers } = asked;
    let required = |detail: Text| Problem::new(Code::AuthRequired, detail);
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let header = given.next();
    if given.next().is_some() {
        return Err(required(details::TOKEN_TWICE));
    }
    match (header, elsewhere) {
        (None, Some(token)) => Ok(token),
        (None, None) => {
            let token = session_cookie::token(headers).ok_or_else(|| required(details::TOKEN_MISSING))?;
            if !session_cookie::is_from_own_page(method, uri, headers) {
                return Err(Problem::new(Code::AuthForbidden, details::ORIGIN_NOT_OURS));
            }
            Ok(token)
        }
        (Some(header), _) => {
            header.to_str().ok().and_then(bearer_token).ok_or_else(|| required(details::TOKEN_UNREADABLE))
        }
    }
}

/// The scheme's name is case-insensitive (RFC 9110, 11.1).
pub(super) fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the second of issue; 0 if the token does not say.
fn issued_s(iat: &serde_json::Value) -> u64 {
    iat.as_u64().or_else(|| iat.as_f64().map(|seconds| seconds as u64)).unwrap_or(0)
}

fn now_s() -> u64 {
    since_epoch().as_secs()
}

/// Requires a valid token of any role.
#[derive(Debug, Clone, Copy)]
pub struct Customer(pub Principal);

/// Requires a valid token of an admin. The admin paths have a layer of their own, which knows all roles.
#[derive(Debug, Clone, Copy)]
pub struct Admin(pub Principal);

impl<S> FromRequestParts<S> for Customer
where
    S: Send + Sync,
    Arc<Tokens>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Customer, Problem> {
        // The layer in front of the admin paths has admitted the caller already, by a key or in a lower role.
        if let Some(admitted) = parts.extensions.get::<Principal>() {
            return Ok(Customer(*admitted));
        }
        let tokens = Arc::<Tokens>::from_ref(state);
        tokens.session_of((&*parts).into(), None).await.map(|session| Customer(session.principal))
    }
}

impl<S> FromRequestParts<S> for Admin
where
    S: Send + Sync,
    Arc<Tokens>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Admin, Problem> {
        let Customer(principal) = Customer::from_request_parts(parts, state).await?;
        if principal.role != Role::Admin {
            return Err(Problem::new(Code::AuthForbidden, details::ADMINS_ONLY));
        }
        Ok(Admin(principal))
    }
}

impl Describes for Customer {
    fn describe(operation: &mut Operation) {
        operation.access = Access::Customers;
        operation.refuse(Code::AuthRequired);
    }
}

impl Describes for Admin {
    fn describe(operation: &mut Operation) {
        operation.access = Access::Admins;
        operation.refuse(Code::AuthRequired);
        operation.refuse(Code::AuthForbidden);
    }
}

#[cfg(test)]
mod tests;
