//! Every code of a problem document is produced over HTTP, or the test says why not.

use serde_json::{Value, json};
use server::http::Code;
use server::http::language::Language;

use crate::api_asking::items;
use crate::client::Answer;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// How a code reaches a client.
enum Met {
    Answer(Answer),
    /// As the reason of an order that was accepted.
    Reason(Answer),
    /// Another test produces it, with a shop of its own.
    Elsewhere(&'static str),
    /// It cannot be produced on purpose.
    Never(&'static str),
}

use Met::{Answer as Answered, Elsewhere, Never, Reason};

struct Meeting {
    shop: TestShop,
    product: i64,
}

impl Meeting {
    fn order(&self, more: &Value) -> Answer {
        let mut body = json!({"items": items(self.product, 1)});
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        self.shop.order(ANN, &body)
    }

    /// Returns a campaign's answer to a user who comes after `others`.
    fn issue(&self, quantity: i64, more: &Value, others: &[i64]) -> Answer {
        let campaign = self.shop.campaign(quantity, more);
        others.iter().for_each(|user| _ = self.shop.issue(*user, campaign));
        self.shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &json!({}))
    }

    fn paused(&self) -> Answer {
        let campaign = self.shop.campaign(5, &json!({}));
        self.shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"paused": true})).expect(200);
        self.shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &json!({}))
    }

    fn cancel_completed(&self) -> Answer {
        let number = self.order(&json!({"payment": "ON_DELIVERY", "warehouseStorage": true})).number(200);
        self.shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({}))
    }

    /// Returns the answer to a fulfilment request for an order that waits for its payment.
    fn fulfil(&self, what: &str, body: &Value) -> Answer {
        let number = self.order(&json!({})).number(200);
        self.shop.post(ANN, &format!("/api/orders/{number}{what}"), body)
    }

    fn register_twice(&self) -> Answer {
        let body = json!({"email": "ann@example.com", "password": "correct horse", "name": "Ann"});
        self.shop.ask_openly("POST", "/api/users", &body).expect(201);
        self.shop.ask_openly("POST", "/api/users", &body)
    }

    fn another_body(&self) -> Answer {
        let charge = |amount: i64| self.shop.post_keyed(ADMIN, "a", "/api/points/charge", &json!({"amount": amount}));
        charge(1).expect(200);
        charge(2)
    }

    fn login_as_nobody(&self) -> Answer {
        let body = json!({"email": "nobody@example.com", "password": "correct horse"});
        self.shop.ask_openly("POST", "/api/auth/login", &body)
    }

    fn post_text(&self) -> Answer {
        let bearer = self.shop.bearer(ANN);
        let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
        self.shop.client().send("POST", "/api/orders", &headers, "two sneakers").unwrap()
    }

    fn call_back(&self, provider: &str) -> Answer {
        self.shop.ask_openly("POST", &format!("/api/payments/callbacks/{provider}"), &json!({"id": "evt_1"}))
    }

    #[expect(clippy::too_many_lines, reason = "a line for each code")]
    fn meet(&self, code: Code) -> Met {
        let shop = &self.shop;
        let get = |path: &str| Answered(shop.get(ANN, path));
        match code {
            Code::OrderNotFound => get("/api/orders/x"),
            Code::OrderEmpty => Answered(shop.post(ANN, "/api/orders", &json!({"items": []}))),
            Code::OrderNotCancellable => Answered(self.cancel_completed()),
            Code::OrderNotRefundable => Answered(self.fulfil("/refund", &json!({}))),
            Code::OrderNotPayable => {
                let number = self.order(&json!({})).number(200);
                shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
                Answered(shop.post(ANN, &format!("/api/orders/{number}/pay"), &json!({"method": "CARD"})))
            }
            Code::PaymentNotYetDue => Elsewhere("payments::answers_about_a_payment_agree_with_its_order"),
            Code::PaymentNotDue => {
                let number = self.order(&json!({"payment": "ON_DELIVERY"})).number(200);
                Answered(shop.post(ANN, &format!("/api/orders/{number}/pay"), &json!({"method": "CARD"})))
            }
            Code::PaymentAlreadyPaid | Code::PaymentDeclined => {
                Elsewhere("payments::a_declined_payment_is_reported_and_may_be_retried")
            }
            Code::PaymentNotFound => Answered(shop.get(ADMIN, "/api/admin/payments/PAY-00000000")),
            Code::PaymentNotStuck => Elsewhere("stuck_payments::only_stuck_payments_are_retried_or_resolved"),
            Code::PaymentInProgress => Elsewhere("fulfilment::an_order_is_paid_once, in the simulator's tests"),
            Code::PaymentAmountMismatch => Answered(self.fulfil("/pay", &json!({"method": "CARD", "paidAmount": 1}))),
            Code::ShipmentNotFound => Answered(shop.get(ADMIN, "/api/admin/shipments/ORD-00000000")),
            Code::ShipmentNotPossible => Elsewhere("api_fulfilment::an_impossible_change_is_refused_by_code"),
            Code::ProductNotFound => get("/api/products/999"),
            Code::PreconditionFailed => Elsewhere("http_edge::a_change_of_what_has_changed_is_refused"),
            Code::UserNotFound => Answered(shop.patch(ADMIN, "/api/admin/users/999", &json!({"role": "viewer"}))),
            Code::ApiKeyNotFound => Answered(shop.ask(ADMIN, "DELETE", "/api/admin/api-keys/999", &[], &json!({}))),
            Code::ProductDuplicate => Elsewhere("api_product_details::a_sku_belongs_to_one_product"),
            Code::StockExhausted => {
                let written_off = json!({"delta": -1_000, "reason": "fire"});
                Answered(shop.post(ADMIN, &format!("/api/admin/products/{}/stock", self.product), &written_off))
            }
            Code::CouponNotFound => get("/api/coupons/999"),
            Code::CouponNotStarted => Answered(self.issue(5, &json!({"issueStartsAt": "2098-01-01T00:00:00Z"}), &[])),
            Code::CouponExpired => Answered(self.issue(5, &json!({"issueEndsAt": "2021-01-01T00:00:00Z"}), &[])),
            Code::CouponAlreadyIssued => Answered(self.issue(5, &json!({}), &[ANN])),
            Code::CouponSoldOut => Answered(self.issue(1, &json!({}), &[BOB])),
            Code::HistoryArchived | Code::ArchiveRefused => Elsewhere("archiving::old_events_go_to_files"),
            Code::CouponPaused => Answered(self.paused()),
            Code::CouponNotUsable => Reason(self.order(&json!({"couponId": shop.campaign(5, &json!({}))}))),
            Code::PointsInsufficient => Reason(self.order(&json!({"pointsToUse": 1}))),
            Code::PointsChargeForbidden => Answered(shop.post(ANN, "/api/points/charge", &json!({"amount": 1}))),
            Code::PriceChanged => Answered(self.order(&json!({"totalAmount": 1}))),
            Code::RequestNotFound => get("/api/requests/x"),
            Code::DeadLetterNotFound => Answered(shop.get(ADMIN, "/api/admin/dead-letters/1")),
            Code::DeadLetterClosed => Elsewhere("dlq::a_dead_letter_is_edited_and_resent_through_the_running_server"),
            Code::DeadLetterAwaited => Elsewhere("dlq::a_letter_that_something_waits_for_is_not_dropped"),
            Code::WebhookNotFound => Answered(shop.get(ADMIN, "/api/admin/webhooks/999")),
            Code::WebhookDeliveryNotFound => {
                Elsewhere("webhooks::a_receiver_that_is_gone_is_disabled_and_a_dead_letter_can_be_recovered")
            }
            Code::DropNotFound => get("/api/drops/999"),
            Code::DropNotStarted | Code::DropEnded | Code::DropPaused | Code::LimitExceeded => {
                Elsewhere("drops::the_window_and_the_limit_are_decided_with_the_order")
            }
            Code::CardLimitExceeded => Elsewhere("drop_cards::a_card_pays_for_no_more_than_its_limit_whoever_shows_it"),
            Code::PrepaymentRequired => Elsewhere("drop_cards::orders_of_a_drop_that_limits_cards_are_paid_before"),
            Code::DropNotEnded => Elsewhere("drops::products_of_an_ended_drop_are_released"),
            Code::DropProductTaken => Elsewhere("drops::a_drop_is_shown_as_it_was_made"),
            Code::QueueNotFound => Elsewhere("drops::a_body_that_is_wrong_is_told_where"),
            Code::QueueTicketRequired | Code::TicketNotFound => {
                Elsewhere("drops::a_waiting_room_admits_in_turn_and_a_ticket_is_its_customers")
            }
            Code::ChallengeRequired | Code::ChallengeFailed => {
                Elsewhere("drop_joins::a_client_passes_the_challenge_once")
            }
            Code::ReceiptNotFound => Elsewhere("drops::a_proof_and_a_receipt_are_verified_without_the_shop"),
            Code::GroupNotFound => Answered(shop.post(ADMIN, "/api/admin/groups/x/reset", &json!({"toOffset": 0}))),
            Code::GroupMoved => Never("only a group that goes on in the moment between plan and commit"),
            Code::GroupInline => {
                Answered(shop.post(ADMIN, "/api/admin/groups/notice-group/reset", &json!({"toOffset": 0})))
            }
            Code::GroupTrailing => {
                Answered(shop.post(ADMIN, "/api/admin/groups/order-statistics-group/reset", &json!({"toOffset": 0})))
            }
            Code::CallbackUnsigned => Answered(self.call_back("scripted")),
            Code::PaymentProviderNotFound => Answered(self.call_back("nobody")),
            Code::PaymentNotScripted => Elsewhere("payments::only_the_scripted_provider_takes_a_script"),
            Code::RouteNotFound => get("/api/nothing"),
            Code::MethodNotAllowed => Answered(shop.ask(ANN, "DELETE", "/api/orders", &[], &Value::Null)),
            Code::BodyTooLarge => Answered(shop.post(ANN, "/api/orders", &json!("x".repeat(70_000)))),
            Code::HeadersTooLarge | Code::RequestMalformed => Elsewhere("shell_connections"),
            Code::MediaTypeUnsupported => Answered(self.post_text()),
            Code::IdempotencyMismatch => Answered(self.another_body()),
            Code::IdempotencyInProgress => Never("only a repeat that comes while the first is loaded again meets it"),
            Code::ValidationFailed => Answered(shop.post(ANN, "/api/orders", &json!({}))),
            Code::AuthRequired => Answered(shop.ask_openly("GET", "/api/orders", &Value::Null)),
            Code::AuthForbidden => get("/api/admin/orders"),
            Code::AuthInvalidCredentials => Answered(self.login_as_nobody()),
            Code::UserEmailTaken => Answered(self.register_twice()),
            Code::RequestTimeout => {
                Answered(shop.send_bytes(b"POST /api/users HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\n{"))
            }
            Code::RateExceeded => Elsewhere("api_limits::a_refusal_for_too_many_writes_says_when_to_retry"),
            Code::Overloaded => Elsewhere("api_crowd::a_request_that_cannot_be_served_in_time_is_refused"),
            Code::Unavailable => Never("only while the shop stops, or when its store is broken"),
            Code::Internal => Never("it is our own mistake"),
        }
    }
}

#[test]
fn every_code_is_met() {
    let settings =
        [("DOORBUSTER__POINTS__CUSTOMERS_MAY_CHARGE", "false"), ("DOORBUSTER__SERVER__BODY_TIMEOUT_MS", "500")];
    let shop = TestShop::start_with(&settings);
    let meeting = Meeting { product: shop.product(1_000, 50), shop };
    for code in Code::ALL {
        match meeting.meet(code) {
            Answered(answer) => {
                assert_eq!(answer.problem(code.status().as_u16()), code.as_str());
                let problem = answer.json();
                assert_eq!(problem["title"], code.title().of(Language::English));
                assert_eq!(problem["type"], code.uri());
                assert_eq!(problem["retryable"], code.is_retryable());
                assert_eq!(answer.header("retry-after").is_some(), code.retry_after_s().is_some(), "{code:?}");
                assert_eq!(problem["traceId"], answer.header("request-id").unwrap());
            }
            Reason(answer) => {
                let order = answer.expect(200);
                assert_eq!((&order["outcome"], &order["reason"]), (&json!("CANCELLED"), &json!(code.as_str())));
            }
            Elsewhere(why) | Never(why) => assert!(!why.is_empty(), "{code:?}"),
        }
    }
}

#[test]
fn every_code_is_in_the_manual() {
    let manual = include_str!("../../../../docs/errors.md");
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(manual.contains(&row), "docs/errors.md lacks {row}");
    }
}

#[test]
fn a_problem_names_the_path_without_its_query() {
    let shop = TestShop::start();
    let problem = shop.get(ANN, "/api/orders/x?token=secret").expect(400);
    assert_eq!(problem["instance"], "/api/orders/x");
    assert!(!problem.to_string().contains("secret"));
}
