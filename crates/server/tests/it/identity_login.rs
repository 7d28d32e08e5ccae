//! People log in with a browser at an identity provider: the way to its page, and the way back.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::client::Answer;
use crate::identity::{Key, Provider, claims, with};
use crate::shop::TestShop;

const PAGE: &str = "/login/provider";
const RETURN: &str = "/login/provider/return";

/// A browser at the provider's login page.
struct Visitor {
    cookie: String,
    /// What the provider's page was asked for.
    asked: HashMap<String, String>,
}

impl Visitor {
    fn begin(shop: &TestShop, next: &str) -> Visitor {
        let answer = shop.client().send("GET", &format!("{PAGE}?next={next}"), &[], "").unwrap();
        assert_eq!(answer.status, 303, "{}", answer.text);
        let (page, query) = answer.header("location").unwrap().split_once('?').unwrap();
        assert_eq!(page, "https://id.example/authorize");
        let set = answer.header("set-cookie").unwrap();
        assert!(set.ends_with("; Path=/login/provider; Max-Age=600; HttpOnly; SameSite=Lax"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        Visitor { cookie, asked: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    fn come_back(&self, shop: &TestShop, query: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("accept-language", "en")];
        shop.client().send("GET", &format!("{RETURN}?{query}"), &headers, "").unwrap()
    }

    fn state(&self) -> &str {
        &self.asked["state"]
    }
}

const LOGIN: [(&str, &str); 4] = [
    ("DOORBUSTER__AUTH__LOGIN__SHOP_URL", "http://127.0.0.1:8080"),
    ("DOORBUSTER__AUTH__LOGIN__AUTHORIZE_URL", "https://id.example/authorize"),
    ("DOORBUSTER__AUTH__LOGIN__NAME", "Example <ID>"),
    ("DOORBUSTER_LOGIN_SECRET", "a secret: with a colon"),
];

impl Provider {
    fn shop_with_login(&self) -> TestShop {
        let token_url = self.url.replace("/keys", "/token");
        let mut settings = LOGIN.to_vec();
        settings.push(("DOORBUSTER__AUTH__LOGIN__TOKEN_URL", &token_url));
        self.shop(&settings)
    }

    fn gives(&self, id_token: String) {
        self.login.lock().unwrap().id_token = id_token;
    }
}

fn cookies(answer: &Answer) -> impl Iterator<Item = &str> {
    answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).map(|(_, value)| value.as_str())
}

#[test]
fn a_browser_logs_in_at_the_provider_and_opens_the_dashboard() {
    let key = Key::ec();
    let provider = Provider::start(&[key.published("e")]);
    let shop = provider.shop_with_login();
    let login = shop.client().send("GET", "/login?next=/admin", &[], "").unwrap();
    assert!(login.text.contains("/login/provider?next=%2Fadmin") && login.text.contains("Example &lt;ID&gt;"));

    let visitor = Visitor::begin(&shop, "/admin");
    let asked = |name: &str| visitor.asked[name].as_str();
    assert_eq!((asked("response_type"), asked("client_id")), ("code", "shop"));
    assert_eq!(asked("redirect_uri"), "http://127.0.0.1:8080/login/provider/return");
    let mut claims = with("realm_access", json!({"roles": ["shop-operator"]}));
    claims["nonce"] = json!(asked("nonce"));
    provider.gives(key.token("e", &claims));
    let back = visitor.come_back(&shop, &format!("code=a%26b&state={}", visitor.state()));
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(back.header("refresh"), Some("0; url=/admin"));
    let cookies: Vec<&str> = cookies(&back).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("doorbuster_session=")).unwrap();
    assert!(session.contains("HttpOnly; SameSite=Strict"), "{session}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("doorbuster_login=;")), "the attempt is over: {cookies:?}");

    let exchanges = provider.login.lock().unwrap();
    let [(identity, form)] = exchanges.asked.as_slice() else { panic!("one exchange: {:?}", exchanges.asked) };
    assert_eq!(*identity, format!("Basic {}", STANDARD.encode("shop:a+secret%3A+with+a+colon")));
    let sent = |name: &str| form[name].as_str();
    assert_eq!((sent("grant_type"), sent("code"), sent("client_id")), ("authorization_code", "a&b", "shop"));
    assert_eq!(sent("redirect_uri"), asked("redirect_uri"));
    let digest = ring::digest::digest(&ring::digest::SHA256, sent("code_verifier").as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(digest), asked("code_challenge"));

    let session = session.split(';').next().unwrap();
    let visit = |path: &str| shop.client().send("GET", path, &[("cookie", session)], "").unwrap();
    assert_eq!(visit("/admin/orders").status, 200);
    let me = visit("/api/users/me").expect(200);
    assert_eq!((&me["name"], &me["role"]), (&json!("Ann"), &json!("operator")));
}

#[test]
fn a_login_that_the_shop_did_not_begin_or_the_provider_does_not_confirm_fails() {
    let (key, stranger) = (Key::ec(), Key::ec());
    let provider = Provider::start(&[key.published("e")]);
    let shop = provider.shop_with_login();
    let refused = |answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(cookies(answer).all(|cookie| cookie.starts_with("doorbuster_login=;")), "no session");
        assert!(answer.text.contains("You are not logged in"), "{}", answer.text);
    };
    let visitor = Visitor::begin(&shop, "https://evil.example");
    let good = with("nonce", json!(visitor.asked["nonce"]));
    provider.gives(key.token("e", &good));
    let answered = format!("code=c&state={}", visitor.state());
    for query in ["", "code=c", "code=c&state=x", &format!("state={}", visitor.state())] {
        refused(&visitor.come_back(&shop, query), 403);
    }
    refused(&visitor.come_back(&shop, &format!("error=access_denied&state={}", visitor.state())), 403);
    let other = Visitor::begin(&shop, "/");
    refused(&other.come_back(&shop, &answered), 403);
    assert!(
        provider.login.lock().unwrap().asked.is_empty(),
        "the provider is asked only about the shop's own attempts"
    );

    let mut wrong = good.clone();
    wrong["aud"] = json!("another shop");
    let id_tokens =
        [key.token("e", &claims()), key.token("e", &wrong), stranger.token("e", &good), "x".to_owned(), String::new()];
    for id_token in id_tokens {
        provider.gives(id_token);
        refused(&visitor.come_back(&shop, &answered), 403);
    }
    provider.gives(key.token("e", &good));
    for (status, shown) in [(400, 403), (401, 403), (503, 503)] {
        provider.login.lock().unwrap().status = status;
        refused(&visitor.come_back(&shop, &answered), shown);
    }
    provider.login.lock().unwrap().status = 200;
    let back = visitor.come_back(&shop, &answered);
    assert_eq!((back.status, back.header("refresh")), (200, Some("0; url=/")), "never to another site");

    let without = provider.shop(&[]);
    assert!(!without.client().send("GET", "/login", &[], "").unwrap().text.contains(PAGE));
    for path in [PAGE, RETURN] {
        assert_eq!(without.client().send("GET", path, &[], "").unwrap().status, 404);
    }
}
