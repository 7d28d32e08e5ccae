//! `doorbuster trigger`: makes a real event in a demo shop, as customers and admins do.

use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::TriggerArgs;
use crate::commands::admin::client::AdminClient;
use crate::commands::{Error, demo_shop, print};

/// The longest wait for an order or a request.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(50);
const PASSWORD: &str = "doorbuster-trigger";
/// The scripted provider declines this amount (`docs/payments.md`).
const DECLINED: i64 = 40_402;

type Action = fn(&Play) -> Result<Value, Error>;

/// The action that causes each type of event.
const PLAYS: &[(&str, Action)] = &[
    ("order.placed", Play::completed_order),
    ("order.completed", Play::completed_order),
    ("order.cancelled", Play::cancelled_order),
    ("order.status", Play::shipped_order),
    ("order.refunded", Play::refunded_order),
    ("payment.completed", Play::paid_order),
    ("payment.failed", Play::declined_payment),
    ("coupon.issued", Play::issued_coupon),
    ("coupon.refused", Play::refused_coupon),
    ("coupon.used", Play::used_coupon),
    ("coupon.restored", Play::restored_coupon),
    ("product.sold_out", Play::sold_out),
    ("product.restocked", Play::restocked),
    ("product.price_changed", Play::price_changed),
    ("shipment.updated", Play::shipped_order),
];

pub(in crate::commands) fn run(args: &TriggerArgs) -> Result<ExitCode, Error> {
    let Some((name, play)) = PLAYS.iter().find(|(name, _)| *name == args.event_type) else {
        let known: Vec<&str> = PLAYS.iter().map(|(name, _)| *name).collect();
        let given = &args.event_type;
        return Err(Error::Usage(format!("{given:?} cannot be triggered; choose one of {}", known.join(", "))));
    };
    let client = Rc::new(AdminClient::of_running(&args.shop)?);
    if !args.any_shop && !is_demo(&client)? {
        let refused =
            "this shop was not filled with --demo; with --any-shop the trial's products and orders stay in it";
        return Err(Error::Usage(refused.to_owned()));
    }
    let customer = customer(&client, "buyer")?;
    let made = play(&Play { client, customer })?;
    if args.shop.json {
        return print(&json!({"eventType": name, "made": made}).to_string());
    }
    print(&format!("{name}: {}", said(&made)))
}

/// Returns what was made, as words.
fn said(made: &Value) -> String {
    let fields = made.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name} {}", value.to_string().trim_matches('"'))).collect::<Vec<_>>().join(", ")
}

/// Returns true if the shop sells what demo shops sell.
fn is_demo(client: &AdminClient) -> Result<bool, Error> {
    let page = client.answer("GET", "/api/products?limit=100", None)?;
    let names = page["data"].as_array().into_iter().flatten().filter_map(|product| product["name"].as_str());
    Ok(names.into_iter().any(demo_shop::sells))
}

/// Registers a customer and returns the token.
fn customer(client: &AdminClient, name: &str) -> Result<String, Error> {
    let number = getrandom::u64().map_err(|error| Error::Failed(error.to_string()))?;
    let email = format!("trigger-{name}-{number:x}@demo.doorbuster.local");
    let person = json!({"email": email, "password": PASSWORD, "name": "Trigger"});
    client.answer_to(None, "POST", "/api/users", Some(&person))?;
    let login = json!({"email": email, "password": PASSWORD});
    let token = client.answer_to(None, "POST", "/api/auth/login", Some(&login))?;
    Ok(token["accessToken"].as_str().unwrap_or_default().to_owned())
}

struct Play {
    client: Rc<AdminClient>,
    customer: String,
}

impl Play {
    fn admin(&self, method: &str, path: &str, body: &Value) -> Result<Value, Error> {
        self.client.answer(method, path, Some(body))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.client.answer_to(Some(&self.customer), "POST", path, Some(body))
    }

    fn product(&self, price: i64, stock: i64) -> Result<i64, Error> {
        let product = json!({"name": "Trigger", "price": price, "stock": stock});
        number(&self.admin("POST", "/api/admin/products", &product)?, "productId")
    }

    fn campaign(&self, quantity: i64, mode: &str) -> Result<i64, Error> {
        let campaign = json!({
            "name": "Trigger", "discount": {"type": "FIXED", "value": 1_000}, "totalQuantity": quantity,
            "issueStartsAt": "2026-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z", "issueMode": mode,
        });
        number(&self.admin("POST", "/api/admin/coupons", &campaign)?, "couponId")
    }

    /// Orders a unit of a product with more of the body's fields, and waits until it has an outcome.
    fn order(&self, product: i64, more: &Value) -> Result<String, Error> {
        let mut body = json!({"items": [{"productId": product, "quantity": 1}]});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let placed = self.post("/api/orders", &body)?;
        let order = placed["orderNumber"].as_str().unwrap_or_default().to_owned();
        let outcomes = ["AWAITING_PAYMENT", "COMPLETED", "CANCELLED"];
        self.until(&format!("/api/orders/{order}"), "outcome", &outcomes)?;
        Ok(order)
    }

    /// Waits until a field of a document has one of these values.
    fn until(&self, path: &str, field: &str, values: &[&str]) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let found = self.client.answer_to(Some(&self.customer), "GET", path, None)?;
            if found[field].as_str().is_some_and(|value| values.contains(&value)) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::Failed(format!("{path} did not become {}: {found}", values.join(" or "))));
            }
            std::thread::sleep(POLL_EVERY);
        }
    }

    fn completed_order(&self) -> Result<Value, Error> {
        let product = self.product(10_000, 10)?;
        let order = self.order(product, &json!({"payment": "ON_DELIVERY"}))?;
        Ok(json!({"orderNumber": order}))
    }

    fn cancelled_order(&self) -> Result<Value, Error> {
        let order = self.order(self.product(10_000, 10)?, &json!({}))?;
        self.post(&format!("/api/orders/{order}/cancel"), &json!({"reason": "trigger"}))?;
        Ok(json!({"orderNumber": order}))
    }

    fn shipped_order(&self) -> Result<Value, Error> {
        let receiver = json!({"name": "Trigger", "phone": "010-1234-5678", "postalCode": "04524", "address": "Seoul"});
        let more = json!({"payment": "ON_DELIVERY", "receiver": receiver});
        let order = self.order(self.product(10_000, 10)?, &more)?;
        self.admin("PATCH", &format!("/api/admin/shipments/{order}"), &json!({"status": "SHIPPED"}))?;
        Ok(json!({"orderNumber": order}))
    }

    fn pay(&self, product: i64) -> Result<String, Error> {
        let order = self.order(product, &json!({}))?;
        self.post(&format!("/api/orders/{order}/pay"), &json!({"method": "CARD"}))?;
        self.until(&format!("/api/orders/{order}"), "outcome", &["COMPLETED"])?;
        Ok(order)
    }

    fn paid_order(&self) -> Result<Value, Error> {
        let order = self.pay(self.product(10_000, 10)?)?;
        Ok(json!({"orderNumber": order}))
    }

    fn refunded_order(&self) -> Result<Value, Error> {
        let product = self.product(10_000, 10)?;
        let order = self.pay(product)?;
        let lines = json!([{"productId": product, "quantity": 1}]);
        self.post(&format!("/api/orders/{order}/refund"), &json!({"lines": lines, "reason": "trigger"}))?;
        Ok(json!({"orderNumber": order}))
    }

    fn declined_payment(&self) -> Result<Value, Error> {
        let order = self.order(self.product(DECLINED, 10)?, &json!({}))?;
        match self.post(&format!("/api/orders/{order}/pay"), &json!({"method": "CARD"})) {
            Err(Error::Refused(refusal)) if refusal.status == 402 => Ok(json!({"orderNumber": order})),
            Ok(paid) => Err(Error::Failed(format!("the provider did not decline it: {paid}"))),
            Err(error) => Err(error),
        }
    }

    fn issue(&self) -> Result<(i64, Value), Error> {
        let campaign = self.campaign(10, "direct")?;
        let issued = self.post(&format!("/api/coupons/{campaign}/issue"), &json!({}))?;
        Ok((campaign, issued["userCouponId"].clone()))
    }

    fn issued_coupon(&self) -> Result<Value, Error> {
        let (campaign, coupon) = self.issue()?;
        Ok(json!({"couponId": campaign, "userCouponId": coupon}))
    }

    fn refused_coupon(&self) -> Result<Value, Error> {
        let campaign = self.campaign(1, "queued")?;
        let other = Play { client: Rc::clone(&self.client), customer: customer(&self.client, "second")? };
        for play in [self, &other] {
            let asked = play.post("/api/coupons/issue", &json!({"couponId": campaign}))?;
            let path = format!("/api/requests/{}", asked["requestId"].as_str().unwrap_or_default());
            play.until(&path, "status", &["NOTIFIED"])?;
        }
        Ok(json!({"couponId": campaign}))
    }

    fn used_coupon(&self) -> Result<Value, Error> {
        let (campaign, coupon) = self.issue()?;
        let more = json!({"payment": "ON_DELIVERY", "couponId": campaign});
        let order = self.order(self.product(10_000, 10)?, &more)?;
        Ok(json!({"orderNumber": order, "userCouponId": coupon}))
    }

    fn restored_coupon(&self) -> Result<Value, Error> {
        let (campaign, coupon) = self.issue()?;
        let order = self.order(self.product(10_000, 10)?, &json!({"couponId": campaign}))?;
        self.post(&format!("/api/orders/{order}/cancel"), &json!({"reason": "trigger"}))?;
        Ok(json!({"orderNumber": order, "userCouponId": coupon}))
    }

    fn sell_out(&self) -> Result<i64, Error> {
        let product = self.product(10_000, 1)?;
        self.order(product, &json!({"payment": "ON_DELIVERY"}))?;
        Ok(product)
    }

    fn sold_out(&self) -> Result<Value, Error> {
        Ok(json!({"productId": self.sell_out()?}))
    }

    fn restocked(&self) -> Result<Value, Error> {
        let product = self.sell_out()?;
        let more = json!({"delta": 10, "reason": "trigger"});
        self.admin("POST", &format!("/api/admin/products/{product}/stock"), &more)?;
        Ok(json!({"productId": product}))
    }

    fn price_changed(&self) -> Result<Value, Error> {
        let product = self.product(10_000, 1)?;
        self.admin("PATCH", &format!("/api/admin/products/{product}"), &json!({"price": 9_000}))?;
        Ok(json!({"productId": product}))
    }
}

fn number(answer: &Value, field: &str) -> Result<i64, Error> {
    answer[field].as_i64().ok_or_else(|| Error::Running(format!("its answer has no {field}: {answer}")))
}
