//! Receipts of coupons, and the proof of their campaign.

use serde_json::{Value, json};
use verify::{Receipt, Verified, verify};

use crate::api_asking::in_both_executors;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

fn issue(shop: &TestShop, user: i64, campaign: i64) -> String {
    let issued = shop.post(user, &format!("/api/coupons/{campaign}/issue"), &json!({})).expect(201);
    issued["userCouponId"].as_str().unwrap().to_owned()
}

fn receipt_of(campaign: i64, coupon: &str) -> String {
    format!("/api/coupons/{campaign}/receipts/{coupon}")
}

fn receipt(shop: &TestShop, user: i64, campaign: i64, coupon: &str) -> Value {
    shop.get(user, &receipt_of(campaign, coupon)).expect(200)
}

fn proof(shop: &TestShop, campaign: i64) -> Verified {
    verify(&shop.get(BOB, &format!("/api/coupons/{campaign}/proof")).text).unwrap()
}

fn parsed(receipt: &Value) -> Receipt {
    serde_json::from_value(receipt.clone()).unwrap()
}

#[test]
fn a_receipt_is_the_owners_link_of_the_proof() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(5, &json!({}));
        let (anns, bobs) = (issue(shop, ANN, campaign), issue(shop, BOB, campaign));
        let (first, second) = (receipt(shop, ANN, campaign, &anns), receipt(shop, BOB, campaign, &bobs));
        assert_eq!((&first["number"], &second["number"]), (&json!(1), &json!(2)));
        assert_eq!(first["hash"], second["previousHash"]);
        assert_eq!(second["hash"], second["head"]);
        let by_admin = format!("/api/admin/coupons/{campaign}/receipts/{anns}");
        assert_eq!(shop.get(ADMIN, &by_admin).expect(200), receipt(shop, ANN, campaign, &anns));
        let verified = proof(shop, campaign);
        assert_eq!(verified.entries.len(), 2);
        for known in [&first, &second] {
            assert_eq!(verified.contains(&parsed(known)).unwrap().kind, "ISSUED");
        }
        assert_ne!(verified.entries[0].customer, verified.entries[1].customer);
    });
}

#[test]
fn others_and_other_campaigns_find_no_receipt() {
    let shop = TestShop::start();
    let (campaign, other) = (shop.campaign(5, &json!({})), shop.campaign(5, &json!({})));
    let anns = issue(&shop, ANN, campaign);
    for other in [BOB, ADMIN] {
        assert_eq!(shop.get(other, &receipt_of(campaign, &anns)).problem(404), "coupon.not_found");
    }
    assert_eq!(shop.get(ANN, &receipt_of(other, &anns)).problem(404), "coupon.not_found");
    assert_eq!(shop.get(ANN, &receipt_of(campaign, "CPN-77777777")).problem(404), "coupon.not_found");
    assert_eq!(shop.get(ANN, &receipt_of(99, &anns)).problem(404), "coupon.not_found");
    assert_eq!(proof(&shop, other).entries, []);
}

#[test]
fn a_receipt_stays_valid_over_a_restart_and_later_issues() {
    let mut shop = TestShop::start();
    let campaign = shop.campaign(3_000, &json!({"issueMode": "direct"}));
    let anns = issue(&shop, ANN, campaign);
    let before = receipt(&shop, ANN, campaign, &anns);
    for user in 2_000..2_040 {
        issue(&shop, user, campaign);
    }
    shop.kill();
    shop.open();
    let verified = proof(&shop, campaign);
    assert_eq!(verified.entries.len(), 41);
    assert_eq!(verified.contains(&parsed(&before)).unwrap().number, 1);
    let after = receipt(&shop, ANN, campaign, &anns);
    assert_eq!((&after["hash"], &after["previousHash"]), (&before["hash"], &before["previousHash"]));
    assert_ne!(after["head"], before["head"]);
}

#[test]
fn a_proof_is_verified_without_the_shop() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let anns = issue(&shop, ANN, campaign);
    issue(&shop, BOB, campaign);
    let folder = shop.folder();
    let (proof_file, receipt_file) = (folder.join("proof.ndjson"), folder.join("receipt.json"));
    let text = shop.get(BOB, &format!("/api/coupons/{campaign}/proof")).text;
    std::fs::write(&proof_file, &text).unwrap();
    std::fs::write(&receipt_file, receipt(&shop, ANN, campaign, &anns).to_string()).unwrap();
    let check = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.arg("verify").arg(&proof_file).arg("--receipt").arg(&receipt_file).output().unwrap()
    };
    let accepted = check();
    assert!(accepted.status.success(), "{accepted:?}");
    assert!(String::from_utf8_lossy(&accepted.stdout).contains("the receipt is entry 1: ISSUED"), "{accepted:?}");
    std::fs::write(&proof_file, text.replace("\"subject\":2", "\"subject\":1")).unwrap();
    assert!(!check().status.success());
}

/// Each process leases its own block of coupon numbers, so the numbers of coupons are not in the order of issue.
#[test]
fn two_processes_show_one_chain() {
    let Some(database) = Database::new("two_processes_show_one_chain") else { return };
    let shops = [database.shop(), database.shop()];
    let campaign = shops[0].campaign(50, &json!({}));
    let mut last: Option<Value> = None;
    for user in 0..20_usize {
        let customer = 3_000 + i64::try_from(user).unwrap();
        let coupon = issue(&shops[user / 3 % 2], customer, campaign);
        let receipt = receipt(&shops[user % 2], customer, campaign, &coupon);
        if let Some(last) = &last {
            assert_eq!(last["hash"], receipt["previousHash"], "issue {user}");
        }
        last = Some(receipt);
    }
    let verified = proof(&shops[1], campaign);
    assert_eq!(verified.entries.len(), 20);
    assert_eq!(proof(&shops[0], campaign), verified);
    verified.contains(&parsed(&last.unwrap())).unwrap();
}
