//! `doorbuster payment`: shows payments and manages stuck refunds and voids, through the shop's admin endpoints.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::{ask, plain, shown};
use crate::cli::{PaymentArgs, PaymentCommand, ShopArgs};
use crate::commands::Error;
use crate::commands::output::table::{aligned, counted};

const PAYMENTS: &str = "/api/admin/payments";

pub(in crate::commands) fn run(args: &PaymentArgs) -> Result<ExitCode, Error> {
    match &args.act {
        PaymentCommand::List { state, list } => {
            let columns = ["paymentId", "orderNumber", "userId", "state", "amount", "owed", "since"];
            shown::list(PAYMENTS, &[("state", Some(state.clone()))], list, &columns)
        }
        PaymentCommand::Show { payment, shop } => {
            check_id(payment)?;
            shown::show(shop, &format!("{PAYMENTS}/{payment}"))
        }
        PaymentCommand::Stuck { limit, shop } => {
            ask(shop, "GET", &format!("{PAYMENTS}?state=STUCK&limit={limit}"), None, table)
        }
        PaymentCommand::Retry { payment, shop } => act(shop, payment, "retry", &json!({})),
        PaymentCommand::Resolve { payment, reason, reference, shop } => {
            act(shop, payment, "resolve", &json!({"reason": reason, "reference": reference}))
        }
    }
}

fn act(shop: &ShopArgs, payment: &str, act: &str, body: &Value) -> Result<ExitCode, Error> {
    check_id(payment)?;
    ask(shop, "POST", &format!("{PAYMENTS}/{payment}/{act}"), Some(body), |payment| aligned(&[cells(payment)]))
}

fn check_id(payment: &str) -> Result<(), Error> {
    if !payment.is_empty() && payment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(());
    }
    Err(Error::Usage(format!("{payment:?} is not a payment id; `doorbuster payment stuck` lists stuck payments")))
}

fn table(answer: &Value) -> String {
    let payments = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
    if payments.is_empty() {
        return "No payments are stuck.".to_owned();
    }
    let mut text = aligned(&payments.iter().map(cells).collect::<Vec<_>>()) + "\n";
    let more = if answer["nextCursor"].is_null() { "" } else { "There are more; --limit shows up to 100. " };
    let _ = write!(
        text,
        "{more}`doorbuster payment retry ID` asks the provider again, `resolve` records that the money was returned by hand."
    );
    text
}

/// Formats a payment with the amount that is still to be returned.
fn cells(payment: &Value) -> Vec<String> {
    let cell = |name: &str| plain(&payment[name]);
    let operation = payment["operation"].as_str().unwrap_or("-");
    let error = payment["lastError"].as_str().unwrap_or("-");
    vec![
        cell("paymentId"),
        cell("orderNumber"),
        format!("user {}", cell("userId")),
        cell("state"),
        format!("{operation} {}, owed {}", cell("amount"), cell("owed")),
        format!("{}, {error}", counted(cell("tries"), "try")),
        format!("since {}", cell("since")),
    ]
}
