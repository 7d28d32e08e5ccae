use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use clap::CommandFactory as _;
use serde_json::{Value, json};
use server::cli::Cli;
use server::config::DEFAULT_TOML;
use server::security::auth::{Principal, Role, Tokens};

fn doorbuster(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).env_remove("DOORBUSTER_AUTH_SECRET");
    command
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("doorbuster-it-{name}-{}", std::process::id()))
}

fn text(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap().trim_end()
}

/// A served shop, killed if the test ends early.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(data_dir: &str) -> Served {
        let mut child = doorbuster(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir])
            .env("DOORBUSTER__LOG__FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            let event: Value = serde_json::from_str(&line).ok()?;
            Some(event["message"].as_str()?.split_once("http://")?.1.to_owned())
        });
        Served { child, address: address.unwrap() }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn a_served_shop_stops_on_request() {
    let data_dir = folder("stops");
    for signal in ["TERM", "INT"] {
        let mut served = Served::start(data_dir.to_str().unwrap());
        assert!(served.get("/livez").starts_with("HTTP/1.1 200"));
        assert!(served.get("/metrics").contains("doorbuster_http_requests_total"));
        served.signal(signal);
        assert_eq!(served.child.wait().unwrap().code(), Some(0));
    }
    fs::remove_dir_all(data_dir).unwrap();
}

#[test]
fn a_data_folder_is_served_once() {
    let data_dir = folder("once");
    let served = Served::start(data_dir.to_str().unwrap());
    let args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir.to_str().unwrap()];
    let second = doorbuster(&args).output().unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(error.contains("already served by another process"), "{error}");
    drop(served);
    fs::remove_dir_all(data_dir).unwrap();
}

#[test]
fn a_token_is_signed_with_the_given_secret() {
    let output = doorbuster(&["token", "--role", "admin", "--user", "9", "--ttl", "60"])
        .env("DOORBUSTER_AUTH_SECRET", "a secret")
        .output()
        .unwrap();
    let principal = Tokens::new(b"a secret").verify(text(&output));
    assert_eq!(principal, Ok(Principal { user_id: 9, role: Role::Admin }));
}

#[test]
fn a_token_is_signed_with_the_secret_of_the_folder() {
    let data_dir = folder("token");
    let args = ["token", "--user", "9", "--json", "--data-dir", data_dir.to_str().unwrap()];
    let missing = doorbuster(&args).output().unwrap();
    assert_eq!((missing.status.code(), missing.stdout.is_empty(), data_dir.exists()), (Some(2), true, false));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("DOORBUSTER_AUTH_SECRET"), "it says what to set");
    fs::create_dir_all(&data_dir).unwrap();
    fs::write(data_dir.join("auth.secret"), "the secret of the folder\n").unwrap();
    let output = doorbuster(&args).output().unwrap();
    let printed: Value = serde_json::from_str(text(&output)).unwrap();
    let token = printed["accessToken"].as_str().unwrap();
    assert!(Tokens::new(b"the secret of the folder").verify(token).is_ok());
    assert_eq!(printed["expiresIn"], 86400);
    fs::remove_dir_all(data_dir).unwrap();
}

#[test]
fn the_current_settings_are_printed_without_secrets() {
    let output = doorbuster(&["config", "--data-dir", "/tmp/elsewhere"])
        .env("DOORBUSTER_AUTH_SECRET", "hunter2")
        .env("DOORBUSTER__ADMIN__PASSWORD", "hunter3")
        .output()
        .unwrap();
    let printed = text(&output);
    assert!(printed.contains("data_dir = \"/tmp/elsewhere\"") && !printed.contains("hunter"));
    let output = doorbuster(&["config", "--default"]).output().unwrap();
    assert_eq!(text(&output), DEFAULT_TOML.trim_end());
}

#[test]
fn an_unknown_setting_is_named() {
    let output = doorbuster(&["config"]).env("DOORBUSTER__SERVER__PROT", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("DOORBUSTER__SERVER__PROT"), "{error}");
}

fn error_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("one JSON object: {text}"));
    let error = document["error"].clone();
    assert!(
        output.stdout.is_empty() && ["code", "message", "next"].iter().all(|name| error[name].is_string()),
        "{document}"
    );
    error
}

#[test]
fn errors_have_one_shape_and_one_exit_code_each() {
    let (data_dir, empty) = (folder("shape"), folder("shape-empty"));
    let (data_dir, empty) = (data_dir.to_str().unwrap(), empty.to_str().unwrap());
    drop(Served::start(data_dir));
    for (args, code, word) in [
        (&["token", "--user", "1", "--json", "--data-dir", empty][..], 2, "secret.missing"),
        (&["token", "--user", "1", "--ttl", "0", "--json"], 2, "usage"),
        (&["token", "--json"], 2, "usage"),
        (&["replay", "--since", "yesterday", "--json"], 2, "usage"),
        (&["export", "orders", "--since", "yesterday", "--json"], 2, "usage"),
        (&["export", "orders", "--json", "--format", "csv"], 2, "usage"),
        (
            &["replay", "--since", "2026-11-21T09:00:00Z", "--topic", "none", "--json", "--data-dir", data_dir],
            2,
            "usage",
        ),
        (&["config", "--json", "--config", "/no/such/file.toml"], 2, "settings"),
        (&["token", "--user", "9007199254740992", "--json"], 2, "usage"),
        (&["order", "stuck", "--json", "--url", "http://127.0.0.1:1", "--token", "x"], 69, "unreachable"),
        (&["dlq", "show", "7", "--json", "--data-dir", data_dir], 1, "letter.not_found"),
        (&["groups", "reset", "none", "--to-offset", "1", "--json", "--data-dir", data_dir], 1, "group.not_found"),
    ] {
        let output = doorbuster(args).env("DOORBUSTER__LOG__LEVEL", "off").output().unwrap();
        let error = error_of(&output);
        assert_eq!((output.status.code(), error["code"].as_str()), (Some(code), Some(word)), "{args:?}: {error}");
    }
    let told = doorbuster(&["token", "--user", "1", "--data-dir", empty]).output().unwrap();
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.starts_with("error: no auth secret was found") && told.contains("\nnext: set DOORBUSTER_AUTH_SECRET"),
        "{told}"
    );
    let _gone = fs::remove_dir_all(data_dir);
}

#[test]
fn no_command_about_a_shop_creates_one() {
    let data_dir = folder("none");
    let path = data_dir.to_str().unwrap();
    for args in [
        &["dlq", "list"][..],
        &["dlq", "resend", "1", "--reason", "x"],
        &["order", "stuck"],
        &["payment", "stuck"],
        &["groups", "list"],
        &["export", "orders"],
        &["audit"],
        &["audit", "--repair"],
        &["audit", "--accept-loss"],
        &["replay", "--since", "2026-11-21T09:00:00Z"],
    ] {
        let all = [args, &["--json", "--data-dir", path]].concat();
        let output = doorbuster(&all).env("KAFKA_BROKERS", "127.0.0.1:1").output().unwrap();
        let error = error_of(&output);
        assert_eq!(
            (output.status.code(), error["code"].as_str()),
            (Some(1), Some("store.missing")),
            "{args:?}: {error}"
        );
        assert!(error["next"].as_str().unwrap().contains("--data-dir"), "{args:?}: {error}");
        assert!(!data_dir.exists(), "{args:?}");
    }
}

#[test]
fn settings_that_only_serving_would_refuse_are_refused_before() {
    for (name, value) in [
        ("DOORBUSTER__SERVER__LISTEN", "nowhere"),
        ("DOORBUSTER__SERVER__LISTEN", "127.0.0.1:99999"),
        ("DOORBUSTER__ADMIN__LISTEN", "a b:80"),
        ("DOORBUSTER__ADMIN__EMAIL", "nobody"),
    ] {
        let output = doorbuster(&["config", "--json"]).env(name, value).output().unwrap();
        let error = error_of(&output);
        assert_eq!((output.status.code(), error["code"].as_str()), (Some(2), Some("settings")), "{name}: {error}");
    }
    for listen in ["127.0.0.1:0", "[::1]:8080", "localhost:8080", "0.0.0.0:1"] {
        let output = doorbuster(&["config"]).env("DOORBUSTER__SERVER__LISTEN", listen).output().unwrap();
        assert!(output.status.success(), "{listen}: {output:?}");
    }
    let provider = [("DOORBUSTER__PAYMENT__PROVIDER", "http"), ("DOORBUSTER_PAYMENT_KEY", "sk_test_1")];
    for (url, code) in
        [("http://pay.example", 2), ("https://", 2), ("https://api.stripe.com", 0), ("http://[::1]:9", 0)]
    {
        let output = doorbuster(&["config"]).envs(provider).env("DOORBUSTER__PAYMENT__URL", url).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{url}: {output:?}");
    }
}

#[test]
fn an_address_is_refused_by_every_command_in_the_same_words() {
    let folder = folder("never");
    for (name, value) in [
        ("DATABASE_URL", "mysql://127.0.0.1:3306"),
        ("DATABASE_URL", "postgres://ann:hunter2@host/shop"),
        ("DATABASE_URL", "mysql://ann:hunter2@/shop"),
        ("DATABASE_URL", "mysql://ann:hunter2@host:port/shop"),
        ("DATABASE_URL", "mysql://ann:hunter2@host/shop?ssl-mode=PREFERRED"),
        ("DATABASE_URL", "mysql://ann:hunter2@host/shop?ssl-ca=/nowhere/ca.pem"),
        ("REDIS_URL", "redis://ann:hunter2@host:port"),
        ("REDIS_URL", "redis://ann:hunter2@host/zero"),
        ("REDIS_URL", "redis+cluster://ann:hunter2@a,b/1"),
        ("REDIS_URL", "redis+sentinel://ann:hunter2@a,b"),
        ("DOORBUSTER__ANALYTICS__URL", "ftp://ann:hunter2@host/in"),
    ] {
        let refused = |arguments: &[&str]| {
            let output = doorbuster(arguments).arg("--data-dir").arg(&folder).env(name, value).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?} {value}: {output:?}");
            output
        };
        let error = error_of(&refused(&["config", "--json"]));
        assert_eq!(error["code"], "settings", "{value}: {error}");
        assert_eq!(error_of(&refused(&["doctor", "--json"])), error);
        let served = String::from_utf8(refused(&["serve"]).stderr).unwrap();
        assert!(served.contains(error["message"].as_str().unwrap()), "{served}");
        assert!(!format!("{error}{served}").contains("hunter2"), "{error}{served}");
        assert!(!folder.exists(), "{value}");
    }
}

#[test]
fn an_unreachable_database_is_named_without_its_password() {
    let output =
        doorbuster(&["audit", "--json"]).env("DATABASE_URL", "mysql://u:hunter2@127.0.0.1:1/shop").output().unwrap();
    let error = error_of(&output);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("127.0.0.1:1") && message.contains("the connection was refused"), "{message}");
    assert!(
        !message.contains("hunter2") && !message.contains("os error") && !message.contains("nput/output"),
        "{message}"
    );
    assert!(error["next"].as_str().unwrap().contains("DATABASE_URL"), "{error}");
}

#[test]
fn health_is_an_exit_code() {
    let data_dir = folder("health");
    let health = || doorbuster(&["health", "--json", "--data-dir", data_dir.to_str().unwrap()]).output().unwrap();
    let unserved = health();
    assert_eq!((unserved.status.code(), error_of(&unserved)["code"].as_str()), (Some(1), Some("unreachable")));
    let served = Served::start(data_dir.to_str().unwrap());
    let answer: Value = serde_json::from_str(text(&health())).unwrap();
    assert_eq!(answer, serde_json::json!({"ready": true, "address": served.address}));
    // The file with the address stays behind when a process is killed.
    drop(served);
    let killed = health();
    assert_eq!((killed.status.code(), error_of(&killed)["code"].as_str()), (Some(1), Some("unreachable")));
    fs::remove_dir_all(data_dir).unwrap();
}

#[test]
fn health_repeats_why_a_server_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // All of it: a socket that is closed over unread bytes is reset, and takes the answer with it.
        let mut request = vec![];
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let body = r#"{"code":"unavailable","detail":"The store takes no writes."}"#;
        write!(stream, "HTTP/1.0 503 Service Unavailable\r\n\r\n{body}").unwrap();
        String::from_utf8(request).unwrap()
    });
    let output = doorbuster(&["health", "--url", &url]).output().unwrap();
    assert!(server.join().unwrap().starts_with("GET /readyz HTTP/1."));
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.starts_with("error: The store takes no writes.\nnext: see `unavailable`"), "{told}");
}

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let pages = folder("manual");
    text(&doorbuster(&["manual", pages.to_str().unwrap()]).output().unwrap());
    for shell in ["bash", "zsh", "fish"] {
        let script = doorbuster(&["completions", shell]).output().unwrap();
        assert!(text(&script).contains("DOORBUSTER_COMPLETE"), "{shell}: the script asks the program");
    }
    let offered = doorbuster(&["--", "doorbuster", ""]).env("DOORBUSTER_COMPLETE", "fish").output().unwrap();
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let page = fs::read_to_string(pages.join(format!("doorbuster-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
        assert!(text(&offered).lines().any(|line| line.split('\t').next() == Some(name)), "{name}");
    }
    fs::remove_dir_all(pages).unwrap();
}

#[test]
fn a_load_has_a_size() {
    let size = |arguments: &[&str]| doorbuster(&[&["size", "--days", "30"], arguments].concat()).output().unwrap();
    let found = size(&["--orders-per-second", "500", "--busy-percent", "5", "--stack", "cluster", "--json"]);
    let found: Value = serde_json::from_str(text(&found)).unwrap();
    assert_eq!((&found["orders"], &found["cores"]["database"]), (&json!(64_800_000.0), &json!(0.15)));
    assert_eq!(
        size(&["--orders-per-second", "90000"]).status.code(),
        Some(1),
        "more than one shop was measured to make"
    );
    assert_eq!(size(&["--orders-per-second", "many"]).status.code(), Some(2));
}
