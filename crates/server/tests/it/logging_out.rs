//! Logging out ends the token that does it, in every process and for good.

use serde_json::json;

use crate::buyers::until;
use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

const SESSION: &str = "/api/auth/session";
const OWN: (&str, &str) = ("origin", "http://shop");

/// The header of a browser that has just logged in.
fn cookie(shop: &TestShop) -> String {
    let answer = shop.ask_openly("POST", SESSION, &json!({"email": "ann@example.com", "password": "correct horse"}));
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn register(shop: &TestShop) {
    let body = json!({"email": "ann@example.com", "password": "correct horse", "name": "Ann"});
    shop.ask_openly("POST", "/api/users", &body).expect(201);
}

fn send(shop: &TestShop, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    shop.client().send(method, path, headers, "").unwrap()
}

fn log_out(shop: &TestShop, headers: &[(&str, &str)]) {
    let answer = send(shop, "DELETE", SESSION, headers);
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert!(answer.header("set-cookie").unwrap().contains("doorbuster_session=; Path=/; Max-Age=0"), "{answer:?}");
}

/// A token is accepted; it does not matter in which header it is.
fn is_open(shop: &TestShop, header: (&str, &str)) -> bool {
    match send(shop, "GET", "/api/orders", &[header]) {
        answer if answer.status == 200 => true,
        answer => {
            assert_eq!(answer.problem(401), "auth.required");
            false
        }
    }
}

fn on_both_stores(check: impl Fn(TestShop)) {
    check(TestShop::start());
    let Some(database) = Database::new("a_token_ends_on_the_shared_store") else { return };
    check(database.shop());
}

#[test]
fn a_token_that_logs_out_ends_for_good_and_no_other_does() {
    on_both_stores(|mut shop| {
        register(&shop);
        let [here, elsewhere] = [(); 2].map(|()| cookie(&shop));
        let token = here.strip_prefix("doorbuster_session=").unwrap();
        let bearer = format!("Bearer {token}");
        let program = shop.bearer(ANN);
        assert!(is_open(&shop, ("cookie", &here)) && is_open(&shop, ("authorization", &bearer)));
        log_out(&shop, &[("cookie", &here), OWN]);
        let check = |shop: &TestShop| {
            assert!(!is_open(shop, ("cookie", &here)) && !is_open(shop, ("authorization", &bearer)));
            assert!(is_open(shop, ("cookie", &elsewhere)));
        };
        check(&shop);
        // A new login counts, also in the second of the end.
        assert!(is_open(&shop, ("cookie", &cookie(&shop))));
        assert!(is_open(&shop, ("authorization", &program)));
        log_out(&shop, &[("authorization", &program)]);
        assert!(!is_open(&shop, ("authorization", &program)));
        // Without a valid token there is nothing to end.
        log_out(&shop, &[("cookie", &here), OWN]);
        log_out(&shop, &[("authorization", "Bearer x")]);
        log_out(&shop, &[("authorization", "Basic x")]);
        log_out(&shop, &[]);

        shop.kill();
        shop.open();
        check(&shop);
        assert!(!is_open(&shop, ("authorization", &program)));
    });
}

#[test]
fn a_page_of_another_site_logs_nobody_out() {
    let shop = TestShop::start();
    register(&shop);
    let session = cookie(&shop);
    for origin in ["http://evil.example", "null"] {
        let answer = send(&shop, "DELETE", SESSION, &[("cookie", &session), ("origin", origin)]);
        assert_eq!((answer.problem(403).as_str(), answer.header("set-cookie")), ("auth.forbidden", None));
    }
    assert!(is_open(&shop, ("cookie", &session)));
    // Every browser names the origin. A program that keeps cookies does not.
    log_out(&shop, &[("cookie", &session)]);
    assert!(!is_open(&shop, ("cookie", &session)));
}

#[test]
fn other_processes_learn_of_it_within_seconds() {
    let Some(database) = Database::new("other_processes_learn_of_ended_tokens") else { return };
    let [one, two] = [(); 2].map(|()| database.shop());
    let [here, elsewhere] = [(); 2].map(|()| one.bearer(ANN));
    for shop in [&one, &two] {
        assert!(is_open(shop, ("authorization", &here)) && is_open(shop, ("authorization", &elsewhere)));
    }
    let began = std::time::Instant::now();
    log_out(&one, &[("authorization", &here)]);
    assert!(!is_open(&one, ("authorization", &here)), "at once where it happened");
    until("the other process refuses it", || !is_open(&two, ("authorization", &here)));
    eprintln!("another process refused the token after {:?}", began.elapsed());
    assert!(is_open(&two, ("authorization", &elsewhere)));
    let late = database.shop();
    assert!(!is_open(&late, ("authorization", &here)) && is_open(&late, ("authorization", &elsewhere)));
}
