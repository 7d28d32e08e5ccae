//! Sends any request to a whole shop with engine and store: the response is never a server error, and every client error is a
//! problem document.
#![no_main]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Request};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use server::api::{self, Surface};
use server::security::auth::{Principal, Role, Tokens};
use server::config::{Config, Synchronous};
use server::security::secret::Secret;
use server::wiring::{self, Running};
use tower::ServiceExt as _;

const SECRET: &str = "a secret of the fuzzer, long enough to be accepted";
/// Paths of streams, whose responses do not end.
const ENDLESS: [&str; 2] = ["/api/events", "/api/ws"];
/// All other paths.
static PATHS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let paths: BTreeSet<&str> = api::operations().into_iter().map(|operation| operation.path).collect();
    paths.into_iter().filter(|path| !ENDLESS.contains(path)).collect()
});
const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

struct Shop {
    router: Router,
    runtime: tokio::runtime::Runtime,
    bearer: HeaderValue,
    _engine: wiring::EngineThread,
}

impl Shop {
    fn open() -> Shop {
        let folder = std::env::temp_dir().join(format!("doorbuster-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room for a shop");
        let mut config = Config::load(None, []).expect("the defaults load");
        config.store.synchronous = Synchronous::Off;
        let secret = Secret::load(Some(SECRET), &folder).expect("a given secret is taken");
        let Running { shop, engine } = wiring::open(&config, &secret, &folder).expect("the shop opens");
        let admin = Principal { user_id: 1, role: Role::Admin };
        let token = Tokens::new(SECRET.as_bytes()).mint(admin, std::time::Duration::from_secs(1_000_000));
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is a header");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        Shop { router: api::router(&shop, Surface::Everything), runtime, bearer, _engine: engine }
    }
}

thread_local! {
    static SHOP: RefCell<Shop> = RefCell::new(Shop::open());
}

/// Builds a request from bytes: method, path, path parameter, then a line with the query, a line with a header, and the body.
fn request(bytes: &[u8], bearer: &HeaderValue) -> Option<Request<Body>> {
    let [method, path, parameter, rest @ ..] = bytes else { return None };
    let method = METHODS[usize::from(*method) % METHODS.len()];
    let path = PATHS[usize::from(*path) % PATHS.len()];
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let (query, header) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default().to_vec();
    let named = match path.split_once('{') {
        Some((before, after)) => {
            let after = after.split_once('}').map_or("", |(_, after)| after);
            format!("{before}{}{after}", parameter % 4)
        }
        None => path.to_owned(),
    };
    let query: String = query.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_graphic).collect();
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{named}?{}", query.replace('#', "")))
        .header(AUTHORIZATION, bearer)
        .header(CONTENT_TYPE, "application/json");
    if let Ok(value) = HeaderValue::from_bytes(header)
        && !value.is_empty()
    {
        request = request.header("idempotency-key", value);
    }
    request.body(Body::from(body)).ok()
}

fuzz_target!(|bytes: &[u8]| {
    SHOP.with_borrow(|shop| {
        let Some(request) = request(bytes, &shop.bearer) else { return };
        let described = format!("{} {}", request.method(), request.uri());
        shop.runtime.block_on(async {
            let Ok(response) = shop.router.clone().oneshot(request).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("a response ends").to_bytes();
            assert!(!head.status.is_server_error(), "{described}: {} {body:?}", head.status);
            if head.status.is_client_error() {
                assert_eq!(head.headers[CONTENT_TYPE], "application/problem+json", "{described}");
                let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem is JSON");
                assert!(problem["code"].is_string(), "{described}: {problem}");
            }
        });
    });
});
