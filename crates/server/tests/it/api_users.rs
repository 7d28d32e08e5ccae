use serde_json::{Value, json};

use crate::api_asking::assert_like;
use crate::client::Answer;
use crate::shop::{ANN, TestShop};

fn register(shop: &TestShop, email: &str, password: &str, name: &str) -> Answer {
    shop.ask_openly("POST", "/api/users", &json!({"email": email, "password": password, "name": name}))
}

fn login(shop: &TestShop, email: &str, password: &str) -> Answer {
    shop.ask_openly("POST", "/api/auth/login", &json!({"email": email, "password": password}))
}

fn get_with_token(shop: &TestShop, token: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    shop.client().send("GET", path, &[("authorization", &bearer)], "").unwrap()
}

#[test]
fn a_registered_user_can_log_in() {
    let shop = TestShop::start();
    let registered = register(&shop, "ann@example.com", "correct horse", "Ann").expect(201);
    assert_like(&registered, &json!({"userId": "<integer>"}));
    let logged_in = login(&shop, " Ann@Example.com ", "correct horse").expect(200);
    assert_like(&logged_in, &json!({"accessToken": "<text>", "expiresIn": 86_400}));
    let token = logged_in["accessToken"].as_str().unwrap();
    assert_eq!(get_with_token(&shop, token, "/api/points").expect(200), json!({"balance": 0}));
    assert_eq!(get_with_token(&shop, token, "/api/admin/orders").problem(403), "auth.forbidden");
}

#[test]
fn an_address_can_be_registered_once() {
    let shop = TestShop::start();
    register(&shop, "ann@example.com", "correct horse", "Ann").expect(201);
    assert_eq!(register(&shop, "ANN@example.com", "another horse", "Ann B").problem(409), "user.email_taken");
    login(&shop, "ann@example.com", "correct horse").expect(200);
}

#[test]
fn an_unknown_address_and_a_wrong_password_look_the_same() {
    let shop = TestShop::start();
    register(&shop, "ann@example.com", "correct horse", "Ann").expect(201);
    let told = |answer: Answer| {
        assert_eq!(answer.problem(401), "auth.invalid_credentials");
        answer.json()["detail"].clone()
    };
    let wrong = told(login(&shop, "ann@example.com", "wrong horse"));
    assert_eq!(wrong, told(login(&shop, "bob@example.com", "correct horse")));
    assert_eq!(wrong, told(login(&shop, "", "")));
}

#[test]
fn the_first_admins_password_comes_from_the_environment() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ADMIN__PASSWORD", "let the admin in")]);
    let logged_in = login(&shop, "admin@doorbuster.local", "let the admin in").expect(200);
    let token = logged_in["accessToken"].as_str().unwrap();
    get_with_token(&shop, token, "/api/admin/orders").expect(200);
}

#[test]
fn a_registered_id_is_never_that_of_a_user_known_by_a_token() {
    let shop = TestShop::start();
    (1..=5).for_each(|user| shop.charge(user, 100));
    for number in 0..8 {
        let registered = register(&shop, &format!("user{number}@example.com"), "correct horse", "User").expect(201);
        let id = registered["userId"].as_i64().unwrap();
        assert!(!(1..=5).contains(&id), "{id} belongs to somebody");
    }
}

#[test]
fn a_read_creates_no_user() {
    let shop = TestShop::start();
    let before = shop.audit();
    for path in ["/api/points", "/api/points/history", "/api/users/me/coupons", "/api/orders"] {
        shop.get(77, path).expect(200);
    }
    assert_eq!(shop.audit(), before);
}

#[test]
fn each_value_of_a_registration_is_checked() {
    let shop = TestShop::start();
    let all = shop.ask_openly("POST", "/api/users", &json!({"email": "x", "password": "short", "name": ""}));
    all.expect(400);
    let pointers: Vec<Value> =
        all.json()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["#/name", "#/email", "#/password"]);
    let long = "x".repeat(201);
    for (email, password, name, pointer) in [
        ("no-at.example.com", "correct horse", "Ann", "#/email"),
        ("@example.com", "correct horse", "Ann", "#/email"),
        ("ann@", "correct horse", "Ann", "#/email"),
        ("a b@example.com", "correct horse", "Ann", "#/email"),
        ("a\u{0}@example.com", "correct horse", "Ann", "#/email"),
        (&format!("{long}{long}@example.com"), "correct horse", "Ann", "#/email"),
        ("ann@example.com", "1234567", "Ann", "#/password"),
        ("ann@example.com", &long, "Ann", "#/password"),
        ("ann@example.com", "correct horse", " ", "#/name"),
        ("ann@example.com", "correct horse", &long, "#/name"),
        ("ann@example.com", "correct horse", "A\u{0}n", "#/name"),
    ] {
        let answer = register(&shop, email, password, name);
        assert_eq!(answer.complaint(400), ("validation.failed".to_owned(), pointer.to_owned()));
    }
}

#[test]
fn a_registration_that_is_repeated_with_its_key_is_one() {
    let shop = TestShop::start();
    let send = |password: &str| {
        let body = json!({"email": "ann@example.com", "password": password, "name": "Ann"}).to_string();
        let headers = [("content-type", "application/json"), ("idempotency-key", "first")];
        shop.client().send("POST", "/api/users", &headers, &body).unwrap()
    };
    let first = send("correct horse");
    let again = send("correct horse");
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    assert_eq!(send("another horse").problem(422), "idempotency.mismatch");
}

#[test]
fn a_customer_is_created_by_their_first_write() {
    let shop = TestShop::start();
    shop.charge(ANN, 500);
    assert_eq!(shop.balance(ANN), 500);
}

#[test]
fn accents_may_be_encoded_in_either_way_and_invisible_characters_are_refused() {
    let shop = TestShop::start();
    let (one, two) = ("caf\u{e9}", "cafe\u{301}");
    register(&shop, &format!("{two}@example.com"), &format!("{two} password"), "Ann").expect(201);
    for spelling in [one, two] {
        login(&shop, &format!("{spelling}@example.com"), &format!("{spelling} password")).expect(200);
    }
    let again = register(&shop, &format!("{one}@example.com"), "another password", "Ann");
    assert_eq!(again.problem(409), "user.email_taken");
    for (email, name, pointer) in [
        ("bob\u{200b}@example.com", "Bob", "#/email"),
        ("bob@\u{feff}example.com", "Bob", "#/email"),
        ("bob@example.com", "B\u{2060}ob", "#/name"),
    ] {
        assert_eq!(register(&shop, email, "correct horse", name).complaint(400).1, pointer, "{email:?} {name:?}");
    }
}
