//! TLS of the listener, and proxies in front of it.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xtask::certificates::{Authority, Fault, Issued};

use crate::brokers::until;
use crate::client::Client;
use crate::shop::{ADMIN, ANN, TestShop};

/// Asks over TLS if the shop is alive; returns everything that `openssl` says.
fn ask(address: &str, authority: &Path, name: &str) -> String {
    send(address, authority, name, "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

fn send(address: &str, authority: &Path, name: &str, request: &str) -> String {
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            address,
            "-verify_return_error",
            "-verify_hostname",
            name,
            "-ign_eof",
            "-CAfile",
        ])
        .arg(authority)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A refused handshake closes the pipe.
    let _ = client.stdin.take().unwrap().write_all(request.as_bytes());
    let mut said = String::new();
    client.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    client.wait().unwrap();
    said
}

fn copy(from: &Issued, to: &Issued) {
    std::fs::copy(&from.certificate, &to.certificate).unwrap();
    std::fs::copy(&from.key, &to.key).unwrap();
}

#[test]
fn a_hangup_does_not_end_a_shop_without_a_certificate() {
    let mut shop = TestShop::start();
    assert!(xtask::process::signal(shop.pid(), "-HUP"));
    shop.stop();
}

#[test]
fn customers_use_https_and_a_hangup_renews_the_certificate() {
    const TEST: &str = "customers_use_https_and_a_hangup_renews_the_certificate";
    let Some(authority) = Authority::make(TEST) else { return };
    let used = authority.issue("first", Fault::None);
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__SERVER__TLS_CERT_FILE", &used.certificate.display().to_string()),
        ("DOORBUSTER__SERVER__TLS_KEY_FILE", &used.key.display().to_string()),
        ("DOORBUSTER__ADMIN__LISTEN", "127.0.0.1:0"),
    ]);
    let ca = authority.certificate();
    let said = ask(&shop.address, &ca, "localhost");
    assert!(said.contains("HTTP/1.1 200 OK") && said.contains("CN = first"), "{said}");
    assert!(
        !ask(&shop.address, &ca, "elsewhere.example").contains("HTTP/1.1"),
        "another name is refused by the client"
    );
    let hang_up = || assert!(xtask::process::signal(shop.pid(), "-HUP"));
    // Files that do not belong together change nothing.
    let second = authority.issue("second", Fault::None);
    std::fs::copy(&second.certificate, &used.certificate).unwrap();
    hang_up();
    let said = ask(&shop.address, &ca, "localhost");
    assert!(said.contains("HTTP/1.1 200 OK") && said.contains("CN = first"), "{said}");
    copy(&second, &used);
    hang_up();
    until("the new certificate is used", || ask(&shop.address, &ca, "localhost").contains("CN = second"));
    // Commands on this machine use the admin endpoints' own listener.
    let health =
        Command::new(env!("CARGO_BIN_EXE_doorbuster")).args(["health", "--data-dir"]).arg(shop.folder()).output();
    assert!(health.unwrap().status.success());
}

#[test]
fn addresses_and_cookies_of_an_encrypted_shop_are_for_https() {
    let Some(authority) = Authority::make("addresses_and_cookies_of_an_encrypted_shop_are_for_https") else { return };
    let used = authority.issue("shop", Fault::None);
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__SERVER__TLS_CERT_FILE", &used.certificate.display().to_string()),
        ("DOORBUSTER__SERVER__TLS_KEY_FILE", &used.key.display().to_string()),
        ("DOORBUSTER__ADMIN__LISTEN", "127.0.0.1:0"),
    ]);
    let admin = std::fs::read_to_string(shop.folder().join("server.address")).unwrap();
    let bearer = shop.bearer(ADMIN);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let lamp = json!({"name": "Lamp", "price": 40_300, "stock": 1}).to_string();
    let made = Client::connect(admin.trim()).unwrap().send("POST", "/api/admin/products", &headers, &lamp);
    let made = made.unwrap().expect(201);
    // Programs name no origin, so only the connection tells the scheme.
    let post = |path: &str, body: &Value| {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\ncontent-type: application/json\r\n\
             prefer: wait=20\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            shop.bearer(ANN),
            body.len()
        );
        send(&shop.address, &authority.certificate(), "localhost", &request)
    };
    let placed = post("/api/orders", &json!({"items": [{"productId": made["productId"], "quantity": 1}]}));
    let number = placed.split_once("\"orderNumber\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let (number, _) = number.unwrap_or_else(|| panic!("{placed}"));
    let asked = post(&format!("/api/orders/{number}/pay"), &json!({"method": "CARD"}));
    assert!(asked.contains("HTTP/1.1 202") && asked.contains("\"https://localhost/payments/scripted/"), "{asked}");
    let mut login = json!({"email": "ann@example.com", "password": "correct horse battery", "name": "Ann"});
    let registered = post("/api/users", &login);
    assert!(registered.contains("HTTP/1.1 201"), "{registered}");
    login.as_object_mut().unwrap().remove("name");
    let entered = post("/api/auth/session", &login);
    assert!(entered.contains("HTTP/1.1 200") && entered.contains("SameSite=Strict; Secure"), "{entered}");
}

/// Writes on behalf of an address until a limit refuses it. A slow machine may refill the bucket in between.
fn exhaust(shop: &TestShop, clients: &[&str]) {
    let charge = |client: &&str| charge(shop, client) == 429;
    let is_refused = clients.iter().cycle().take(200).any(charge);
    assert!(is_refused, "{clients:?}");
}

fn charge(shop: &TestShop, client: &str) -> u16 {
    shop.ask(ANN, "POST", "/api/points/charge", &[("x-forwarded-for", client)], &json!({"amount": 1_000})).status
}

#[test]
fn a_trusted_proxy_names_the_client_whose_requests_are_counted() {
    let limits = [("DOORBUSTER__LIMITS__ADDRESS_PER_S", "1"), ("DOORBUSTER__LIMITS__ADDRESS_BURST", "1")];
    let trusting = [("DOORBUSTER__SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];
    let shop = TestShop::start_with(&[&limits[..], &trusting].concat());
    exhaust(&shop, &["192.0.2.1"]);
    assert_eq!(charge(&shop, "192.0.2.2"), 200, "another client has a limit of its own");
    assert_eq!(charge(&shop, "192.0.2.1, 192.0.2.3"), 200, "what the client wrote itself does not count");
    let shop = TestShop::start_with(&limits);
    exhaust(&shop, &["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}
