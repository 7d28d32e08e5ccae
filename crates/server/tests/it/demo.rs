//! `doorbuster demo` and `serve --demo`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::client::Client;
use crate::shop::{ADMIN, TestShop};

const SMALL: [&str; 8] = ["--customers", "400", "--quantity", "50", "--seconds", "1", "--connections", "8"];

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("doorbuster-demo-test-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a small demo with its own temporary folder.
fn demo(temporary: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("demo").args(SMALL).args(args).env("TMPDIR", temporary);
    command.output().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Asserts the exact result of a small sale.
fn assert_exact(document: &Value) {
    let sale = &document["sale"];
    assert_eq!(sale["failures"], json!([]));
    assert_eq!((&sale["issued"], &sale["numbersExact"]), (&json!(50), &json!(true)));
    assert_eq!(sale["orders"], json!({"COMPLETED": 40, "CANCELLED": 10}));
    assert_eq!(sale["reasons"], json!({"stock.exhausted": 10}));
    assert_eq!(sale["refusals"], json!({"coupon.sold_out": 350, "coupon.already_issued": 3}));
    assert_eq!((&sale["requests"], &sale["auditViolations"]), (&json!(400 + 50 + 3), &json!(0)));
    assert!(sale["soldOutAfterMs"].as_f64() > Some(0.0), "{sale}");
    assert!(sale["p50Ms"].as_f64() <= sale["maxMs"].as_f64(), "{sale}");
    assert_eq!(document["isExact"], true);
}

#[test]
fn a_demonstration_is_exact_and_leaves_nothing_behind() {
    let temporary = folder("json");
    let run = |seed| {
        let output = demo(&temporary, &["--json", "--seed", seed]);
        assert!(output.status.success(), "{output:?}");
        let document = document(&output);
        assert_exact(&document);
        assert_eq!(document["dataDir"], Value::Null);
        document["seedData"].clone()
    };
    let first = run("7");
    assert_eq!(first["products"].as_array().unwrap().len(), 8, "{first}");
    assert_eq!(first, run("7"), "the same seed fills in the same");
    assert_ne!(first["products"], run("8")["products"]);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "the folder is gone");
    std::fs::remove_dir(&temporary).unwrap();
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let temporary = folder("lines");
    let output = demo(&temporary, &[]);
    assert!(output.status.success(), "{output:?}");
    let (told, shown) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(!told.contains(['\r', '\u{1b}']), "{told}");
    assert!(told.contains("the sale is open: 50 coupons, 40 pairs, 400 customers"), "{told}");
    assert!(told.contains("Mina has coupon") && told.contains("sold out: coupon 50 was the last"), "{told}");
    assert!(told.contains("came too late"), "{told}");
    assert!(shown.contains("50 of 50, numbers 1 to 50, each once") && shown.contains("0 violations"), "{shown}");
    assert!(shown.contains("doorbuster serve --demo"), "{shown}");
    std::fs::remove_dir(&temporary).unwrap();
}

#[test]
fn a_given_folder_is_kept_and_takes_another_sale() {
    let (temporary, own) = (folder("own"), folder("kept"));
    let own_name = own.display().to_string();
    let mut filled = vec![];
    for _ in 0..2 {
        let output = demo(&temporary, &["--json", "--data-dir", &own_name]);
        assert!(output.status.success(), "{output:?}");
        let document = document(&output);
        assert_exact(&document);
        assert_eq!(document["dataDir"], own_name);
        filled.push(document["seedData"].clone());
    }
    assert_eq!(filled[0], filled[1]);
    let audit =
        Command::new(env!("CARGO_BIN_EXE_doorbuster")).args(["audit", "--data-dir", &own_name]).output().unwrap();
    assert!(audit.status.success(), "{audit:?}");

    let output = demo(&temporary, &["--json", "--keep"]);
    let kept = PathBuf::from(document(&output)["dataDir"].as_str().unwrap());
    assert!(kept.starts_with(&temporary) && kept.exists(), "{}", kept.display());
    for folder in [temporary, own] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_shop_stays_open_until_it_is_stopped() {
    let temporary = folder("open");
    let mut child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .arg("demo")
        .args(SMALL)
        .args(["--json", "--serve"])
        .envs([("TMPDIR", temporary.as_os_str()), ("DOORBUSTER__SERVER__LISTEN", "127.0.0.1:0".as_ref())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap();
    assert_exact(&document);
    let address = document["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let popular = Client::connect(address).unwrap().send("GET", "/api/products/popular", &[], "").unwrap().expect(200);
    assert_eq!(
        (&popular["data"][0]["name"], &popular["data"][0]["sold"]),
        (&json!("Sneaker Midnight, limited"), &json!(40))
    );
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    std::fs::remove_dir(&temporary).unwrap();
}

#[test]
fn a_sale_that_is_not_exact_fails() {
    let temporary = folder("crowded");
    // The queue holds one command, so most of hundreds of simultaneous requests get 503.
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["demo", "--json", "--customers", "3000", "--quantity", "3000", "--seconds", "1", "--connections", "256"])
        .envs([("TMPDIR", temporary.as_os_str()), ("DOORBUSTER__ENGINE__QUEUE_MAX", "1".as_ref())])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document = document(&output);
    assert_eq!(document["isExact"], false);
    assert!(!document["sale"]["failures"].as_array().unwrap().is_empty(), "{document}");
    std::fs::remove_dir(&temporary).unwrap();
}

/// Everything that a visitor sees, without timestamps.
fn seen(shop: &TestShop) -> Value {
    let login = json!({"email": "mina@demo.doorbuster.local", "password": "doorbuster-demo"});
    let token = shop.post(ADMIN, "/api/auth/login", &login).expect(200)["accessToken"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let balance = shop.client().send("GET", "/api/points", &[("authorization", &bearer)], "").unwrap().expect(200);
    json!({
        "products": shop.get(ADMIN, "/api/products").expect(200)["data"],
        "campaigns": shop.get(ADMIN, "/api/coupons").expect(200)["data"],
        "balance": balance,
    })
}

#[test]
fn a_filled_shop_is_filled_once() {
    let mut shop = TestShop::start_as(&[], &["--demo"]);
    let first = seen(&shop);
    assert_eq!(first["products"].as_array().unwrap().len(), 8, "{first}");
    assert_eq!(first["campaigns"].as_array().unwrap().len(), 3, "{first}");
    assert!(first["balance"]["balance"].as_i64() > Some(0), "{first}");
    shop.stop();
    shop.open();
    assert_eq!(seen(&shop), first, "filling it again changes nothing");

    let another = TestShop::start_as(&[("DOORBUSTER__POINTS__CUSTOMERS_MAY_CHARGE", "false")], &["--demo=2"]);
    let second = seen(&another);
    assert_eq!(second["products"].as_array().unwrap().len(), 8, "{second}");
    assert_ne!(second["products"], first["products"], "another seed, other prices");
}

/// Runs a long demo, interrupts it during its sale, and returns what it told.
fn interrupted(temporary: &Path, args: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["demo", "--customers", "20000", "--seconds", "60"])
        .args(args)
        .env("TMPDIR", temporary)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("the sale is open")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let told: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told:?}");
    told.join("\n")
}

#[test]
fn an_interrupted_demonstration_says_what_it_leaves() {
    let (temporary, own) = (folder("interrupted"), folder("left"));
    let told = interrupted(&temporary, &[]);
    assert!(told.contains("next: nothing was left behind"), "{told}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "which is true");
    let name = own.display().to_string();
    let told = interrupted(&temporary, &["--data-dir", &name]);
    let advice =
        format!("{name} has the shop as far as the command came: serve it with `doorbuster serve --data-dir {name}`");
    assert!(told.contains(&advice) && !told.contains("nothing was left"), "{told}");
    let audit = Command::new(env!("CARGO_BIN_EXE_doorbuster")).args(["audit", "--data-dir", &name]).output().unwrap();
    assert!(audit.status.success(), "it is a whole shop: {audit:?}");
    for folder in [temporary, own] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}
