//! Payments for which the customer must act at the provider, such as by 3-D Secure.

use serde_json::{Value, json};

use crate::api_asking::in_both_executors;
use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ANN, BOB, TestShop};

/// An amount for which the scripted provider asks the customer.
const CHALLENGED: i64 = 40_300;

fn pay(shop: &TestShop, number: &str, more: &[(&str, Value)]) -> Answer {
    let mut body = json!({"method": "CARD"});
    more.iter().for_each(|(name, value)| body[*name] = value.clone());
    shop.ask(ANN, "POST", &format!("/api/orders/{number}/pay"), &[("prefer", "wait=20")], &body)
}

/// Pays until the customer must act; returns the path of the provider's page.
#[track_caller]
fn challenged(shop: &TestShop, number: &str, more: &[(&str, Value)]) -> String {
    let asked = pay(shop, number, more).expect(202);
    assert_eq!(asked["status"], "REQUIRES_ACTION", "{asked}");
    assert_eq!(asked["nextAction"]["type"], "redirect");
    let url = asked["nextAction"]["url"].as_str().unwrap();
    assert!(asked["paymentId"].as_str().unwrap().starts_with("PAY-"), "{asked}");
    let shown = order(shop, number);
    assert_eq!(shown["payment"]["nextAction"], asked["nextAction"], "a customer who lost the answer finds the page");
    let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an absolute address").1;
    format!("/{path}")
}

fn order(shop: &TestShop, number: &str) -> Value {
    shop.get(ANN, &format!("/api/orders/{number}")).expect(200)
}

/// Opens the provider's page as a browser without scripts, which knows nothing of the shop's tokens.
fn page(shop: &TestShop, path: &str) -> Answer {
    shop.client().send("GET", path, &[], "").unwrap()
}

/// Presses the button of the provider's page.
fn press(shop: &TestShop, path: &str, verb: &str) -> Answer {
    let shown = page(shop, path);
    assert_eq!(shown.status, 200, "{}", shown.text);
    let form = |text: &str| text.split("action=\"").find(|part| part.contains(&format!("/{verb}?"))).map(str::to_owned);
    let action = form(&shown.text).unwrap_or_else(|| panic!("no button {verb}: {}", shown.text));
    let action = action.split('"').next().unwrap().replace("&amp;", "&");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    shop.client().send("POST", &action, &headers, "").unwrap()
}

#[test]
fn a_customer_approves_at_the_provider_and_returns_to_a_paid_order() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, CHALLENGED);
        let path = challenged(shop, &number, &[("paymentToken", json!("pm_card"))]);
        assert_eq!(order(shop, &number)["payment"]["status"], "REQUIRES_ACTION");
        let status = shop.get(ANN, &format!("/api/orders/{number}/status")).expect(200);
        assert_eq!(status["payment"]["status"], "REQUIRES_ACTION");
        assert_eq!(status.get("estimatedCompletion"), None, "a person is waited for: {status}");
        let back = press(shop, &path, "approve");
        assert_eq!((back.status, back.header("location")), (303, Some(format!("/orders/{number}").as_str())));
        let paid = shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
        assert_eq!(
            (&paid["payment"]["status"], &paid["payment"]["capturedAmount"]),
            (&json!("PAID"), &json!(CHALLENGED))
        );
        assert_eq!((shop.events_of("PaymentActionRequired"), shop.events_of("PaymentCaptured")), (1, 1));
        shop.assert_adds_up();
    });
}

/// Pays with a repeat, a page of another site, and a look at the page afterwards.
fn pays_and_returns_elsewhere(shop: &TestShop) {
    let number = shop.unpaid(ANN, 1_240_300);
    let url = json!("http://127.0.0.1:9/thanks?order=1");
    let path = challenged(shop, &number, &[("returnUrl", url.clone())]);
    let again = challenged(shop, &number, &[("returnUrl", url.clone())]);
    assert_eq!(again, path, "a repeat leads to the same page");
    let policy = page(shop, &path).header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
    let back = press(shop, &path, "approve");
    assert_eq!((back.status, back.header("location")), (303, url.as_str()));
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
    let over = page(shop, &path);
    assert!(over.text.contains("does not wait for you any more"), "{}", over.text);
    shop.assert_adds_up();
}

#[test]
fn an_amount_with_the_same_ending_asks_the_customer_as_well() {
    pays_and_returns_elsewhere(&TestShop::start());
}

#[test]
fn the_shared_store_keeps_what_waits_for_a_customer() {
    for executor in ["inline", "log"] {
        let Some(database) = Database::new("the_shared_store_keeps_what_waits_for_a_customer") else { return };
        let url = database.url();
        let settings = [("DATABASE_URL", url.as_str()), ("DOORBUSTER__ENGINE__EXECUTOR", executor)];
        pays_and_returns_elsewhere(&TestShop::start_with(&settings));
    }
}

#[test]
fn a_customer_declines_and_may_pay_again() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, CHALLENGED);
    let path = challenged(&shop, &number, &[]);
    assert_eq!(press(&shop, &path, "decline").status, 303);
    let declined = order(&shop, &number);
    assert_eq!((&declined["outcome"], &declined["payment"]["status"]), (&json!("AWAITING_PAYMENT"), &json!("FAILED")));
    assert_eq!(declined["payment"]["failureCode"], "authentication_failed");
    assert_eq!(press(&shop, &challenged(&shop, &number, &[]), "approve").status, 303);
    let paid = shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
    assert_eq!(paid["payment"]["attempt"], 2);
    shop.assert_adds_up();
}

/// The wait for the customer has its own deadline, and the order's does not end it.
#[test]
fn the_order_does_not_expire_under_its_customer_and_an_abandoned_action_does() {
    let settings = [("DOORBUSTER__ORDERS__PAY_WITHIN_S", "1"), ("DOORBUSTER__PAYMENT__ACTION_WITHIN_S", "4")];
    let shop = TestShop::start_with(&settings);
    let number = shop.unpaid(ANN, CHALLENGED);
    let path = challenged(&shop, &number, &[]);
    let pay_before = order(&shop, &number)["payBefore"].as_str().unwrap().to_owned();
    let status = format!("/api/orders/{number}");
    // The provider has been queried after the order's deadline, and the order still waits.
    shop.payment_when(|payment| payment.tries == Some(2));
    let waiting = order(&shop, &number);
    assert!(waiting["updatedAt"].as_str().unwrap() < pay_before.as_str());
    assert_eq!(
        (&waiting["outcome"], &waiting["payment"]["status"]),
        (&json!("AWAITING_PAYMENT"), &json!("REQUIRES_ACTION"))
    );
    let cancelled = shop.get_until(ANN, &status, |order| order["outcome"] == "CANCELLED");
    assert_eq!(cancelled["payment"]["failureCode"], "action.expired");
    shop.payment_until("VOIDED");
    assert!(page(&shop, &path).text.contains("does not wait for you any more"));
    let form = path.replace('?', "/approve?");
    let late = shop.client().send("POST", &form, &[("content-type", "application/x-www-form-urlencoded")], "").unwrap();
    assert_eq!(late.status, 303, "it changes nothing: {}", late.text);
    assert_eq!(order(&shop, &number)["outcome"], "CANCELLED");
    shop.assert_adds_up();
}

#[test]
fn a_cancelled_order_voids_the_action() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, CHALLENGED);
    let path = challenged(&shop, &number, &[]);
    shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
    shop.payment_until("VOIDED");
    assert!(page(&shop, &path).text.contains("does not wait for you any more"));
    shop.assert_adds_up();
}

#[test]
fn a_payment_that_waits_for_its_customer_survives_a_kill() {
    let mut shop = TestShop::start();
    let number = shop.unpaid(ANN, CHALLENGED);
    let path = challenged(&shop, &number, &[]);
    shop.kill();
    shop.open();
    assert_eq!(order(&shop, &number)["payment"]["status"], "REQUIRES_ACTION");
    assert_eq!(press(&shop, &path, "approve").status, 303);
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
    shop.assert_adds_up();
}

#[test]
fn another_card_is_refused_while_the_customer_must_act() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, CHALLENGED);
    challenged(&shop, &number, &[("paymentToken", json!("pm_1"))]);
    assert_eq!(pay(&shop, &number, &[("paymentToken", json!("pm_2"))]).problem(409), "payment.in_progress");
    challenged(&shop, &number, &[("paymentToken", json!("pm_1"))]);
    challenged(&shop, &number, &[]);
}

#[test]
fn only_the_customer_who_was_sent_there_finds_the_page() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, CHALLENGED);
    let path = challenged(&shop, &number, &[]);
    let (bare, _) = path.split_once('?').unwrap();
    for wrong in [bare.to_owned(), format!("{bare}?reference="), format!("{bare}?reference=sp_0000000000000000")] {
        assert_eq!(page(&shop, &wrong).status, 404, "{wrong}");
    }
    assert_eq!(page(&shop, "/payments/scripted/PAY-1?reference=x").status, 404);
    shop.get(BOB, &format!("/api/orders/{number}")).problem(404);
}

#[test]
fn tokens_and_return_addresses_are_checked() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 1_000);
    let long = format!("https://shop.example/{}", "a".repeat(2_000));
    for (field, bad) in [
        ("paymentToken", json!("")),
        ("paymentToken", json!("pm 1")),
        ("paymentToken", json!("카드")),
        ("paymentToken", json!("x".repeat(256))),
        ("returnUrl", json!("")),
        ("returnUrl", json!("/orders/1")),
        ("returnUrl", json!("javascript:alert(1)")),
        ("returnUrl", json!("https://ann:secret@shop.example/")),
        ("returnUrl", json!(long)),
    ] {
        let refused = pay(&shop, &number, &[(field, bad.clone())]);
        assert_eq!(refused.problem(400), "validation.failed", "{bad}");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("#/{field}"), "{bad}");
    }
    let means = [("paymentToken", json!("pm_1")), ("returnUrl", json!("https://shop.example/thanks?a=1"))];
    assert_eq!(pay(&shop, &number, &means).expect(200)["status"], "COMPLETED");
}
