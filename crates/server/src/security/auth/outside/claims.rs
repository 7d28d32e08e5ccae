//! The claims of an identity provider's token, and what they mean here.

use serde_json::{Map, Value};

use crate::security::auth::principal::{Refused, Role};

/// Clocks of two machines differ by less than this.
const LEEWAY_S: u64 = 60;
const SUBJECT_BYTES_MAX: usize = 1_000;

/// The claims that a token must have, and those that name its user and role.
#[derive(Clone, Debug)]
pub struct Rules {
    pub issuer: String,
    pub audience: String,
    /// Where the user's id is. Dots lead into objects.
    pub user_claim: String,
    /// The id is the number of a user of the shop, and not a name of the provider's.
    pub is_number: bool,
    /// Where the roles are: a text, or a list of texts. Empty: everybody is a customer.
    pub role_claim: String,
    /// The provider's word for each role.
    pub words: Vec<(Role, String)>,
}

/// The claims of a token whose signature is valid.
pub(super) struct Claims {
    all: Map<String, Value>,
    pub(super) expires_s: u64,
}

impl Claims {
    pub(super) fn of(payload: Vec<u8>) -> Result<Claims, Refused> {
        let all: Map<String, Value> = serde_json::from_slice(&payload).map_err(|_| Refused)?;
        let expires_s = all.get("exp").and_then(seconds).ok_or(Refused)?;
        Ok(Claims { all, expires_s })
    }

    /// Returns the second of issue; 0 if the token does not say.
    pub(super) fn issued_s(&self) -> u64 {
        self.all.get("iat").and_then(seconds).unwrap_or(0)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all.get(name)?.as_str().map(str::to_owned)
    }

    /// Returns the claim at a path, or of a name that contains dots itself.
    fn at(&self, path: &str) -> Option<&Value> {
        if let Some(found) = self.all.get(path) {
            return Some(found);
        }
        let mut parts = path.split('.');
        let first = self.all.get(parts.next()?)?;
        parts.try_fold(first, |within, part| within.get(part))
    }
}

impl Rules {
    pub(super) fn check(&self, claims: &Claims, now_s: u64) -> Result<(), Refused> {
        let is_issuer = claims.all.get("iss").and_then(Value::as_str) == Some(&self.issuer);
        let is_audience = claims.all.get("aud").is_some_and(|audience| names(audience, &self.audience));
        let not_before = match claims.all.get("nbf") {
            Some(value) => seconds(value).ok_or(Refused)?,
            None => 0,
        };
        let is_now = not_before <= now_s.saturating_add(LEEWAY_S) && now_s < claims.expires_s;
        if is_issuer && is_audience && is_now { Ok(()) } else { Err(Refused) }
    }

    pub(super) fn subject(&self, claims: &Claims) -> Option<String> {
        let found = claims.at(&self.user_claim)?;
        let text = match found {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_u64()?.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty() && text.len() <= SUBJECT_BYTES_MAX).then_some(text)
    }

    /// Returns the highest role that the token names.
    pub(super) fn role(&self, claims: &Claims) -> Role {
        let Some(given) = claims.at(&self.role_claim).filter(|_| !self.role_claim.is_empty()) else {
            return Role::Customer;
        };
        let named = self.words.iter().filter(|(_, word)| !word.is_empty() && names(given, word));
        named.map(|(role, _)| *role).max().unwrap_or(Role::Customer)
    }
}

/// Returns true if a claim is this text, or a list that has it.
fn names(claim: &Value, text: &str) -> bool {
    match claim {
        Value::String(given) => given == text,
        Value::Array(given) => given.iter().any(|one| one.as_str() == Some(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Providers write times as whole numbers, some with a fraction (RFC 7519, 2).
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules {
            issuer: "https://id.example".to_owned(),
            audience: "shop".to_owned(),
            user_claim: "sub".to_owned(),
            is_number: false,
            role_claim: "realm_access.roles".to_owned(),
            words: vec![(Role::Admin, "shop-admin".to_owned()), (Role::Viewer, "shop-viewer".to_owned())],
        }
    }

    fn claims(changes: Value) -> Claims {
        let mut all = json!({"iss": "https://id.example", "aud": ["other", "shop"], "sub": "ann", "exp": NOW + 60});
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        all.as_object_mut().unwrap().extend(changes);
        Claims::of(all.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn a_token_is_of_this_issuer_for_this_audience_and_for_now() {
        let check = |changes: Value| rules().check(&claims(changes), NOW);
        assert_eq!(check(json!({})), Ok(()));
        assert_eq!(check(json!({"aud": "shop", "nbf": NOW + 30, "exp": NOW as f64 + 60.5})), Ok(()));
        for wrong in [
            json!({"iss": "https://id.example/"}),
            json!({"iss": ["https://id.example"]}),
            json!({"aud": "other"}),
            json!({"aud": []}),
            json!({"exp": NOW}),
            json!({"nbf": NOW + 61}),
            json!({"nbf": "now"}),
        ] {
            assert_eq!(check(wrong.clone()), Err(Refused), "{wrong}");
        }
        assert!(Claims::of(br#"{"iss":"https://id.example","aud":"shop"}"#.to_vec()).is_err(), "it must expire");
        assert!(Claims::of(b"[]".to_vec()).is_err());
    }

    #[test]
    fn the_highest_role_counts_wherever_the_provider_writes_it() {
        let role =
            |claim: &str, changes: Value| Rules { role_claim: claim.to_owned(), ..rules() }.role(&claims(changes));
        let nested = json!({"realm_access": {"roles": ["shop-viewer", "shop-admin", "x"]}});
        assert_eq!(role("realm_access.roles", nested.clone()), Role::Admin);
        assert_eq!(role("", nested), Role::Customer);
        assert_eq!(
            role("https://shop.example/role", json!({"https://shop.example/role": "shop-viewer"})),
            Role::Viewer
        );
        for none in [json!({}), json!({"role": "admin"}), json!({"role": 1}), json!({"role": {"shop-admin": true}})] {
            assert_eq!(role("role", none.clone()), Role::Customer, "{none}");
        }
        assert_eq!(role("realm_access.roles", json!({"realm_access": {"roles": [""]}})), Role::Customer);
    }

    #[test]
    fn a_subject_is_a_text_or_a_number() {
        let subject = |value: Value| rules().subject(&claims(json!({"sub": value})));
        assert_eq!(subject(json!("auth0|7")), Some("auth0|7".to_owned()));
        assert_eq!(subject(json!(7)), Some("7".to_owned()));
        for none in [json!(""), json!(-7), json!(7.5), json!(null), json!(["ann"])] {
            assert_eq!(subject(none.clone()), None, "{none}");
        }
    }
}
