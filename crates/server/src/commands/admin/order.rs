//! `doorbuster order`: lists, shows, cancels and refunds orders, and manages stuck ones, through the shop's admin endpoints.

use std::fmt::Write as _;
use std::process::ExitCode;

use domain::currency::Currency;
use serde_json::{Value, json};

use super::client::{ask, plain, shown};
use super::history;
use crate::cli::{OrderArgs, OrderCommand, RefundCommand, ShopArgs};
use crate::commands::Error;
use crate::commands::output::table::aligned;

const ORDERS: &str = "/api/admin/orders";

pub(in crate::commands) fn run(args: &OrderArgs) -> Result<ExitCode, Error> {
    match &args.act {
        OrderCommand::List { user, product, coupon, status, outcome, from, to, list } => {
            let number = |number: &Option<i64>| number.map(|number| number.to_string());
            let filters = [
                ("userId", number(user)),
                ("productId", number(product)),
                ("couponId", number(coupon)),
                ("status", status.clone()),
                ("outcome", outcome.clone()),
                ("from", from.clone()),
                ("to", to.clone()),
            ];
            let columns = ["orderNumber", "userId", "outcome", "status", "totalAmount", "amountDue", "createdAt"];
            shown::list(ORDERS, &filters, list, &columns)
        }
        OrderCommand::Show { order, shop } => {
            check_number(order)?;
            shown::show(shop, &format!("{ORDERS}/{order}"))
        }
        OrderCommand::Cancel { order, reason, shop } => {
            check_number(order)?;
            let body = reason.as_ref().map_or_else(|| json!({}), |reason| json!({"reason": reason}));
            shown::change(shop, "POST", &format!("{ORDERS}/{order}/cancel"), &body)
        }
        OrderCommand::Stuck { limit, shop } => {
            ask(shop, "GET", &format!("{ORDERS}?outcome=COMPENSATION_STUCK&limit={limit}"), None, table_or_row)
        }
        OrderCommand::Resume { order, reason, shop } => {
            let body = reason.as_ref().map_or_else(|| json!({}), |reason| json!({"reason": reason}));
            act(shop, order, "resume", &body)
        }
        OrderCommand::Resolve { order, reason, shop } => act(shop, order, "resolve", &json!({"reason": reason})),
        OrderCommand::History { order, moment, shop } => {
            check_number(order)?;
            history::show(shop, &format!("{ORDERS}/{order}/history"), moment)
        }
        OrderCommand::Why { order, shop } => {
            check_number(order)?;
            history::why(shop, order)
        }
        OrderCommand::Refund { act } => refund(act),
    }
}

fn refund(command: &RefundCommand) -> Result<ExitCode, Error> {
    match command {
        RefundCommand::Approve { order, goods, shop } => {
            let goods = goods.to_uppercase().replace('-', "_");
            ask_about(shop, order, "refund/approve", &json!({"goods": goods}), refunded)
        }
        RefundCommand::Reject { order, reason, shop } => {
            ask_about(shop, order, "refund/reject", &json!({"reason": reason}), refunded)
        }
        RefundCommand::Arrived { order, write_off, shop } => {
            ask_about(shop, order, "refund/arrived", &json!({"writeOff": write_off}), refunded)
        }
    }
}

/// Formats an order after a decision on its refund.
fn refunded(order: &Value) -> String {
    let [number, status] = ["orderNumber", "status"].map(|name| plain(&order[name]));
    let amount = money(&order["refundedAmount"], &order["currency"]);
    format!("{number}  {status}  {amount} refunded so far")
}

/// Writes an amount in the shop's currency.
fn money(amount: &Value, currency: &Value) -> String {
    match currency.as_str().and_then(Currency::from_code).zip(amount.as_i64()) {
        Some((currency, amount)) => format!("{} {}", currency.decimal(amount), currency.code()),
        None => plain(amount),
    }
}

fn act(shop: &ShopArgs, order: &str, act: &str, body: &Value) -> Result<ExitCode, Error> {
    ask_about(shop, order, act, body, table_or_row)
}

fn ask_about(
    shop: &ShopArgs,
    order: &str,
    act: &str,
    body: &Value,
    show: fn(&Value) -> String,
) -> Result<ExitCode, Error> {
    check_number(order)?;
    ask(shop, "POST", &format!("{ORDERS}/{order}/{act}"), Some(body), show)
}

fn check_number(order: &str) -> Result<(), Error> {
    if !order.is_empty() && order.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(());
    }
    Err(Error::Usage(format!("{order:?} is not an order number; `doorbuster order stuck` lists stuck orders")))
}

fn table_or_row(answer: &Value) -> String {
    match answer["data"].as_array() {
        Some(orders) => table(orders, answer),
        None => aligned(&[cells(answer)]),
    }
}

fn table(orders: &[Value], answer: &Value) -> String {
    if orders.is_empty() {
        return "No orders are stuck.".to_owned();
    }
    let mut text = aligned(&orders.iter().map(cells).collect::<Vec<_>>()) + "\n";
    let more = if answer["nextCursor"].is_null() { "" } else { "There are more; --limit shows up to 100. " };
    let _ = write!(text, "{more}`doorbuster order resume NUMBER` retries, `resolve` ends the compensation by hand.");
    text
}

/// Formats an order with the state of its steps, which shows the participant that does not answer.
fn cells(order: &Value) -> Vec<String> {
    let steps = order["steps"].as_array().into_iter().flatten();
    let steps: Vec<String> = steps.map(|step| format!("{} {}", plain(&step["step"]), plain(&step["state"]))).collect();
    let (number, outcome, reason) = (plain(&order["orderNumber"]), plain(&order["outcome"]), plain(&order["reason"]));
    vec![number, outcome, reason, format!("since {}", plain(&order["updatedAt"])), steps.join(", ")]
}
