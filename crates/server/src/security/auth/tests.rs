use app::commands::Command;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::security::auth::*;

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
const NOW: u64 = 1_800_000_000;
const ANN: Principal = Principal { user_id: 7, role: Role::Customer };

fn claims() -> Value {
    json!({"sub": "7", "role": "customer", "iss": "doorbuster", "aud": "doorbuster", "exp": NOW + 60})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed(header: Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn hs256(claims: &Value) -> String {
    signed(json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET)
}

#[track_caller]
fn check(token: &str, expected: Result<Principal, Refused>) {
    let tokens = Tokens::new(SECRET);
    let verify = || tokens.verify_at(token, NOW).map(|session| session.principal);
    assert_eq!(verify(), expected, "{token}");
    assert_eq!(verify(), expected, "again: {token}");
}

#[test]
fn a_minted_token_is_accepted() {
    let tokens = Tokens::new(SECRET);
    let admin = Principal { user_id: 1, role: Role::Admin };
    let token = tokens.mint(admin, Duration::from_secs(60));
    assert_eq!(tokens.verify(&token), Ok(admin));
    assert_eq!(Tokens::new(b"another secret").verify(&token), Err(Refused));
}

#[test]
fn a_token_signed_with_the_secret_is_accepted() {
    check(&hs256(&claims()), Ok(ANN));
    check(&hs256(&with("aud", json!(["other", "doorbuster"]))), Ok(ANN));
    check(&hs256(&with("nbf", json!(NOW))), Ok(ANN));
    check(&signed(json!({"alg": "HS256"}), &claims(), SECRET), Ok(ANN));
}

#[test]
fn a_token_expires_at_its_expiry_time() {
    let tokens = Tokens::new(SECRET);
    let token = hs256(&claims());
    let session = tokens.verify_at(&token, NOW + 59).unwrap();
    assert_eq!((session.principal, session.expires_s), (ANN, NOW + 60));
    assert_eq!(tokens.verify_at(&token, NOW + 60), Err(Refused), "although it was verified before");
    check(&hs256(&with("exp", json!(NOW))), Err(Refused));
    check(&hs256(&with("nbf", json!(NOW + 1))), Err(Refused));
}

#[test]
fn times_must_be_integers() {
    check(&hs256(&with("exp", json!((NOW + 60).to_string()))), Err(Refused));
    check(&hs256(&with("exp", json!(NOW as f64 + 60.5))), Err(Refused));
    check(&hs256(&with("exp", Value::Null)), Err(Refused));
    check(&hs256(&with("nbf", json!("0"))), Err(Refused));
    check(&hs256(&without("exp")), Err(Refused));
}

#[test]
fn only_our_algorithm_is_accepted() {
    for alg in ["none", "None", "HS512", "HS384", "RS256", "ES256", ""] {
        check(&signed(json!({"alg": alg}), &claims(), SECRET), Err(Refused));
    }
    let unsigned = hs256(&claims());
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    check(&format!("{message}."), Err(Refused));
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    check(&format!("{none}.{}.", message.split_once('.').unwrap().1), Err(Refused));
}

#[test]
fn foreign_and_forged_tokens_are_refused() {
    check(&signed(json!({"alg": "HS256"}), &claims(), b"a foreign secret"), Err(Refused));
    check(&signed(json!({"alg": "HS256", "crit": ["x"], "x": 1}), &claims(), SECRET), Err(Refused));
    check(&hs256(&with("aud", json!("another shop"))), Err(Refused));
    check(&hs256(&with("aud", json!([]))), Err(Refused));
    check(&hs256(&without("aud")), Err(Refused));
    check(&hs256(&with("iss", json!("another shop"))), Err(Refused));
    check(&hs256(&with("iss", json!(["doorbuster"]))), Err(Refused));
    check(&hs256(&with("role", json!("owner"))), Err(Refused));
    check(&hs256(&without("role")), Err(Refused));
    for garbage in ["", ".", "..", "a.b.c", "....", "\u{e9}"] {
        check(garbage, Err(Refused));
    }
}

#[test]
fn the_subject_is_a_user_id() {
    for sub in [json!("0"), json!("-7"), json!("+7"), json!("07"), json!("x"), json!(""), json!(7)] {
        check(&hs256(&with("sub", sub)), Err(Refused));
    }
    check(&hs256(&without("sub")), Err(Refused));
    // 2^53 is the first number that some JSON readers round.
    for sub in ["9007199254740992", "9223372036854775808"] {
        check(&hs256(&with("sub", json!(sub))), Err(Refused));
    }
}

#[test]
fn the_scheme_is_case_insensitive() {
    assert_eq!(bearer_token("bearer abc"), Some("abc"));
    assert_eq!(bearer_token("Bearer  abc"), Some("abc"));
    assert_eq!(bearer_token("Basic abc"), None);
    assert_eq!(bearer_token("abc"), None);
}

#[test]
fn the_memory_of_verified_tokens_holds_a_crowd_and_is_bounded() {
    let tokens = Tokens::new(SECRET);
    let token = |user_id: i64| format!("token {user_id}");
    let keep = |user_id| {
        let principal = Principal { user_id, role: Role::Customer };
        tokens.verified.keep(&token(user_id), Session { principal, expires_s: NOW, mark: 0 });
    };
    (1..=200_000).for_each(keep);
    let known = |user_id| tokens.verified.get(&token(user_id)).map(|session| session.principal.user_id);
    assert!((1..=200_000).all(|user_id| known(user_id) == Some(user_id)));
    assert_eq!(known(200_001), None);
    (200_001..=500_000).for_each(keep);
    assert!(tokens.verified.len() <= 16 * 28_672);
}

#[test]
fn a_token_that_ends_takes_no_other_one_with_it() {
    let tokens = Arc::new(Tokens::new(SECRET));
    let [here, there, elsewhere] = std::array::from_fn(|_| tokens.mint(ANN, Duration::from_secs(60)));
    assert!(here != there && there != elsewhere, "made in the same second");
    let session = |token: &str| tokens.verify_at(token, now_s());
    let streams = [&here, &there, &elsewhere].map(|token| OpenSession::begin(&tokens, session(token).unwrap()));
    let open = || streams.each_ref().map(|stream| !stream.left().is_zero());
    assert!(!tokens.has_ended_any());
    tokens.end(&here, &session(&here).unwrap());
    assert_eq!((session(&here), open()), (Err(Refused), [false, true, true]));

    // As another process learns of it: from the row.
    let Command::EndToken { mark, expires } = session(&there).unwrap().ending() else { panic!("another command") };
    let row = EndedToken { mark, ended: Timestamp::default(), expires };
    for _ in 0..2 {
        tokens.end_all(&[row]);
        assert_eq!((session(&there), open()), (Err(Refused), [false, false, true]));
        assert_eq!(session(&elsewhere).map(|session| session.principal), Ok(ANN));
    }
    // Another writing of the same token is no token.
    let (signed, signature) = here.rsplit_once('.').unwrap();
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let other = format!("{signed}.{}{last}", &signature[..signature.len() - 1]);
        assert_eq!(session(&other), Err(Refused), "{other}");
    }
}

#[test]
fn a_token_without_end_can_end() {
    let tokens = Tokens::new(SECRET);
    let token = hs256(&with("exp", json!(u64::MAX)));
    let session = tokens.verify_at(&token, NOW).unwrap();
    let Command::EndToken { mark, expires } = session.ending() else { panic!("another command") };
    tokens.end_all(&[EndedToken { mark, ended: Timestamp::default(), expires }]);
    assert_eq!(tokens.verify_at(&token, NOW), Err(Refused));
}

/// Measures the gain of remembering verified tokens: `cargo test -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_verified_token_is_accepted_faster() {
    let tokens = Tokens::new(SECRET);
    let token = hs256(&claims());
    let time = |label: &str, verify: &dyn Fn()| {
        let started = std::time::Instant::now();
        for _ in 0..100_000 {
            verify();
        }
        eprintln!("{label}: {:?} each", started.elapsed() / 100_000);
    };
    time("remembered", &|| assert!(tokens.verify_at(&token, NOW).is_ok()));
    time("verified", &|| {
        let decoded = jsonwebtoken::decode::<Claims>(&token, &tokens.verifying, &tokens.validation);
        assert!(decoded.is_ok());
    });
}

/// A claim's value as written by another issuer, or by a broken tool of ours.
fn claim() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<u64>().prop_map(|number| Value::from(number.to_string())),
        prop::sample::select(vec![
            json!(null),
            json!([]),
            json!({}),
            json!("admin"),
            json!(["doorbuster"]),
            json!(NOW + 1)
        ]),
    ]
}

proptest! {
    #[test]
    fn any_text_is_no_token(token in "\\PC{0,100}|[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{43}") {
        prop_assert_eq!(Tokens::new(SECRET).verify_at(&token, NOW), Err(Refused));
    }

    #[test]
    fn any_signed_claims_are_a_users_or_are_refused(
        name in prop::sample::select(vec!["sub", "role", "iss", "aud", "exp", "nbf"]),
        value in claim(),
        header in prop::sample::select(vec!["alg", "typ", "crit", "kid", "zip"]),
        in_header in claim(),
    ) {
        let tokens = Tokens::new(SECRET);
        let check = |token: &str| {
            if let Ok(session) = tokens.verify_at(token, NOW) {
                assert!(session.principal.user_id > 0 && session.expires_s > NOW);
            }
        };
        check(&hs256(&with(name, value)));
        let mut changed = json!({"alg": "HS256", "typ": "JWT"});
        changed[header] = in_header;
        check(&signed(changed, &claims(), SECRET));
    }
}
