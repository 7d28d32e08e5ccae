//! `doorbuster backup`, `restore` and `doctor` over the real binary, with `kill -9` at many moments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::shop::{ANN, BOB, SECRET, TestShop};

fn doorbuster(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(folder).env("DOORBUSTER_AUTH_SECRET", SECRET);
    command
}

fn answer(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Returns the code of the error that a command ended with.
fn refusal(output: &Output) -> String {
    let document: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
    document["error"]["message"].as_str().unwrap().to_owned()
}

/// A folder of this test, deleted at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("doorbuster-backups-{name}-{}", std::process::id()));
        let _left = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn completed(shop: &TestShop, user: i64, product: i64) -> String {
    let order = json!({"items": [{"productId": product, "quantity": 1}]});
    let number = shop.order(user, &order).expect(200)["orderNumber"].as_str().unwrap().to_owned();
    assert_eq!(shop.pay(user, &number, 10).expect(200)["status"], "COMPLETED");
    number
}

#[test]
fn a_backup_of_a_busy_shop_is_put_back_with_its_secret_and_its_providers_book() {
    let scratch = Scratch::new("busy");
    let mut shop = TestShop::start();
    fs::write(shop.folder().join("auth.secret"), format!("{SECRET}\n")).unwrap();
    let product = shop.product(8_000, 10_000);
    let paid = completed(&shop, ANN, product);
    let file = scratch.path("shop.backup");
    let is_over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let buy = || {
            while !is_over.load(Ordering::Relaxed) {
                shop.order(BOB, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
            }
        };
        let buyers = [scope.spawn(buy), scope.spawn(buy)];
        let before = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        let output = doorbuster(&["backup", &file, "--verify", "--json"], shop.folder()).output().unwrap();
        is_over.store(true, Ordering::Relaxed);
        buyers.into_iter().for_each(|buyer| buyer.join().unwrap());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (answer(&output), before["orderNumber"].as_str().unwrap().to_owned())
    });
    let (written, before) = written;
    assert_eq!((&written["hasSecret"], &written["hasProviderBook"]), (&json!(true), &json!(true)), "{written}");
    assert_eq!(written["audit"]["violations"], 0);
    assert_eq!(written["bytes"], fs::metadata(&file).unwrap().len());
    shop.kill();
    let lost = scratch.path("lost");
    fs::rename(shop.folder(), lost).unwrap();
    let output = doorbuster(&["restore", &file, "--verify", "--json"], shop.folder()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let restored = answer(&output);
    assert_eq!((&restored["restored"], &restored["sha256"]), (&json!(true), &written["sha256"]));
    assert_eq!(fs::read_to_string(shop.folder().join("auth.secret")).unwrap(), format!("{SECRET}\n"));
    shop.open();
    assert_eq!(shop.get(ANN, &format!("/api/orders/{before}")).status, 200, "acknowledged before the backup");
    // The provider of the restored shop knows the payment.
    let refunded = shop.post(ANN, &format!("/api/orders/{paid}/refund"), &json!({}));
    assert!(matches!(refunded.status, 200 | 202), "{refunded:?}");
    shop.payment_until("REFUNDED");
    completed(&shop, BOB, product);
    let again = doorbuster(&["restore", &file, "--json"], shop.folder()).output().unwrap();
    assert!(refusal(&again).contains("is not empty"), "{again:?}");
    // Dropping the shop audits it.
}

/// Starts a command and kills it after a while; returns false if it had ended by itself.
fn killed_after(mut command: Command, pause: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // How far the command comes is what differs between the rounds.
    std::thread::sleep(pause);
    let was_running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    let ended = child.wait().unwrap();
    assert!(was_running || ended.success(), "{ended:?}");
    was_running
}

/// Pauses that grow until a command ends before its kill, twice.
fn until_complete(mut round: impl FnMut(Duration) -> bool) {
    let (mut pause, mut complete) = (Duration::from_millis(5), 0);
    while complete < 2 {
        complete += u32::from(!round(pause));
        pause += (pause / 6).max(Duration::from_millis(4));
        assert!(pause < Duration::from_secs(120), "it never ends");
    }
}

fn is_whole_backup(file: &str) -> bool {
    let bytes = fs::read(file).unwrap();
    let (body, trailer) = bytes.split_at(bytes.len() - 48);
    trailer.starts_with(b"DBBACK01") && trailer[16..] == Sha256::digest(body)[..]
}

#[test]
fn a_backup_killed_at_any_moment_leaves_the_shop_and_the_last_backup_whole() {
    let scratch = Scratch::new("killed-backup");
    let shop = TestShop::start();
    let product = shop.product(0, 10_000);
    for _ in 0..50 {
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    }
    let file = scratch.path("shop.backup");
    until_complete(|pause| {
        let was_killed = killed_after(doorbuster(&["backup", &file], shop.folder()), pause);
        assert!(!Path::new(&file).exists() || is_whole_backup(&file), "after {pause:?}");
        assert!(was_killed || Path::new(&file).exists());
        shop.order(BOB, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        was_killed
    });
    let names: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["shop.backup"], "nothing is left of the killed ones");
    // Dropping the shop audits it.
}

#[test]
fn a_restore_killed_at_any_moment_is_complete_or_nothing() {
    let scratch = Scratch::new("killed-restore");
    let shop = TestShop::start();
    let product = shop.product(0, 10_000);
    for _ in 0..50 {
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    }
    fs::write(shop.folder().join("auth.secret"), format!("{SECRET}\n")).unwrap();
    let (file, target) = (scratch.path("shop.backup"), scratch.path("target"));
    assert!(doorbuster(&["backup", &file], shop.folder()).output().unwrap().status.success());
    let target = Path::new(&target);
    until_complete(|pause| {
        let was_killed = killed_after(doorbuster(&["restore", &file], target), pause);
        if !target.join("shop.db").exists() {
            let audit = doorbuster(&["audit", "--json"], target).output().unwrap();
            assert_eq!(audit.status.code(), Some(1), "no shop: {audit:?}");
            if target.join(".restoring").exists() {
                let served = doorbuster(&["serve", "--listen", "127.0.0.1:0"], target).output();
                let error = String::from_utf8(served.unwrap().stderr).unwrap();
                assert!(error.contains("was interrupted"), "{error}");
            }
            let again = doorbuster(&["restore", &file, "--verify"], target).output().unwrap();
            assert!(again.status.success(), "after {pause:?}: {again:?}");
        }
        let audit = doorbuster(&["audit", "--json"], target).output().unwrap();
        assert_eq!(answer(&audit)["violations"], 0, "after {pause:?}");
        fs::remove_dir_all(target).unwrap();
        was_killed
    });
}

#[test]
fn what_is_not_a_whole_backup_or_an_empty_folder_is_refused() {
    let scratch = Scratch::new("refused");
    let shop = TestShop::start();
    shop.charge(ANN, 100);
    let file = scratch.path("shop.backup");
    assert!(doorbuster(&["backup", &file], shop.folder()).output().unwrap().status.success());
    let target = PathBuf::from(scratch.path("target"));
    let restore = |file: &str| doorbuster(&["restore", file, "--json"], &target).output().unwrap();
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for (bytes, words) in
        [(&damaged[..], "is damaged"), (&whole[..whole.len() - 1], "is not a backup"), (b"", "is not a backup")]
    {
        let other = scratch.path("other");
        fs::write(&other, bytes).unwrap();
        let refused = restore(&other);
        assert_eq!(refused.status.code(), Some(1));
        assert!(refusal(&refused).contains(words), "{refused:?}");
        assert!(!target.exists(), "nothing is made");
        let over = doorbuster(&["backup", &other, "--json"], shop.folder()).output().unwrap();
        assert_eq!(over.status.success(), words == "is damaged", "only a backup is replaced: {over:?}");
    }
    fs::create_dir(&target).unwrap();
    fs::write(target.join("notes.txt"), "mine").unwrap();
    assert!(refusal(&restore(&file)).contains("notes.txt"));
    let elsewhere = doorbuster(&["backup", &file, "--json"], shop.folder())
        .env("DATABASE_URL", "mysql://root@127.0.0.1:1/shop")
        .output()
        .unwrap();
    assert_eq!(elsewhere.status.code(), Some(2), "{elsewhere:?}");
    let missing = doorbuster(&["backup", &file, "--json"], &scratch.0.join("none")).output().unwrap();
    assert!(missing.status.code() == Some(1) && String::from_utf8_lossy(&missing.stderr).contains("store.missing"));
    assert!(is_whole_backup(&file), "the earlier one is kept");
}

#[test]
fn a_violation_is_found_in_the_copy_and_not_restored_with_verify() {
    let scratch = Scratch::new("violation");
    let mut shop = TestShop::start();
    shop.product(0, 100);
    shop.stop();
    shop.edit().execute("UPDATE product SET sold = sold + 2, on_hand = on_hand - 2", []).unwrap();
    let file = scratch.path("shop.backup");
    let backup = doorbuster(&["backup", &file, "--verify", "--json"], shop.folder()).output().unwrap();
    assert_eq!((backup.status.code(), &answer(&backup)["audit"]["violations"]), (Some(1), &json!(1)));
    let target = PathBuf::from(scratch.path("target"));
    let refused = doorbuster(&["restore", &file, "--verify", "--json"], &target).output().unwrap();
    assert_eq!((refused.status.code(), &answer(&refused)["restored"]), (Some(1), &json!(false)));
    assert!(!target.exists(), "nothing is left");
    assert!(doorbuster(&["restore", &file], &target).output().unwrap().status.success());
    assert!(target.join("shop.db").exists());
    fs::remove_dir_all(shop.abandon()).unwrap();
}

/// Returns the check of this name.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut checks = report["checks"].as_array().unwrap().iter();
    checks.find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}: {report:#}"))
}

#[cfg(target_os = "linux")]
#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;

    let shop = TestShop::start();
    shop.charge(ANN, 100);
    let report = answer(&doorbuster(&["doctor", "--json"], shop.folder()).output().unwrap());
    for name in ["secret", "permissions", "sqlite", "clock", "tls"] {
        assert_eq!(check(&report, name)["status"], "ok", "{report:#}");
    }
    assert!(check(&report, "fsync")["detail"].as_str().unwrap().contains("median"));
    fs::set_permissions(shop.folder().join("shop.db"), fs::Permissions::from_mode(0o644)).unwrap();
    shop.edit().execute("UPDATE event_row SET occurred_at = occurred_at + 600000000", []).unwrap();
    let output = doorbuster(&["doctor", "--json"], shop.folder())
        .env("DOORBUSTER_AUTH_SECRET", "short")
        .env("DOORBUSTER__STORE__SYNCHRONOUS", "off")
        .env("DOORBUSTER__SERVER__LISTEN", "0.0.0.0:8080")
        .env("REDIS_URL", "redis://127.0.0.1:1/")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report = answer(&output);
    for name in ["secret", "permissions", "clock", "durability", "tls", "redis"] {
        let check = check(&report, name);
        assert_eq!(check["status"], "found", "{report:#}");
        assert!(check["next"].is_string(), "{check}");
    }
    assert!(report["found"].as_u64().unwrap() >= 6);
    let text = doorbuster(&["doctor"], shop.folder()).output().unwrap();
    assert!(String::from_utf8(text.stdout).unwrap().contains("next: "), "also as text");
    fs::remove_dir_all(shop.abandon()).unwrap();
}
