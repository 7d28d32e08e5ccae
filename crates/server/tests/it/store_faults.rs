//! The shop with a store that has lost commits, on a full disk, and in a folder that other users can read.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use server::security::auth::{Principal, Role, Tokens};

use crate::client::{Answer, Client};
use crate::shop::{ANN, SECRET, TestShop};

fn doorbuster(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(folder).env("DOORBUSTER_AUTH_SECRET", SECRET);
    command
}

fn serve(folder: &Path) -> Command {
    let mut command = doorbuster(&["serve", "--listen", "127.0.0.1:0"], folder);
    command.env("DOORBUSTER__LOG__FORMAT", "json").stderr(Stdio::piped());
    command
}

/// A shop on a folder that the test manages.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(command: &mut Command) -> Served {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line).ok()?;
            Some(event["message"].as_str()?.split_once("http://")?.1.to_owned())
        });
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        Served { child, address: address.expect("the shop opens") }
    }

    fn get(&self, path: &str) -> Answer {
        Client::connect(&self.address).unwrap().send("GET", path, &[], "").unwrap()
    }

    fn charge(&self, user: i64) -> Answer {
        let principal = Principal { user_id: user, role: Role::Customer };
        let bearer = format!("Bearer {}", Tokens::new(SECRET.as_bytes()).mint(principal, Duration::from_secs(600)));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = json!({"amount": 100}).to_string();
        Client::connect(&self.address).unwrap().send("POST", "/api/points/charge", &headers, &body).unwrap()
    }

    fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the folder of a killed shop with a few orders.
fn killed() -> PathBuf {
    let shop = TestShop::start();
    let product = shop.product(0, 100);
    for _ in 0..10 {
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    }
    shop.abandon()
}

fn error_of(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_shop_that_has_lost_orders_opens_only_with_accept_loss() {
    for lost in ["shop.db-wal", "shop.db"] {
        let folder = killed();
        fs::write(folder.join(lost), "").unwrap();
        let refused = serve(&folder).output().unwrap();
        assert!(!refused.status.success() && error_of(&refused).contains("--accept-loss"), "{lost}: {refused:?}");
        let audit = doorbuster(&["audit"], &folder).output().unwrap();
        let told = String::from_utf8(audit.stdout).unwrap() + std::str::from_utf8(&audit.stderr).unwrap();
        assert!(!audit.status.success() && told.contains("has lost commits"), "{lost}: {told}");
        let accepted = Served::start(serve(&folder).arg("--accept-loss"));
        assert_eq!(accepted.get("/readyz").status, 200);
        assert!(accepted.stop().success());
        assert!(doorbuster(&["audit"], &folder).output().unwrap().status.success());
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn no_new_shop_starts_in_the_folder_of_an_old_one() {
    let folder = killed();
    for file in ["shop.db", "shop.db-wal", "shop.db-shm", "shop.db-mark"] {
        let _ = fs::remove_file(folder.join(file));
    }
    let refused = serve(&folder).output().unwrap();
    let error = error_of(&refused);
    assert!(!refused.status.success() && error.contains("held a shop before"), "{error}");
    assert!(!folder.join("shop.db").exists(), "nothing is made");
    assert!(Served::start(serve(&folder).arg("--accept-loss")).stop().success());
    fs::remove_dir_all(folder).unwrap();
}

/// Damages everything that the engine reads from here on.
fn garble(folder: &Path) {
    let mut bytes = fs::read(folder.join("shop.db")).unwrap();
    bytes[2_048..].fill(0xff);
    fs::write(folder.join("shop.db"), bytes).unwrap();
}

#[test]
fn a_failed_process_ends_so_that_it_is_restarted() {
    let mut shop = TestShop::start();
    shop.charge(ANN, 100);
    shop.stop();
    shop.open();
    garble(shop.folder());
    let answer = shop.post(7, "/api/points/charge", &json!({"amount": 1}));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(shop.ended().code(), Some(1));
    fs::remove_dir_all(shop.abandon()).unwrap();
}

#[test]
fn a_failed_process_that_stays_answers_503_at_livez() {
    let mut shop = TestShop::start_with(&[("DOORBUSTER__ENGINE__AFTER_FAILURE", "stay")]);
    shop.charge(ANN, 100);
    shop.stop();
    shop.open();
    assert_eq!(shop.get(ANN, "/livez").status, 200);
    garble(shop.folder());
    assert_eq!(shop.post(7, "/api/points/charge", &json!({"amount": 1})).status, 503);
    await_status(|| shop.get(ANN, "/livez").status, 503);
    fs::remove_dir_all(shop.abandon()).unwrap();
}

#[track_caller]
fn await_status(status: impl Fn() -> u16, expected: u16) {
    let since = Instant::now();
    while status() != expected {
        assert!(since.elapsed() < Duration::from_secs(60), "it does not come to {expected}");
        std::thread::yield_now();
    }
}

/// A folder on its own small disk, where the system allows to mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = std::env::temp_dir().join(format!("doorbuster-small-disk-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "doorbuster"]).arg(&folder).status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: only root can mount a small disk");
            return None;
        }
        Some(SmallDisk(folder))
    }

    fn fill(&self) {
        use std::io::Write as _;

        let mut other = fs::File::options().create(true).append(true).open(self.0.join("other")).unwrap();
        while other.write_all(&[1; 512]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_shop_on_a_full_disk_is_not_ready_and_recovers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.0.join("data");
    let shop = Served::start(serve(&folder).env("DOORBUSTER__STORE__BALLAST_MIB", "0"));
    shop.charge(1).expect(200);
    // Each time the store releases some space, the test fills it too.
    let refused = (2..200).find_map(|user| {
        disk.fill();
        let answer = shop.charge(user);
        (answer.status != 200 && shop.get("/readyz").status == 503).then_some(answer)
    });
    let refused = refused.expect("the disk is full in the end");
    assert_eq!(refused.status, 503, "{refused:?}");
    let problem = refused.json();
    assert!(problem["detail"].as_str().unwrap().contains("Nothing was changed"), "{problem}");
    assert_eq!(shop.get("/readyz").status, 503);
    assert_eq!(shop.get("/livez").status, 200);
    let metrics = shop.get("/metrics").text;
    let failures = metrics.lines().find_map(|line| line.strip_prefix("doorbuster_commit_failures_total "));
    assert!(failures.is_some_and(|failures| failures.parse::<f64>().unwrap() > 0.0), "{failures:?}");
    fs::remove_file(disk.0.join("other")).unwrap();
    await_status(|| shop.get("/readyz").status, 200);
    shop.charge(1).expect(200);
    assert!(shop.stop().success());
    assert!(doorbuster(&["audit"], &folder).output().unwrap().status.success());
}

#[test]
fn a_repair_is_reported_and_recorded() {
    let mut shop = TestShop::start();
    let product = shop.product(0, 100);
    shop.stop();
    assert!(shop.folder().join("shop.db-sums").exists(), "a shop that is closed in peace leaves its sums");
    let database = Connection::open(shop.folder().join("shop.db")).unwrap();
    database.execute("UPDATE product SET sold = sold + 2, on_hand = on_hand - 2", []).unwrap();
    let audit = |args: &[&str]| {
        let output = doorbuster(args, shop.folder()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = audit(&["audit"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("`doorbuster audit --repair` repairs what can be computed again (1)"), "{text}");
    let (code, told) = audit(&["audit", "--repair", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(code, Some(0), "{told:#}");
    let what = format!("product {product}: sold -2");
    assert_eq!(told["repaired"], json!([{"law": 1, "what": what, "done": true}]));
    assert!(told["skipped"].as_array().unwrap().iter().any(|skipped| skipped["law"] == 7), "{told:#}");
    let noted = "SELECT what FROM maintenance WHERE kind = 'REPAIRED' AND law = 1";
    assert_eq!(database.query_row(noted, [], |row| row.get::<_, String>(0)), Ok(what));
    database.execute("UPDATE event_row SET occurred_at = occurred_at - 86400000000 WHERE position = 1", []).unwrap();
    let (code, text) = audit(&["audit"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("none of them can be repaired") && !text.contains("--repair`"), "{text}");
    fs::remove_dir_all(shop.abandon()).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn only_the_owner_may_read_a_data_folder_and_the_limit_of_open_files_is_raised() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = std::env::temp_dir().join(format!("doorbuster-owners-{}", std::process::id()));
    let line = "ulimit -Sn 300 && exec \"$0\" serve --listen 127.0.0.1:0 --data-dir \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_doorbuster")]).arg(&folder).stderr(Stdio::piped());
    let shop = Served::start(command.env("DOORBUSTER__LOG__FORMAT", "json").env_remove("DOORBUSTER_AUTH_SECRET"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", shop.child.id())).unwrap();
    let open_files: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(open_files[3], open_files[4], "soft and hard");
    assert!(shop.stop().success());
    fs::remove_dir_all(folder).unwrap();
}
