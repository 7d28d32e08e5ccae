//! People log in at an identity provider outside of the shop: its tokens are verified by the keys that it publishes.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use crate::api_tokens::{message, signed};
use crate::buyers::until;
use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

const ISSUER: &str = "https://id.example";
/// A key for this test alone.
const RSA_KEY: &str = "\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDjSJuMEqcPLcUveG5+lkCD2BBb\
    hEFzo/iqtVG2DgryMnAq/zXu4MPdovApQ/eLhKGs0lOknCIkuWay8ojHp/FP+V0+9iHYbUpZw/6e\
    AwR4uRIfZDq3VldteF2166eMaOBUqjPj+p1n8mf9rKNs9AEBnnlkaKoB/TLBsPoGwDTG2LedVdAq\
    DxqGF06zwfgygdJytLkIdrKOZoVSqs0c7wg5SdgptNJQSa3wsji+6/6RbCmL2jLL39IFhOLIuW0E\
    TuRGfYlFbz/gShKA81rYkdjWh0xu2OXf4hSK1axFcmjhGxgnEtglaaDXWfxsBTeYeIPBOxIJnfzd\
    3fw5HGSKT8x7AgMBAAECggEAFNdQGBiPxBcM2U0ASNBLSyuxWEr423tCLpkgzIJeI5ZXbcHoNqba\
    nwS1Y/tNBDidwKSqsdH1WYu8rJUL0M8IFC7IC6FzOg7Pfgq4WtHpA47o6AL/VVdv/eRHJ4rb2sa1\
    J15SEsoky+bQ/VRqye9X9keLVxc326XVlSg+zQar8D27zlwcgpMDAUDPhoL5XUEjz9qm6xq5kJcV\
    Oc/w8NtMLxWijqe6x+Er/2m8D19Se5aiZolgibMZq9yc84clVjonbl712HEJsc5dIEICQtVYFBHD\
    M4YpgH0PQvaAd4QNvD4UYsse6mbFRWDQHDbwc3XHOae9gR37vB/rb9i6YdgtPQKBgQD+79qlmPDb\
    5hdaN0LUZ6aQl66Sje3d2FxWbdO29RO5oGoBKFq45OxB97qRe1JxHGgNvmr6H7w2UM9rW1vAK7K/\
    jB0JJ8FgeLv+6ix+XGVxWw01GCjAuLrux4yKJxBV74Rrob+N3XKMO57N/oLTwovZVSCaCZbPrXbj\
    TjC+ZDT+VwKBgQDkOzvIwEu8uowH2vBqmpdk1Gw02E+BpocBuM6I3NnAG5kIr1YTjq6DvUEzuv04\
    OEkvB1uJkKgeW/veo5ykgIlURIflQCsQ4+DZhWP82IueA1UlZ8wnK4RHsTDrKjmNK2dRxMFbjdzP\
    jHSuHiUXNDVEp9Q3QWAxotbEwGZC2NPEfQKBgQC0ul0KoE2/1nIfpqVd5s0SHDXJ94v1hXiQXPOF\
    9F+zbKE5iN4nzUIf0fsVP5PGVBkABUnZX74R01/3/6Afr9rcJ/w9jU1tkqnToTdBrUbNAXtvdF0P\
    ouYCeLyNA/x0r4P0uYoOjDq0Z1/BMPiWHoj93XdrO/kJ6TMrGTc9AdT/qQKBgFEe9KrwHntgWvFX\
    0mgxtmnyTtuhnvDYPdhQ1agzx3nO1WAO4itlZYYRuKEob2SSLQD4PoLw1bCkxStnQAAAZ8955EuJ\
    uUTxmjP2g4mVdlqdmKAI+rlZcFUDF/4eLgKNUNXxd0CRddCXfcl9kXVj6yMR/A3/wK8jz+5y7GYK\
    J4sJAoGALS9P1aoANgVg1J6081+ZilBOTa++8iJkyjOTRcvb7QKh+YR7NEtVIhXr8B4EgmwagFwR\
    GfMs7Xa1O/6iU86mLUxEa1nmnngpMHu1asN0iM9c2H7lDJk0p4KRQZcmDa/UKQT0AE8wtHGpMlKh\
    yVq6TDPZ2+FbqUoR4+Kg948j1Es=";

/// A key of the provider.
pub(crate) enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Key {
    fn rsa() -> Key {
        Key::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA_KEY).unwrap()).unwrap())
    }

    pub(crate) fn ec() -> Key {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Key::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap())
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Key::Rsa(_) => "RS256",
            Key::Ec(_) => "ES256",
        }
    }

    pub(crate) fn published(&self, id: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Key::Rsa(key) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = key.public().into();
                let [n, e] = [n, e].map(|part| encode(&part));
                json!({"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "n": n, "e": e})
            }
            Key::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Key::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    pub(crate) fn token(&self, id: &str, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "kid": id, "typ": "JWT"}), claims)
    }

    fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes())))
    }
}

/// An identity provider; without keys it answers nothing, as if it were down.
pub(crate) struct Provider {
    pub(crate) url: String,
    keys: Arc<Mutex<Option<Value>>>,
    pub(crate) login: Arc<Mutex<Exchanges>>,
}

/// The exchanges of codes for tokens.
#[derive(Default)]
pub(crate) struct Exchanges {
    /// What the next one gets.
    pub(crate) status: u16,
    pub(crate) id_token: String,
    /// The header `authorization` and the form of each.
    pub(crate) asked: Vec<(String, HashMap<String, String>)>,
}

impl Provider {
    pub(crate) fn start(keys: &[Value]) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(Some(json!({"keys": keys}))));
        let keys = Arc::clone(&answer);
        let login = Arc::new(Mutex::new(Exchanges { status: 200, ..Exchanges::default() }));
        let exchanges = Arc::clone(&login);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(&stream);
                let head: Vec<String> =
                    reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let is_exchange = head.first().is_some_and(|line| line.starts_with("POST /token "));
                let answer = if is_exchange {
                    let mut form = vec![0; header(&head, "content-length").parse().unwrap()];
                    reader.read_exact(&mut form).unwrap();
                    Some(exchanges.lock().unwrap().answer(header(&head, "authorization"), &form))
                } else {
                    answer.lock().unwrap().clone().map(|keys| (200, keys))
                };
                let Some((status, body)) = answer else { continue };
                let body = body.to_string();
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _sent = (&stream).write_all((head + &body).as_bytes());
            }
        });
        Provider { url, keys, login }
    }

    fn publish(&self, keys: Option<&[Value]>) {
        *self.keys.lock().unwrap() = keys.map(|keys| json!({"keys": keys}));
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let role = "realm_access.roles".to_owned();
        vec![
            ("DOORBUSTER__AUTH__JWKS__URL", self.url.clone()),
            ("DOORBUSTER__AUTH__JWKS__ISSUER", ISSUER.to_owned()),
            ("DOORBUSTER__AUTH__JWKS__AUDIENCE", "shop".to_owned()),
            ("DOORBUSTER__AUTH__JWKS__ROLE_CLAIM", role),
            ("DOORBUSTER__AUTH__JWKS__OPERATOR", "shop-operator".to_owned()),
            ("DOORBUSTER__AUTH__JWKS__REFRESH_S", "1".to_owned()),
        ]
    }

    pub(crate) fn shop(&self, more: &[(&str, &str)]) -> TestShop {
        let own = self.settings();
        let mut all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        TestShop::start_with(&all)
    }
}

impl Exchanges {
    fn answer(&mut self, authorization: &str, form: &[u8]) -> (u16, Value) {
        self.asked.push((authorization.to_owned(), form_urlencoded::parse(form).into_owned().collect()));
        (self.status, json!({"access_token": "x", "token_type": "Bearer", "id_token": self.id_token}))
    }
}

fn header<'a>(head: &'a [String], name: &str) -> &'a str {
    let mut pairs = head.iter().filter_map(|line| line.split_once(": "));
    pairs.find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": ["other", "shop"], "sub": "auth0|ann", "exp": 4_000_000_000_u32, "name": "Ann"})
}

pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn call(shop: &TestShop, token: &str, path: &str) -> Answer {
    shop.client().send("GET", path, &[("authorization", &format!("Bearer {token}"))], "").unwrap()
}

fn is_accepted(shop: &TestShop, token: &str) -> bool {
    call(shop, token, "/api/orders").status == 200
}

#[test]
fn people_of_the_provider_become_users_and_keep_their_number() {
    let (rsa, ec) = (Key::rsa(), Key::ec());
    let provider = Provider::start(&[rsa.published("r"), ec.published("e"), json!({"kty": "oct", "k": "AA"})]);
    let check = |shop: &TestShop| {
        let me = |token: &str| call(shop, token, "/api/users/me").expect(200);
        let ann = me(&rsa.token("r", &claims()));
        assert_eq!((&ann["name"], &ann["role"]), (&json!("Ann"), &json!("customer")));
        assert_eq!(
            me(&ec.token("e", &with("email", json!("ann@example.com"))))["userId"],
            ann["userId"],
            "the same person"
        );
        let bob = me(&ec.token("e", &with("sub", json!("auth0|bob"))));
        assert_ne!(bob["userId"], ann["userId"]);
        // A key without an id is found by trying.
        assert_eq!(me(&ec.token_with(&json!({"alg": "ES256"}), &claims()))["userId"], ann["userId"]);
        shop.get(ADMIN, "/api/orders").expect(200);

        let operator = with("realm_access", json!({"roles": ["x", "shop-operator"]}));
        let token = rsa.token("r", &operator);
        assert_eq!(me(&token)["role"], "operator");
        call(shop, &token, "/api/admin/orders").expect(200);
        assert_eq!(call(shop, &token, "/api/admin/users").problem(403), "auth.forbidden");
        // An admin of the shop takes the right away from somebody whom the provider still calls an operator.
        let path = format!("/api/admin/users/{}", ann["userId"]);
        shop.patch(ADMIN, &path, &json!({"role": "customer"})).expect(200);
        assert_eq!(call(shop, &token, "/api/admin/orders").problem(403), "auth.forbidden");
    };
    check(&provider.shop(&[]));
    let Some(database) = Database::new("people_of_the_provider_become_users_of_the_shared_store") else { return };
    check(&provider.shop(&[("DATABASE_URL", &database.url())]));
}

#[test]
fn a_token_of_the_provider_ends_in_the_shop_when_its_person_logs_out() {
    let key = Key::ec();
    let provider = Provider::start(&[key.published("e")]);
    let shop = provider.shop(&[]);
    let [here, elsewhere] = [1, 2].map(|number| key.token("e", &with("jti", json!(number))));
    assert!(is_accepted(&shop, &here) && is_accepted(&shop, &elsewhere));
    let bearer = format!("Bearer {here}");
    let ended = shop.client().send("DELETE", "/api/auth/session", &[("authorization", &bearer)], "").unwrap();
    assert_eq!(ended.status, 204, "{}", ended.text);
    assert!(!is_accepted(&shop, &here) && is_accepted(&shop, &elsewhere));
    // The same claims under another valid signature are the same token.
    let parts: Vec<&str> = here.split('.').collect();
    let signature = key.sign(format!("{}.{}", parts[0], parts[1]).as_bytes());
    assert!(!is_accepted(&shop, &format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature))));
}

#[test]
fn the_provider_may_know_the_numbers_of_the_shop() {
    let key = Key::ec();
    let provider = Provider::start(&[key.published("e")]);
    let shop = provider
        .shop(&[("DOORBUSTER__AUTH__JWKS__USERS", "number"), ("DOORBUSTER__AUTH__JWKS__USER_CLAIM", "shop.id")]);
    let token = |id: Value| key.token("e", &with("shop", json!({"id": id})));
    assert_eq!(call(&shop, &token(json!(77)), "/api/users/me").expect(200)["userId"], 77);
    assert_eq!(call(&shop, &token(json!("78")), "/api/users/me").expect(200)["userId"], 78);
    for wrong in [json!("x"), json!(0), json!("-1"), json!("9007199254740992"), json!(null)] {
        assert_eq!(call(&shop, &token(wrong), "/api/users/me").problem(401), "auth.required");
    }
}

#[test]
fn what_the_provider_did_not_sign_for_this_shop_is_refused() {
    let (rsa, ec, stranger) = (Key::rsa(), Key::ec(), Key::ec());
    let provider = Provider::start(&[rsa.published("r"), ec.published("e")]);
    let shop = provider.shop(&[]);
    assert!(is_accepted(&shop, &rsa.token("r", &claims())) && is_accepted(&shop, &ec.token("e", &claims())));
    let mut bad = vec![
        rsa.token("r", &with("iss", json!("https://evil.example"))),
        rsa.token("r", &with("aud", json!("another shop"))),
        rsa.token("r", &with("exp", json!(1_700_000_000))),
        rsa.token("r", &with("exp", json!("4000000000"))),
        rsa.token("r", &with("nbf", json!(3_900_000_000_u32))),
        rsa.token("r", &with("sub", Value::Null)),
        // A key that is not published, under an unknown id and under that of another key.
        stranger.token("s", &claims()),
        stranger.token("e", &claims()),
        stranger.token("r", &claims()),
        // An id of a key of the other algorithm.
        rsa.token("e", &claims()),
        ec.token("r", &claims()),
        rsa.token_with(&json!({"alg": "ES256", "kid": "e"}), &claims()),
        rsa.token_with(&json!({"alg": "RS256", "kid": "r", "crit": ["exp"], "exp": 1}), &claims()),
    ];
    // Other claims under the signature of a good token.
    let good = rsa.token("r", &claims());
    let forged = format!("{}.{}", bad[0].rsplit_once('.').unwrap().0, good.rsplit_once('.').unwrap().1);
    bad.push(forged);
    // Confusion of algorithms: signed symmetrically, with what everybody knows of the key.
    let public = rsa.published("r");
    for secret in [public["n"].as_str().unwrap(), public.to_string().as_str(), ""] {
        for alg in ["HS256", "RS256", "none"] {
            let header = json!({"alg": alg, "kid": "r"});
            bad.push(signed(&header, &claims(), secret));
            bad.push(format!("{}.", message(&header, &claims())));
        }
    }
    // The claims of the shop's own tokens, signed by the provider.
    let own = json!({"sub": "1", "role": "admin", "iss": "doorbuster", "aud": "doorbuster", "exp": 4_000_000_000_u32});
    bad.push(rsa.token("r", &own));
    for token in bad {
        for _ in 0..2 {
            assert_eq!(call(&shop, &token, "/api/orders").problem(401), "auth.required", "{token}");
        }
    }
    assert!(is_accepted(&shop, &good));
}

#[test]
fn a_new_key_counts_at_once_an_old_one_ends_and_a_provider_that_is_down_ends_nothing() {
    let (old, new) = (Key::ec(), Key::rsa());
    let provider = Provider::start(&[old.published("old")]);
    let shop = provider.shop(&[]);
    let [by_old, by_new] = [old.token("old", &claims()), new.token("new", &claims())];
    assert!(is_accepted(&shop, &by_old) && !is_accepted(&shop, &by_new));
    provider.publish(Some(&[old.published("old"), new.published("new")]));
    until("the new key counts", || is_accepted(&shop, &by_new));
    assert!(is_accepted(&shop, &by_old), "both count while both are published");

    provider.publish(None);
    let started = std::time::Instant::now();
    while started.elapsed() < std::time::Duration::from_secs(3) {
        assert!(is_accepted(&shop, &by_old) && is_accepted(&shop, &by_new), "the keys as last read go on");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(is_accepted(&shop, &old.token("old", &with("sub", json!("auth0|eve")))), "also for tokens not seen before");
    // A set without any key of ours takes no other's place.
    provider.publish(Some(&[]));
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    assert!(is_accepted(&shop, &by_new));
    provider.publish(Some(&[new.published("new")]));
    until("the old key ends", || !is_accepted(&shop, &by_old));
    assert!(is_accepted(&shop, &by_new));
}

#[test]
fn a_provider_that_is_down_at_the_start_is_asked_again() {
    let key = Key::ec();
    let provider = Provider::start(&[]);
    provider.publish(None);
    let shop = provider.shop(&[]);
    let token = key.token("e", &claims());
    assert!(!is_accepted(&shop, &token));
    shop.get(ADMIN, "/api/orders").expect(200);
    provider.publish(Some(&[key.published("e")]));
    until("it answers", || is_accepted(&shop, &token));
}
