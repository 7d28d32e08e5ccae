use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use server::security::auth::{Principal, Role, Tokens};

use crate::listening::{Answer, Listening, SECRET};

const HOUR: Duration = Duration::from_secs(3600);

fn ask(path: &str, token: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {token}\r\n\r\n");
    Listening::start().ask(&request)
}

fn mint(secret: &[u8], role: Role, ttl: Duration) -> String {
    Tokens::new(secret).mint(Principal { user_id: 7, role }, ttl)
}

#[track_caller]
fn check_refused(token: &str) {
    let answer = ask("/mine", token);
    answer.assert_problem(401, "auth.required");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn a_customer_is_known_by_the_token() {
    let answer = ask("/mine", &mint(SECRET, Role::Customer, HOUR));
    assert_eq!((answer.status, answer.body.as_str()), (200, "7"));
}

#[test]
fn admin_paths_are_for_admins() {
    ask("/admin", &mint(SECRET, Role::Customer, HOUR)).assert_problem(403, "auth.forbidden");
    assert_eq!(ask("/admin", &mint(SECRET, Role::Admin, HOUR)).status, 200);
    assert_eq!(ask("/mine", &mint(SECRET, Role::Admin, HOUR)).status, 200);
    let without = "GET /admin HTTP/1.1\r\nhost: shop\r\n\r\n";
    Listening::start().ask(without).assert_problem(401, "auth.required");
}

#[test]
fn two_tokens_are_refused() {
    let token = mint(SECRET, Role::Customer, HOUR);
    let twice = format!("authorization: Bearer {token}\r\n").repeat(2);
    let answer = Listening::start().ask(&format!("GET /mine HTTP/1.1\r\nhost: shop\r\n{twice}\r\n"));
    answer.assert_problem(401, "auth.required");
}

#[test]
fn bad_tokens_are_refused() {
    check_refused(&mint(SECRET, Role::Customer, Duration::ZERO));
    check_refused(&mint(b"a foreign secret", Role::Customer, HOUR));
    check_refused("garbage");
    let valid = mint(SECRET, Role::Customer, HOUR);
    let (_, claims_and_signature) = valid.split_once('.').unwrap();
    let (claims, _) = claims_and_signature.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    check_refused(&format!("{none}.{claims}."));
    let admin =
        URL_SAFE_NO_PAD.encode(r#"{"sub":"7","role":"admin","iss":"doorbuster","aud":"doorbuster","exp":9999999999}"#);
    let (header, _) = valid.split_once('.').unwrap();
    let (_, signature) = valid.rsplit_once('.').unwrap();
    check_refused(&format!("{header}.{admin}.{signature}"));
}
