//! Random requests to a whole shop in this process: each gets an answer or a problem document, never a server error,
//! and the audit is clean afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use app::audit::inspect;
use app::ports::Clock as _;
use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Request};
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::{Value, json};
use server::api::{self, Surface};
use server::config::{Config, Synchronous};
use server::security::auth::{Principal, Role};
use server::security::secret::Secret;
use server::wiring::{self, Running};
use tower::ServiceExt as _;

/// Streams do not end by themselves; a password hash takes a core for ten milliseconds.
const LEFT_OUT: [&str; 4] = ["/api/events", "/api/ws", "/api/users", "/api/auth/login"];
const CASES: u32 = 1_500;

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: String,
    key: Vec<u8>,
    body: Vec<u8>,
}

/// An arbitrary number, mostly one that exists.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![4 => (0_i64..4).prop_map(Value::from), 1 => any::<i64>().prop_map(Value::from), 1 => any::<f64>().prop_map(Value::from)]
}

/// Bodies with known members, some missing and some of the wrong type.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let time = prop::sample::select(vec!["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "9999-99-99", ""]);
    let order = (number(), number(), number(), prop::sample::select(vec!["ON_DELIVERY", "PREPAID", ""])).prop_map(
        |(product, quantity, points, payment)| {
            json!({"items": [{"productId": product, "quantity": quantity}], "couponId": 1, "pointsToUse": points, "payment": payment})
        },
    );
    let campaign = (number(), number(), time).prop_map(|(value, quantity, ends)| {
        json!({"name": "A", "discount": {"type": "FIXED", "value": value}, "totalQuantity": quantity,
               "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": ends, "validUntil": "2099-12-31T00:00:00Z"})
    });
    let product = (number(), number()).prop_map(|(price, stock)| json!({"name": "A", "price": price, "stock": stock}));
    let small = prop_oneof![
        number().prop_map(|amount| json!({"amount": amount})),
        number().prop_map(|delta| json!({"delta": delta, "reason": "count"})),
        number().prop_map(|coupon| json!({"couponId": coupon})),
        number().prop_map(|quantity| json!({"totalQuantity": quantity})),
        Just(json!({})),
    ];
    let ours = prop_oneof![order, campaign, product, small].prop_map(|document| document.to_string().into_bytes());
    prop_oneof![8 => ours, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

fn asked() -> impl Strategy<Value = Asked> {
    let paths: BTreeSet<&str> = api::operations().into_iter().map(|operation| operation.path).collect();
    let paths: Vec<&str> = paths.into_iter().filter(|path| !LEFT_OUT.contains(path)).collect();
    let method = prop::sample::select(vec!["GET", "POST", "POST", "PATCH"]);
    let parameter = prop_oneof![4 => "[0-3]", 1 => "[A-Z0-9-]{1,20}", 1 => "(%[0-9A-F]{2}){1,4}"];
    let query = prop_oneof![2 => Just(String::new()), 1 => "[ -\"$-~&&[^ \"<>`]]{0,30}", 1 => "limit=[0-9]{1,3}&cursor=[A-Za-z0-9_-]{0,40}"];
    let key = prop_oneof![2 => Just(vec![]), 1 => "[a-c]".prop_map(String::into_bytes), 1 => prop::collection::vec(any::<u8>(), 0..20)];
    (method, prop::sample::select(paths), parameter, query, key, document()).prop_map(
        |(method, path, parameter, query, key, body)| {
            let path = match path.split_once('{') {
                Some((before, after)) => format!("{before}{parameter}{}", after.split_once('}').unwrap().1),
                None => path.to_owned(),
            };
            Asked { method, path: format!("{path}?{query}"), key, body }
        },
    )
}

async fn check(router: Router, bearer: &str, asked: &Asked) {
    let Asked { method, path, key, body } = asked;
    let mut request = Request::builder().method(*method).uri(path).header(AUTHORIZATION, bearer);
    request = request.header(CONTENT_TYPE, "application/json");
    if let Ok(key) = HeaderValue::from_bytes(key)
        && !key.is_empty()
    {
        request = request.header("idempotency-key", key);
    }
    let Ok(request) = request.body(Body::from(body.clone())) else { return };
    let Ok(response) = router.oneshot(request).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert!(!head.status.is_server_error(), "{asked:?}: {} {body:?}", head.status);
    let is_page = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/html; charset=utf-8");
    if head.status.is_client_error() && !is_page {
        assert_eq!(head.headers[CONTENT_TYPE], "application/problem+json", "{asked:?}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(problem["code"].is_string(), "{asked:?}: {problem}");
    }
}

#[test]
fn any_request_is_answered_and_everything_adds_up() {
    let folder = std::env::temp_dir().join(format!("doorbuster-any-request-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = Config::load(None, []).unwrap();
    config.store.synchronous = Synchronous::Off;
    config.server.data_dir = folder.clone();
    let secret = Secret::load(Some("a secret of the tests, long enough for everybody"), &folder).unwrap();
    let Running { shop, engine } = wiring::open(&config, &secret, &folder).unwrap();
    let admin = Principal { user_id: 1, role: Role::Admin };
    let bearer = format!("Bearer {}", shop.tokens.mint(admin, Duration::from_secs(3_600)));
    let router = api::router(&shop, Surface::Everything);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Cases are not shrunk, because a request depends on those before it.
    let mut runner =
        TestRunner::new(Cases { cases: CASES, max_shrink_iters: 0, failure_persistence: None, ..Cases::default() });
    let outcome = runner.run(&asked(), |asked| {
        runtime.block_on(check(router.clone(), &bearer, &asked));
        Ok(())
    });
    drop((shop, router));
    engine.stop().unwrap();
    outcome.unwrap();
    let audit = inspect(wiring::snapshot(&config).unwrap().as_mut(), wiring::clock().now()).unwrap().audit;
    assert!(audit.is_clean(), "{:?}", audit.violations);
    std::fs::remove_dir_all(&folder).unwrap();
}
