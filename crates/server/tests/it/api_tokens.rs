//! Tokens that another system signs with the shop's secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::Answer;
use crate::shop::{SECRET, TestShop};

/// Returns the part of a token that is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

/// Returns a token of these parts, signed as the shop signs.
pub(crate) fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let message = message(header, claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn with_authorization(shop: &TestShop, value: &str) -> Answer {
    shop.client().send("GET", "/api/orders", &[("authorization", value)], "").unwrap()
}

fn claims() -> Value {
    json!({"sub": "1", "role": "customer", "iss": "doorbuster", "aud": "doorbuster", "exp": 4_000_000_000_u32})
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

#[test]
fn a_foreign_token_is_valid_if_it_is_signed_with_the_shops_secret() {
    let shop = TestShop::start();
    let token = signed(&header(), &claims(), SECRET);
    for value in [format!("Bearer {token}"), format!("bearer {token}")] {
        with_authorization(&shop, &value).expect(200);
    }
}

#[test]
fn an_invalid_token_is_refused() {
    let shop = TestShop::start();
    let valid = signed(&header(), &claims(), SECRET);
    let mut bad = vec![String::new(), "x".to_owned(), "a.b.c".to_owned(), "..".to_owned(), valid[1..].to_owned()];
    bad.push(signed(&header(), &claims(), "a secret of somebody else, as long as ours is"));
    for (claim, value) in [
        ("exp", json!(1)),
        ("exp", json!("4000000000")),
        ("exp", json!(4e99)),
        ("exp", Value::Null),
        ("nbf", json!(4_000_000_000_u32)),
        ("iss", json!("another shop")),
        ("aud", json!("another shop")),
        ("aud", json!([])),
        ("role", json!("owner")),
        ("role", json!(["admin"])),
        ("sub", json!(1)),
        ("sub", json!("0")),
        ("sub", json!("-1")),
        ("sub", json!("01")),
        ("sub", json!("1 or 1=1")),
        ("sub", json!("9223372036854775808")),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        bad.push(signed(&header(), &claims, SECRET));
    }
    for claim in ["sub", "role", "iss", "aud", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        bad.push(signed(&header(), &claims, SECRET));
    }
    for algorithm in ["none", "None", "HS384", "RS256", "ES256"] {
        let token = signed(&json!({"alg": algorithm, "typ": "JWT"}), &claims(), SECRET);
        bad.push(format!("{}.", token.rsplit_once('.').unwrap().0));
        bad.push(token);
    }
    bad.push(signed(&json!({"alg": "HS256", "crit": ["exp"]}), &claims(), SECRET));
    for token in bad {
        let answer = with_authorization(&shop, &format!("Bearer {token}"));
        assert_eq!(answer.problem(401), "auth.required", "{token}");
        assert!(!answer.text.contains("signature"), "why it is bad is nobody's business");
    }
    for value in ["", "Bearer", "Basic YTpi", &valid, "Bearer\u{e9}"] {
        assert_eq!(with_authorization(&shop, value).problem(401), "auth.required", "{value}");
    }
}

#[test]
fn a_signature_is_valid_for_its_own_claims_only() {
    let shop = TestShop::start();
    let customer = signed(&header(), &claims(), SECRET);
    let mut claims = claims();
    claims["role"] = json!("admin");
    let parts: Vec<&str> = customer.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    let answer = shop.client().send("GET", "/api/admin/orders", &[("authorization", &format!("Bearer {forged}"))], "");
    assert_eq!(answer.unwrap().problem(401), "auth.required");
}
