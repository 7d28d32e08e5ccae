//! Commands about products, campaigns, orders and payments, against a running shop.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::shop::{ANN, SECRET, TestShop};

/// Runs the program as a user whose home folder is the shop's.
fn doorbuster(shop: &TestShop, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).env("DOORBUSTER_AUTH_SECRET", SECRET).env("XDG_CONFIG_HOME", shop.folder());
    command
}

fn output(shop: &TestShop, args: &[&str]) -> Output {
    doorbuster(shop, args).arg("--data-dir").arg(shop.folder()).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn document(shop: &TestShop, args: &[&str]) -> Value {
    serde_json::from_str(&text(&output(shop, &[args, &["--json"]].concat()))).unwrap()
}

fn address(shop: &TestShop) -> String {
    format!("http://{}", std::fs::read_to_string(shop.folder().join("server.address")).unwrap().trim())
}

#[test]
fn a_shop_is_run_from_the_command_line() {
    let shop = TestShop::start();
    let made = document(&shop, &["product", "create", "Sneaker", "--price", "120000", "--stock", "5"]);
    assert_eq!((&made["productId"], &made["available"]), (&json!(1), &json!(5)));
    document(&shop, &["product", "stock", "1", "--delta", "-2", "--reason", "damaged"]);
    document(&shop, &["product", "change", "1", "--price", "110000", "--status", "PAUSED"]);
    let shown = text(&output(&shop, &["product", "show", "1"]));
    assert!(shown.contains("price") && shown.contains("110000") && shown.contains("PAUSED"), "{shown}");
    let list = text(&output(&shop, &["product", "list", "sneak"]));
    assert!(list.starts_with("PRODUCT ID  NAME") && list.contains("Sneaker"), "{list}");
    assert_eq!(text(&output(&shop, &["product", "list", "boots"])).trim_end(), "There are none.");

    let opening =
        ["coupon", "create", "Opening", "--quantity", "10", "--percent", "10", "--from", "2026-01-01T00:00:00Z"];
    let made = document(&shop, &[&opening[..], &["--until", "2099-01-01T00:00:00Z"]].concat());
    assert_eq!((&made["couponId"], &made["validUntil"]), (&json!(1), &json!("2099-01-01T00:00:00Z")));
    let fixed = ["coupon", "create", "Fixed", "--quantity", "1", "--amount", "500", "--from", "2026-01-01T00:00:00Z"];
    let made = document(&shop, &[&fixed[..], &["--until", "2099-01-01T00:00:00Z"]].concat());
    assert_eq!(made["discount"], json!({"type": "FIXED", "value": 500}));
    assert_eq!(document(&shop, &["coupon", "pause", "1"])["paused"], true);
    assert_eq!(document(&shop, &["coupon", "resume", "1"])["paused"], false);
    assert_eq!(document(&shop, &["coupon", "change", "1", "--quantity", "20"])["totalQuantity"], 20);
    assert_eq!(document(&shop, &["coupon", "list", "open"])["data"][0]["couponId"], 1);

    document(&shop, &["product", "change", "1", "--status", "ON_SALE"]);
    let number = shop.order(ANN, &json!({"items": items(1, 1)})).number(200);
    let orders = document(&shop, &["order", "list", "--product", "1", "--user", &ANN.to_string()]);
    assert_eq!(orders["data"][0]["orderNumber"], number.as_str());
    assert_eq!(document(&shop, &["order", "cancel", &number, "--reason", "a test"])["outcome"], "CANCELLED");
    let shown = text(&output(&shop, &["order", "show", &number]));
    assert!(shown.contains("items.1.name") && shown.contains("a test"), "{shown}");
    assert_eq!(document(&shop, &["payment", "list"])["data"], json!([]));
}

#[test]
fn a_profile_has_the_address_and_the_token() {
    let shop = TestShop::start();
    shop.product(1_000, 1);
    let token = text(&output(&shop, &["token", "--role", "admin", "--user", "1"]));
    let file = shop.folder().join("doorbuster/profiles.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let here = format!("[here]\nurl = {:?}\ntoken = {token:?}\n", address(&shop));
    std::fs::write(
        &file,
        format!("{here}[open]\ntoken = \"x\"\n[wrong]\nurl = \"http://127.0.0.1:1\"\ntoken = \"a b\"\n"),
    )
    .unwrap();
    let list = |profile: &str| {
        let mut command = doorbuster(&shop, &["product", "list", "--json", "--profile", profile]);
        command.env_remove("DOORBUSTER_AUTH_SECRET").output().unwrap()
    };
    let open = list("here");
    assert_eq!(open.status.code(), Some(2), "others can read the token: {open:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let page: Value = serde_json::from_str(&text(&list("here"))).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    let unknown = list("there");
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("it has here, open, wrong"), "{unknown:?}");
    for (profile, why) in [("open", "missing field `url`"), ("wrong", "a character that no token has")] {
        let refused = list(profile);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(why), "{refused:?}");
    }
}

#[test]
fn a_shop_that_does_not_answer_has_an_exit_code_of_its_own() {
    let shop = TestShop::start();
    let closed = ["product", "list", "--url", "http://127.0.0.1:1", "--token", "x", "--json"];
    let refused = output(&shop, &closed);
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!((refused.status.code(), &error["error"]["code"]), (Some(69), &json!("unreachable")));
    for url in ["127.0.0.1:80", "ftp://x", "http://", "http://a/b", "http://u@h"] {
        assert_eq!(output(&shop, &["product", "list", "--url", url, "--token", "x"]).status.code(), Some(2), "{url}");
    }
}

/// The shop names a field; the command line has an option for it.
#[test]
fn a_wrong_value_is_named_by_its_option() {
    let shop = TestShop::start();
    let backwards = ["trail", "--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"];
    for (args, said) in [
        (&["order", "list", "--user", "0"][..], "--user: must be from 1"),
        (&["order", "list", "--product", "0"], "--product: must be from 1"),
        (&["order", "list", "--coupon", "0"], "--coupon: must be from 1"),
        (&["product", "list", ""], "TEXT: "),
        (&backwards, "--until: must not be before --since"),
    ] {
        let refused = output(&shop, args);
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(error.starts_with(&format!("error: {said}")), "{args:?}: {error}");
    }
}

#[test]
fn completions_know_the_ids_of_a_running_shop() {
    let shop = TestShop::start();
    shop.product(1_000, 1);
    let words = ["--", "doorbuster", "product", "show", ""];
    crate::dlq::give_up(&shop, 7, "{}");
    let mut letters = doorbuster(&shop, &["--", "doorbuster", "dlq", "show", ""]);
    letters.env("DOORBUSTER_COMPLETE", "fish").env("DOORBUSTER_URL", address(&shop));
    let letters = text(&letters.output().unwrap());
    assert!(letters.lines().any(|line| line == "7\tCouponIssued"), "with the event's type: {letters}");
    let complete = |url: &str| {
        let mut command = doorbuster(&shop, &words);
        command.env("DOORBUSTER_COMPLETE", "fish").env("DOORBUSTER_URL", url);
        text(&command.output().unwrap())
    };
    let offered = complete(&address(&shop));
    assert!(offered.lines().any(|line| line.split('\t').next() == Some("1")), "{offered}");
    assert!(!complete("http://127.0.0.1:1").lines().any(|line| line.starts_with('1')), "and nothing fails");
}
