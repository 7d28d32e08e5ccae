//! The real binary under test: started, stopped, killed, audited. Dropping a shop audits it, and violations fail the
//! test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use server::security::auth::{Principal, Role, Tokens};

use crate::client::{Answer, Client};
use crate::contract;

pub(crate) const SECRET: &str = "a secret of the tests, long enough for everybody";
pub(crate) const ADMIN: i64 = 1_000;
pub(crate) const ANN: i64 = 1;
pub(crate) const BOB: i64 = 2;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A shop in its own folder.
pub(crate) struct TestShop {
    folder: PathBuf,
    settings: Vec<(String, String)>,
    flags: Vec<String>,
    child: Option<Child>,
    pub(crate) address: String,
    tokens: Tokens,
}

impl TestShop {
    pub(crate) fn start() -> TestShop {
        TestShop::start_with(&[])
    }

    /// Like `start`, with the log executor: every reaction goes through the event log.
    pub(crate) fn start_with_log() -> TestShop {
        TestShop::start_with(&[("DOORBUSTER__ENGINE__EXECUTOR", "log")])
    }

    pub(crate) fn start_with(settings: &[(&str, &str)]) -> TestShop {
        TestShop::start_as(settings, &[])
    }

    /// Like `start_with`, with flags of `doorbuster serve`.
    pub(crate) fn start_as(settings: &[(&str, &str)], flags: &[&str]) -> TestShop {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("doorbuster-shop-{}-{number}", std::process::id()));
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let tokens = Tokens::new(SECRET.as_bytes());
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut shop = TestShop { folder, settings, flags, child: None, address: String::new(), tokens };
        shop.open();
        shop
    }

    /// Starts the process again, on the same folder.
    pub(crate) fn open(&mut self) {
        self.open_on("127.0.0.1:0");
    }

    /// Starts the process again on this address and port.
    pub(crate) fn open_on(&mut self, listen: &str) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
            .args(["serve", "--listen", listen, "--data-dir"])
            .arg(&self.folder)
            .args(&self.flags)
            .env("DOORBUSTER_AUTH_SECRET", SECRET)
            .env("DOORBUSTER__LOG__FORMAT", "json")
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line).ok()?;
            let message = event["message"].as_str()?;
            let (_, address) = message.split_once("http://").or_else(|| message.split_once("https://"))?;
            Some(address.to_owned())
        });
        // Later lines are forwarded, so that a failing test shows them.
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        self.address = address.expect("the shop opens");
        self.child = Some(child);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The environment of its processes.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&String, &String)> {
        self.settings.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Opens the store to change it from outside. The checksums of a closed store would report the change as damage.
    pub(crate) fn edit(&self) -> rusqlite::Connection {
        let _absent = std::fs::remove_file(self.folder.join("shop.db-sums"));
        let store = rusqlite::Connection::open(self.folder.join("shop.db")).unwrap();
        store.busy_timeout(Duration::from_secs(5)).unwrap();
        store
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends SIGTERM; the process must end with exit code 0.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(child.wait().unwrap().success(), "a stop ends with exit code 0");
    }

    /// Waits until the process ends by itself.
    pub(crate) fn ended(&mut self) -> std::process::ExitStatus {
        self.child.take().unwrap().wait().unwrap()
    }

    /// Returns the folder, without ending or auditing the shop properly.
    pub(crate) fn abandon(mut self) -> PathBuf {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let folder = self.folder.clone();
        std::mem::forget(self);
        folder
    }

    pub(crate) fn token(&self, user_id: i64, role: Role) -> String {
        self.tokens.mint(Principal { user_id, role }, Duration::from_secs(3_600))
    }

    pub(crate) fn bearer(&self, user: i64) -> String {
        let role = if user == ADMIN { Role::Admin } else { Role::Customer };
        format!("Bearer {}", self.token(user, role))
    }

    /// Like `bearer`, with this validity.
    pub(crate) fn bearer_for(&self, user_id: i64, ttl: Duration) -> String {
        format!("Bearer {}", self.tokens.mint(Principal { user_id, role: Role::Customer }, ttl))
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address).unwrap()
    }

    /// Sends one request with headers in addition to the token's.
    #[expect(clippy::too_many_arguments, reason = "a request has as many parts")]
    pub(crate) fn ask(&self, user: i64, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bearer = self.bearer(user);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.client().send(method, path, &all, &body).unwrap();
        contract::assert_foreseen(method, path, &answer);
        answer
    }

    pub(crate) fn get(&self, user: i64, path: &str) -> Answer {
        self.ask(user, "GET", path, &[], &Value::Null)
    }

    pub(crate) fn post(&self, user: i64, path: &str, body: &Value) -> Answer {
        self.ask(user, "POST", path, &[], body)
    }

    /// Creates a product on sale; returns its number.
    pub(crate) fn product(&self, price: i64, stock: i64) -> i64 {
        let body = json!({"name": "Sneaker", "price": price, "stock": stock});
        self.post(ADMIN, "/api/admin/products", &body).expect(201)["productId"].as_i64().unwrap()
    }

    /// Creates an open campaign, with `more` fields instead of the usual ones; returns its number.
    pub(crate) fn campaign(&self, quantity: i64, more: &Value) -> i64 {
        let mut body = json!({
            "name": "Opening", "discount": {"type": "FIXED", "value": 1_000}, "totalQuantity": quantity,
            "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z",
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.post(ADMIN, "/api/admin/coupons", &body).expect(201)["couponId"].as_i64().unwrap()
    }

    pub(crate) fn charge(&self, user: i64, amount: i64) {
        self.post(user, "/api/points/charge", &json!({"amount": amount})).expect(200);
    }

    /// Places an order and waits for its outcome.
    pub(crate) fn order(&self, user: i64, body: &Value) -> Answer {
        self.ask(user, "POST", "/api/orders", &[("prefer", "wait=20")], body)
    }

    /// Runs the audit on the folder.
    pub(crate) fn audit(&self) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
            .args(["audit", "--json", "--data-dir"])
            .arg(&self.folder)
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    #[track_caller]
    pub(crate) fn assert_adds_up(&self) {
        let audit = self.audit();
        assert_eq!(audit["violations"], 0, "{audit:#}");
        let checked: u64 = audit["laws"].as_array().unwrap().iter().map(|law| law["checked"].as_u64().unwrap()).sum();
        assert!(checked > 0, "the audit looked at something");
    }
}

impl TestShop {
    /// Sets a variable for the next start.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }
}

impl Drop for TestShop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(mut child) = self.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
            eprintln!("the store is left in {}", self.folder.display());
            return;
        }
        if self.child.is_some() {
            self.assert_adds_up();
            self.stop();
        }
        self.assert_adds_up();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
