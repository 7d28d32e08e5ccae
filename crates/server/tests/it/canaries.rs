//! Secrets that are planted in settings and requests must appear in no log, error, metric, document or report.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::brokers::until;
use crate::client::{Answer, Client};

/// Part of every planted secret, in a form that survives URLs, headers and JSON.
const CANARY: &str = "c4n4ry";
/// The key that encrypts webhooks' secrets, which has hexadecimal digits only.
const KEY: &str = "ca9a81ca9a81ca9a81000102030405060708090a0b0c0d0e0f10111213141516";
/// The secret of a webhook.
const HOOK_SECRET: &str = "whsec_c4n4ryAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn secret(name: &str) -> String {
    format!("{name}-{CANARY}-0123456789abcdef0123456789abcdef")
}

/// A shop whose other systems all refuse connections, so that their errors are logged.
fn settings() -> Vec<(&'static str, String)> {
    let nowhere =
        |scheme: &str, user: &str, rest: &str| format!("{scheme}://{user}:{}@127.0.0.1:1/{rest}", secret(user));
    vec![
        ("DOORBUSTER_AUTH_SECRET", secret("auth")),
        ("DOORBUSTER__ADMIN__PASSWORD", secret("admin")),
        ("REDIS_URL", nowhere("redis", "redis", "0")),
        ("KAFKA_BROKERS", "127.0.0.1:1".to_owned()),
        ("DOORBUSTER__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_PLAINTEXT".to_owned()),
        ("DOORBUSTER__KAFKA__PROPERTIES__SASL_MECHANISMS", "PLAIN".to_owned()),
        ("DOORBUSTER__KAFKA__PROPERTIES__SASL_USERNAME", "shop".to_owned()),
        ("DOORBUSTER__KAFKA__PROPERTIES__SASL_PASSWORD", secret("sasl")),
        ("DOORBUSTER__PAYMENT__PROVIDER", "http".to_owned()),
        ("DOORBUSTER__PAYMENT__URL", "http://127.0.0.1:1".to_owned()),
        ("DOORBUSTER_PAYMENT_KEY", secret("payment")),
        ("DOORBUSTER_PAYMENT_CALLBACK_SECRETS", secret("callback")),
        ("DOORBUSTER_SMTP_URL", nowhere("smtp", "smtp", "")),
        ("DOORBUSTER_GATEWAY_TOKEN", secret("gateway")),
        ("DOORBUSTER__NOTIFICATIONS__EMAIL", "smtp".to_owned()),
        ("DOORBUSTER__NOTIFICATIONS__EMAIL_FROM", "shop@example.com".to_owned()),
        ("DOORBUSTER__NOTIFICATIONS__SMS", "http".to_owned()),
        ("DOORBUSTER__NOTIFICATIONS__GATEWAY_URL", nowhere("http", "sms", "")),
        ("DOORBUSTER__ANALYTICS__URL", nowhere("http", "analytics", "")),
        ("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true".to_owned()),
        ("DOORBUSTER_WEBHOOK_SECRET_KEYS", KEY.to_owned()),
        ("DOORBUSTER__ALERTS__URL", nowhere("http", "alerts", "")),
        ("DOORBUSTER__ALERTS__DISK_PERCENT", "1".to_owned()),
        ("DOORBUSTER__LOG__LEVEL", "debug".to_owned()),
        ("DOORBUSTER__LOG__FORMAT", "json".to_owned()),
        ("DOORBUSTER__LOG__ACCESS", "true".to_owned()),
    ]
}

/// The process, and the file of everything that it prints.
struct Process {
    child: Child,
    folder: PathBuf,
    output: PathBuf,
}

impl Process {
    fn start() -> Process {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorbuster-canaries-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let output = folder.join("output");
        let file = File::create(&output).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data")).envs(settings());
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Process { child, folder, output }
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    fn address(&self) -> String {
        until("the shop is open", || self.printed().contains("The shop is open"));
        let printed = self.printed();
        let (_, rest) = printed.split_once("The shop is open on http://").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Runs a command of the same program with the same settings.
    fn command(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        let output = command.args(arguments).arg("--data-dir").arg(self.folder.join("data")).envs(settings());
        let output = output.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[track_caller]
fn clean(what: &str, text: &str) {
    let found = text.lines().find(|line| line.contains(CANARY) || line.contains(KEY));
    assert!(found.is_none(), "{what} shows a secret: {}", found.unwrap_or_default());
}

/// Searches the files of the store for what was planted in it.
#[track_caller]
fn clean_files(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { vec![] };
        let has = |wanted: &str| bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes());
        assert!(!has(CANARY) && !has(KEY), "{} contains a secret", path.display());
    }
}

struct Visitor {
    client: Client,
    token: String,
}

impl Visitor {
    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.send(method, path, &headers, &body).unwrap()
    }
}

#[test]
fn planted_secrets_are_printed_nowhere() {
    let process = Process::start();
    let mut visitor = Visitor { client: Client::connect(&process.address()).unwrap(), token: secret("token") };
    let account = |password: &str| json!({"email": "ann@example.com", "password": secret(password), "name": "Ann"});
    let login = |email: &str, password: &str| json!({"email": email, "password": secret(password)});
    let mut answers = vec![
        visitor.ask("GET", &format!("/api/orders?token={}", secret("query")), &Value::Null),
        visitor.ask("POST", "/api/users", &account("customer")),
        visitor.ask("POST", "/api/users", &json!({"email": "ann", "password": secret("short")})),
        visitor.ask("POST", "/api/auth/login", &login("ann@example.com", "wrong")),
        visitor.ask("POST", "/api/orders", &json!({"nonsense": 1})),
    ];
    let admin = visitor.ask("POST", "/api/auth/login", &login("admin@doorbuster.local", "admin"));
    visitor.token =
        admin.json()["accessToken"].as_str().unwrap_or_else(|| panic!("the admin logs in: {}", admin.text)).to_owned();
    let product = visitor.ask("POST", "/api/admin/products", &json!({"name": "Mug", "price": 1_000, "stock": 9}));
    let order = json!({"items": [{"productId": product.json()["productId"], "quantity": 1}]});
    let placed = visitor.ask("POST", "/api/orders", &order);
    let number = placed.json()["orderNumber"].as_str().unwrap_or_default().to_owned();
    answers.push(visitor.ask("POST", &format!("/api/orders/{number}/pay"), &json!({"method": "CARD"})));
    let hook = json!({"url": "http://127.0.0.1:1/", "eventTypes": ["order.placed"]});
    answers.push(visitor.ask("POST", "/api/admin/webhooks", &hook));
    let planted = json!({"url": "http://127.0.0.1:1/", "secret": HOOK_SECRET});
    assert_eq!(visitor.ask("POST", "/api/admin/webhooks", &planted).json()["secret"], HOOK_SECRET);
    for path in
        ["/metrics", "/readyz?verbose", "/info", "/openapi.json", "/api/admin/alerts?status=all", "/api/admin/events"]
    {
        let answer = visitor.ask("GET", path, &Value::Null);
        assert_ne!(answer.status, 404, "{path}");
        clean(path, &answer.text);
    }
    answers.iter().for_each(|answer| clean("an answer", &answer.text));
    for arguments in [&["config"][..], &["config", "--json"], &["doctor"], &["doctor", "--json"]] {
        let said = process.command(arguments);
        assert!(!said.is_empty());
        clean(&format!("{arguments:?}"), &said);
    }
    let is_told = |what: &str| process.printed().contains(what);
    until("the errors of all systems are logged", || {
        ["Redis does not answer", "topics could not be", "\"target\":\"access\""].iter().all(|what| is_told(what))
    });
    clean("the log", &process.printed());
    clean_files(&process.folder.join("data"));
}

#[test]
fn the_access_log_has_the_trace_of_the_answer_and_no_query() {
    let process = Process::start();
    let mut client = Client::connect(&process.address()).unwrap();
    let answer = client.send("GET", "/api/products?limit=1", &[], "").unwrap();
    let trace = answer.header("request-id").unwrap().to_owned();
    let line = || {
        let printed = process.printed();
        let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.into_iter().find(|line| line["target"] == "access" && line["trace_id"] == trace.as_str())
    };
    until("the request is logged", || line().is_some());
    let line = line().unwrap();
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&json!("GET"), &json!("/api/products"), &json!(200))
    );
    assert_eq!(line["address"], "127.0.0.1");
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
}
