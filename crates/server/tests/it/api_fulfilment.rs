//! Paid orders over HTTP with the built-in provider: shipped, stored, cancelled, refunded.

use serde_json::{Value, json};

use crate::api_asking::{assert_like, in_both_executors, items};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

fn receiver() -> Value {
    json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"})
}

fn path(number: &str, rest: &str) -> String {
    format!("/api/orders/{number}{rest}")
}

/// Requests payment and shipment in one step.
fn process(shop: &TestShop, number: &str) -> Value {
    let body = json!({"payment": {"method": "CARD"}, "receiver": receiver(), "warehouseStorage": false});
    shop.post(ANN, &path(number, "/process-payment-shipment"), &body).expect(202)
}

fn until(shop: &TestShop, number: &str, status: &str) -> Value {
    shop.get_until(ANN, &path(number, "/status"), |order| order["status"] == status)
}

fn advance(shop: &TestShop, number: &str, status: &str) -> Value {
    let body = json!({"status": status, "trackingNumber": "KR-4004"});
    shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &body).expect(200)
}

fn statuses(shop: &TestShop, number: &str) -> Vec<String> {
    let events = shop.get(ANN, &path(number, "/events")).expect(200);
    let mut statuses: Vec<String> =
        events["data"].as_array().unwrap().iter().map(|event| event["status"].as_str().unwrap().to_owned()).collect();
    statuses.dedup();
    statuses
}

/// O-30…O-36: the answer with the source's text, and every status until delivery.
#[test]
fn an_order_is_paid_sent_and_delivered() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 12_300);
        let wanted = json!({
            "orderId": number, "status": "PROCESSING", "message": "<text>", "estimatedProcessingTime": "<text>",
            "websocketTopic": format!("/topic/order/{number}"), "statusCheckUrl": path(&number, "/status"),
        });
        assert_like(&process(shop, &number), &wanted);
        let status = until(shop, &number, "PREPARING");
        assert_eq!((&status["progressPercentage"], &status["canCancel"]), (&json!(50), &json!(true)));
        let shipment = shop.get(ADMIN, &format!("/api/admin/shipments/{number}")).expect(200);
        assert_eq!((&shipment["status"], &shipment["receiver"]), (&json!("PENDING"), &receiver()));
        for (goods, order) in [
            ("SHIPPED", "SHIPMENT_STARTED"),
            ("IN_TRANSIT", "IN_TRANSIT"),
            ("OUT_FOR_DELIVERY", "IN_TRANSIT"),
            ("DELIVERED", "COMPLETED"),
        ] {
            assert_eq!(advance(shop, &number, goods)["status"], goods);
            assert_eq!(shop.get(ANN, &path(&number, "/status")).expect(200)["status"], order);
        }
        let all = [
            "CREATED",
            "PENDING_PAYMENT",
            "PAYMENT_COMPLETED",
            "PREPARING",
            "SHIPMENT_STARTED",
            "IN_TRANSIT",
            "COMPLETED",
        ];
        assert_eq!(statuses(shop, &number), all);
        let listed = shop.get(ADMIN, "/api/admin/shipments").expect(200);
        assert_eq!(listed["data"][0]["trackingNumber"], "KR-4004");
    });
}

/// O-31: the event names the customer and the request; a customer known only by a token has no address.
#[test]
fn the_event_of_a_request_names_its_customers_address() {
    in_both_executors(|shop| {
        let person = json!({"email": "carol@example.com", "password": "correct horse", "name": "Carol"});
        let carol = shop.ask_openly("POST", "/api/users", &person).expect(201)["userId"].as_i64().unwrap();
        let body = json!({"payment": {"method": "CARD"}, "receiver": receiver(), "warehouseStorage": false});
        for (user, email) in [(carol, json!("carol@example.com")), (BOB, Value::Null)] {
            let number = shop.unpaid(user, 12_300);
            shop.post(user, &path(&number, "/process-payment-shipment"), &body).expect(202);
            let told = shop.payload_of("OrderProcessingRequested");
            assert_eq!((&told["orderId"], &told["userEmail"]), (&json!(number), &email));
            let request = json!({"method": "CARD", "hasReceiver": true, "warehouseStorage": false});
            assert_eq!((&told["request"], &told["retryCount"]), (&request, &json!(0)));
        }
    });
}

/// O-35, T14: repeated while in progress, and when done.
#[test]
fn a_repeated_request_pays_and_ships_nothing_more() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 12_300);
        process(shop, &number);
        process(shop, &number);
        until(shop, &number, "PREPARING");
        process(shop, &number);
        assert_eq!((shop.events_of("PaymentCaptured"), shop.events_of("ShipmentUpdated")), (1, 1));
    });
}

/// O-33.
#[test]
fn a_stored_order_is_complete_when_it_is_paid() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 12_300);
        let body = json!({"paymentRequest": {"method": "ACCOUNT", "paidAmount": 12_300}, "warehouseStorage": true});
        let korean = [("accept-language", "ko-KR,ko;q=0.9")];
        let taken = shop.ask(ANN, "POST", &path(&number, "/process-payment-shipment"), &korean, &body).expect(202);
        assert_eq!(taken["message"], "주문이 접수되었습니다. 결제를 처리하고 있습니다.");
        until(shop, &number, "COMPLETED");
        assert!(statuses(shop, &number).contains(&"IN_WAREHOUSE".to_owned()));
        let stored = format!("/api/admin/warehouse/{number}");
        assert_eq!(shop.get(ADMIN, &stored).expect(200)["status"], "IN_STORAGE");
        let moved = shop.patch(ADMIN, &stored, &json!({"status": "ON_AUCTION"})).expect(200);
        assert_eq!(moved["status"], "ON_AUCTION");
        let refused = shop.patch(ADMIN, &stored, &json!({"status": "REMOVED_FROM_STORAGE"}));
        assert_eq!(refused.problem(409), "shipment.not_possible");
        assert_eq!(shop.get(ADMIN, "/api/admin/warehouse").expect(200)["data"][0]["orderId"], json!(number));
    });
}

#[test]
fn cancelling_a_paid_order_refunds_everything() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let campaign = shop.campaign(5, &json!({}));
        shop.issue(ANN, campaign);
        shop.charge(ANN, 2_000);
        let before = (shop.available(product), shop.balance(ANN), shop.only_coupon(ANN));
        let body =
            json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 1_500, "receiver": receiver()});
        let number = shop.order(ANN, &body).number(200);
        shop.pay(ANN, &number, 20).expect(200);
        until(shop, &number, "PREPARING");
        let order = shop.post(ANN, &path(&number, "/cancel"), &json!({})).expect(200);
        assert_eq!((&order["outcome"], &order["status"]), (&json!("COMPLETED"), &json!("CANCELLED")));
        assert_eq!(order["reason"], "order.cancelled_by_customer");
        assert_eq!((shop.available(product), shop.balance(ANN), shop.only_coupon(ANN)), before);
        let payment = shop.payment_until("REFUNDED");
        assert_eq!((payment.captured, payment.refunded), (17_500, 17_500));
        assert_eq!(shop.post(ANN, &path(&number, "/cancel"), &json!({})).problem(409), "order.not_cancellable");
        assert_eq!(shop.post(ANN, &path(&number, "/refund"), &json!({})).problem(409), "order.not_refundable");
    });
}

/// P-06.
#[test]
fn partial_refunds_add_up() {
    in_both_executors(|shop| {
        let product = shop.product(3_333, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 3)})).number(200);
        shop.pay(ANN, &number, 20).expect(200);
        let part = json!({"lines": [{"productId": product, "quantity": 1}], "reason": "does not fit"});
        let order = shop.post(ANN, &path(&number, "/refund"), &part).expect(200);
        assert_eq!(order["status"], "PAYMENT_COMPLETED");
        let payment = shop.payment_when(|payment| payment.refunded > 0);
        assert_eq!(payment.refunded, 3_333);
        let too_much = json!({"lines": [{"productId": product, "quantity": 3}]});
        assert_eq!(shop.post(ANN, &path(&number, "/refund"), &too_much).problem(400), "validation.failed");
        let order = shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/refund"), &json!({})).expect(200);
        assert_eq!(order["status"], "REFUNDED");
        assert_eq!((shop.payment_until("REFUNDED").refunded, shop.available(product)), (9_999, 5));
    });
}

/// S-05, N-06.
#[test]
fn an_unpaid_order_expires() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ORDERS__PAY_WITHIN_S", "1")]);
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 2)})).number(200);
    let order = shop.get_until(ANN, &path(&number, ""), |order| order["outcome"] == "CANCELLED");
    assert_eq!((&order["reason"], shop.available(product)), (&json!("payment.expired"), 5));
    assert_eq!(shop.pay(ANN, &number, 1).problem(409), "order.not_payable");
}

#[test]
fn an_impossible_change_is_refused_by_code() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 12_300);
    let pay = path(&number, "/pay");
    assert_eq!(shop.post(ANN, &pay, &json!({"method": "BARTER"})).problem(400), "validation.failed");
    let wrong = json!({"method": "CARD", "paidAmount": 12_299});
    let mismatch = |pointer: &str| ("payment.amount_mismatch".to_owned(), pointer.to_owned());
    assert_eq!(shop.post(ANN, &pay, &wrong).complaint(409), mismatch("#/paidAmount"));
    // The pointer names the field as the client did.
    for name in ["payment", "paymentRequest"] {
        let answer = shop.post(ANN, &path(&number, "/process-payment-shipment"), &json!({ name: wrong }));
        assert_eq!(answer.complaint(409), mismatch(&format!("#/{name}/paidAmount")));
        assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 1, "{}", answer.text);
    }
    let both = json!({"payment": {"method": "CARD"}, "paymentRequest": {"method": "CARD"}});
    let refused = shop.post(ANN, &path(&number, "/process-payment-shipment"), &both);
    assert_eq!(refused.complaint(400).1, "#/paymentRequest");
    assert_eq!(shop.post(BOB, &pay, &json!({"method": "CARD"})).problem(404), "order.not_found");
    let nowhere = shop.post(ANN, &path(&number, "/process-payment-shipment"), &json!({}));
    assert_eq!(nowhere.problem(400), "validation.failed");
    assert_eq!(shop.post(ANN, &path(&number, "/refund"), &json!({})).problem(409), "order.not_refundable");
    assert_eq!(shop.get(ADMIN, &format!("/api/admin/shipments/{number}")).problem(404), "shipment.not_found");
    process(&shop, &number);
    until(&shop, &number, "PREPARING");
    let delivered = json!({"status": "DELIVERED"});
    let refused = shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &delivered);
    assert_eq!(refused.problem(409), "shipment.not_possible");
}
