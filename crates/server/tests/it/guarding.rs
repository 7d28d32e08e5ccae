//! Refusals at the start and of logins, and their log lines.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::brokers::EXECUTOR;
use crate::client::{Answer, Client};
use crate::shared::Database;
use crate::shop::{SECRET, TestShop};

const PATIENCE: Duration = Duration::from_secs(30);

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("doorbuster-guarding-{name}-{}", std::process::id()))
}

fn serve(folder: &Path, listen: &str, env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(["serve", "--listen", listen, "--data-dir"]).arg(folder);
    command.env("DOORBUSTER_AUTH_SECRET", SECRET).env("DOORBUSTER__LOG__FORMAT", "json").envs(env.iter().copied());
    command
}

/// A running shop whose log is captured.
struct LoggedShop {
    child: Child,
    folder: PathBuf,
    lines: Arc<Mutex<Vec<Value>>>,
    address: String,
}

impl LoggedShop {
    fn start(name: &str, env: &[(&str, &str)]) -> LoggedShop {
        LoggedShop::start_in(folder(name), env)
    }

    fn start_in(folder: PathBuf, env: &[(&str, &str)]) -> LoggedShop {
        let mut child = serve(&folder, "127.0.0.1:0", env).stderr(Stdio::piped()).spawn().unwrap();
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (kept, said) = (Arc::clone(&lines), BufReader::new(child.stderr.take().unwrap()).lines());
        std::thread::spawn(move || {
            let events = said.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
            events.for_each(|event| kept.lock().unwrap().push(event));
        });
        let mut shop = LoggedShop { child, folder, lines, address: String::new() };
        let open = shop.line(|line| line["message"].as_str().is_some_and(|text| text.contains("http://")));
        shop.address = open["message"].as_str().unwrap().split_once("http://").unwrap().1.to_owned();
        shop
    }

    /// Waits for the first log line that matches.
    #[track_caller]
    fn line(&self, is_meant: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            if let Some(line) = self.lines.lock().unwrap().iter().find(|line| is_meant(line)) {
                return line.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{:#?}", self.lines.lock().unwrap());
            std::thread::yield_now();
        }
    }

    fn says(&self, text: &str) -> Value {
        self.line(|line| line["message"].as_str().is_some_and(|message| message.contains(text)))
    }

    fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password}).to_string();
        let headers = [("content-type", "application/json")];
        Client::connect(&self.address).unwrap().send("POST", "/api/auth/login", &headers, &body).unwrap()
    }

    fn get(&self, address: &str, path: &str) -> Answer {
        Client::connect(address).unwrap().send("GET", path, &[], "").unwrap()
    }
}

impl Drop for LoggedShop {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

#[track_caller]
fn error_of(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_login_that_is_refused_is_logged_and_counted() {
    let shop = LoggedShop::start("logged", &[("DOORBUSTER__ADMIN__PASSWORD", "let the admin in")]);
    let refused = shop.login("ann@example.com", "hunter2 hunter2");
    assert_eq!(refused.problem(401), "auth.invalid_credentials");
    let line = shop.says("A login was refused");
    assert_eq!(line["trace"], refused.json()["traceId"]);
    assert_eq!((line["level"].as_str(), line["address"].as_str()), (Some("WARN"), Some("127.0.0.1")));
    let text = line.to_string();
    assert!(
        !text.contains("hunter2") && !text.contains("ann@") && line["account"].as_str().unwrap().len() == 16,
        "{text}"
    );
    let metrics = shop.get(&shop.address, "/metrics").text;
    assert!(metrics.contains("doorbuster_logins_refused_total{reason=\"password\"} 1"), "{metrics}");
}

#[test]
fn wrong_passwords_are_limited_for_an_account() {
    let shop = LoggedShop::start("account", &[("DOORBUSTER__ADMIN__PASSWORD", "let the admin in")]);
    let admin = |password| shop.login("admin@doorbuster.local", password);
    for _ in 0..3 {
        admin("let the admin in").expect(200);
    }
    for _ in 0..10 {
        assert_eq!(admin("wrong password").problem(401), "auth.invalid_credentials");
    }
    let refused = admin("let the admin in");
    assert_eq!(refused.problem(429), "rate.exceeded");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&seconds), "{seconds}");
    assert_eq!(shop.login("bob@example.com", "wrong password").problem(401), "auth.invalid_credentials");
}

#[test]
fn wrong_passwords_are_limited_from_an_address() {
    let shop = LoggedShop::start("address", &[("DOORBUSTER__LIMITS__WRONG_PASSWORDS_PER_ADDRESS", "3")]);
    for number in 0..3 {
        assert_eq!(
            shop.login(&format!("{number}@example.com"), "wrong password").problem(401),
            "auth.invalid_credentials"
        );
    }
    assert_eq!(shop.login("other@example.com", "wrong password").problem(429), "rate.exceeded");
}

#[test]
fn metrics_are_served_at_the_admin_listener() {
    let shop = LoggedShop::start("figures", &[("DOORBUSTER__ADMIN__LISTEN", "127.0.0.1:0")]);
    let admin = std::fs::read_to_string(shop.folder.join("server.address")).unwrap();
    assert_eq!(shop.get(&shop.address, "/metrics").problem(404), "route.not_found");
    assert_eq!(shop.get(&shop.address, "/readyz").status, 200);
    assert!(shop.get(admin.trim(), "/metrics").text.contains("doorbuster_http_requests_total"));
}

#[test]
fn weak_secrets_are_refused_except_on_the_loopback() {
    for (key, weak, why) in [
        ("DOORBUSTER_AUTH_SECRET", "x", "the auth secret has 1 bytes"),
        ("DOORBUSTER_AUTH_SECRET", "                                        ", "the auth secret is blank"),
        ("DOORBUSTER__ADMIN__PASSWORD", "x", "admin.password is easy to guess"),
    ] {
        let place = folder("weak");
        let error = error_of(&serve(&place, "0.0.0.0:0", &[(key, weak)]).output().unwrap());
        assert!(error.contains(why), "{error}");
        let _gone = std::fs::remove_dir_all(&place);
        let shop = LoggedShop::start("weak", &[(key, weak)]);
        assert_eq!(shop.says(why)["level"], "WARN");
    }
}

#[test]
fn another_secret_on_the_same_folder_is_noticed() {
    let place = folder("secret");
    let mut first = LoggedShop::start_in(place.clone(), &[]);
    first.folder = PathBuf::from("/nowhere");
    drop(first);
    let other = "another secret of the tests, also long enough";
    let second = LoggedShop::start_in(place, &[("DOORBUSTER_AUTH_SECRET", other)]);
    assert_eq!(second.says("The auth secret has changed since the last start")["level"], "WARN");
}

#[test]
fn an_unreachable_redis_is_logged() {
    let shop = LoggedShop::start("redis", &[("REDIS_URL", "redis://127.0.0.1:1/")]);
    assert_eq!(shop.says("Redis does not answer")["level"], "WARN");
    let metrics = shop.get(&shop.address, "/metrics").text;
    assert!(metrics.contains("doorbuster_redis_losses_total 1"), "{metrics}");
}

#[test]
fn one_customer_has_a_few_streams_at_once() {
    let shop = LoggedShop::start("streams", &[("DOORBUSTER__SERVER__STREAMS_PER_CUSTOMER_MAX", "2")]);
    let tokens = server::security::auth::Tokens::new(SECRET.as_bytes());
    let bearer = |user_id| {
        let principal = server::security::auth::Principal { user_id, role: server::security::auth::Role::Customer };
        format!("Bearer {}", tokens.mint(principal, Duration::from_secs(60)))
    };
    let open = |user_id| {
        let mut client = Client::connect(&shop.address).unwrap();
        client.write("GET", "/api/events", &[("authorization", &bearer(user_id))], "").unwrap();
        let answer = client.read().unwrap();
        (client, answer)
    };
    let (first, second) = (open(7), open(7));
    assert_eq!((first.1.status, second.1.status), (200, 200));
    assert_eq!(open(7).1.problem(429), "rate.exceeded");
    assert_eq!(open(8).1.status, 200);
    drop(first);
    let began = Instant::now();
    while open(7).1.status != 200 {
        assert!(began.elapsed() < PATIENCE, "a stream that ended makes room");
    }
}

#[test]
fn processes_of_one_database_sign_with_one_secret() {
    let Some(database) = Database::new("processes_of_one_database_sign_with_one_secret") else { return };
    let url = database.url();
    let shared = [("DATABASE_URL", url.as_str())];
    drop(LoggedShop::start("shared-one", &shared));
    let other = [shared[0], ("DOORBUSTER_AUTH_SECRET", "another secret of the tests, also long enough")];
    let place = folder("shared-two");
    let error = error_of(&serve(&place, "127.0.0.1:0", &other).output().unwrap());
    assert!(error.contains("another auth secret") && error.contains("DOORBUSTER_AUTH_SECRET"), "{error}");
    let changed = [other[0], other[1], ("DOORBUSTER__AUTH__ACCEPT_NEW_SECRET", "true")];
    drop(LoggedShop::start_in(place, &changed));
    drop(LoggedShop::start("shared-two", &other));
}

/// A command in another shell, or one more process, does not take a shop to another executor or currency.
#[test]
fn processes_of_one_database_use_one_executor_and_one_currency() {
    let Some(database) = Database::new("processes_of_one_database_use_one_executor_and_one_currency") else { return };
    let url = database.url();
    let shared = ("DATABASE_URL", url.as_str());
    let log = (EXECUTOR, "log");
    let shop = TestShop::start_with(&[shared, log]);
    shop.product(1_000, 5);
    let carrier = || database.ask::<String>("SELECT value FROM meta WHERE name = 'executor'");
    assert_eq!(carrier(), ["log"]);
    let elsewhere = folder("executor-command");
    let mut create = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    create.args(["product", "create", "Hat", "--price", "9", "--data-dir"]).arg(&elsewhere);
    let created = create.envs([shared, ("DOORBUSTER_AUTH_SECRET", SECRET)]).output().unwrap();
    assert!(created.status.success(), "{created:?}");
    assert_eq!(carrier(), ["log"], "the command keeps what `serve` has chosen");

    let place = folder("executor-two");
    let refused = |env: &[(&str, &str)]| {
        let output = serve(&place, "127.0.0.1:0", env).output().unwrap();
        (error_of(&output), output.status.code())
    };
    let (error, code) = refused(&[shared]);
    assert!(error.contains("another executor (log)") && error.contains("stop all processes"), "{error}");
    assert_eq!(code, Some(2));
    let (error, code) = refused(&[shared, log, ("DOORBUSTER__SHOP__CURRENCY", "USD")]);
    assert!(error.contains("amounts are in KRW") && error.contains("set shop.currency"), "{error}");
    assert_eq!(code, Some(2));
    drop(shop);
    drop(LoggedShop::start_in(place, &[shared]));
    assert_eq!(carrier(), ["inline"]);
}

#[test]
fn a_setting_that_kafkas_library_does_not_know_is_named_without_its_value() {
    let misspelt = ("DOORBUSTER__KAFKA__PROPERTIES__SASL_PASWORD", "hunter2secret");
    let brokers = ("KAFKA_BROKERS", "127.0.0.1:1");
    let output = serve(&folder("misspelt"), "127.0.0.1:0", &[brokers, misspelt]).output().unwrap();
    let error = error_of(&output);
    assert!(error.contains("kafka.properties: sasl.pasword") && !error.contains("hunter2"), "{error}");
    assert_eq!(output.status.code(), Some(2));
}
