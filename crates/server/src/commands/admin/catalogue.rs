//! `doorbuster product`, `coupon` and `user`, through the shop's admin endpoints.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::shown::{change, list, show};
use super::history;
use crate::cli::{
    CouponArgs, CouponCommand, NewCampaignArgs, PastCommand, ProductArgs, ProductCommand, ShopArgs, UserArgs,
};
use crate::commands::Error;

const PRODUCTS: &str = "/api/admin/products";
const COUPONS: &str = "/api/admin/coupons";

pub(in crate::commands) fn products(args: &ProductArgs) -> Result<ExitCode, Error> {
    match &args.act {
        ProductCommand::List { text, status, list: page } => {
            let filters = [("q", text.clone()), ("status", status.clone())];
            list(PRODUCTS, &filters, page, &["productId", "name", "price", "status", "available", "reserved", "sold"])
        }
        ProductCommand::Show { id, shop } => show(shop, &format!("{PRODUCTS}/{id}")),
        ProductCommand::Create { name, price, stock, shop } => {
            change(shop, "POST", PRODUCTS, &json!({"name": name, "price": price, "stock": stock}))
        }
        ProductCommand::Change { id, price, status, shop } => {
            let body = given(&[("price", price.map(Value::from)), ("status", status.clone().map(Value::from))]);
            change(shop, "PATCH", &format!("{PRODUCTS}/{id}"), &body)
        }
        ProductCommand::Stock { id, delta, reason, shop } => {
            change(shop, "POST", &format!("{PRODUCTS}/{id}/stock"), &json!({"delta": delta, "reason": reason}))
        }
        ProductCommand::Past(past) => past_of(PRODUCTS, past),
    }
}

pub(in crate::commands) fn coupons(args: &CouponArgs) -> Result<ExitCode, Error> {
    let pause = |id: &i64, shop: &ShopArgs, paused: bool| {
        change(shop, "PATCH", &format!("{COUPONS}/{id}"), &json!({"paused": paused}))
    };
    match &args.act {
        CouponCommand::List { text, list: page } => {
            let columns = ["couponId", "name", "totalQuantity", "issued", "remaining", "paused", "issueEndsAt"];
            list(COUPONS, &[("q", text.clone())], page, &columns)
        }
        CouponCommand::Show { id, shop } => show(shop, &format!("{COUPONS}/{id}")),
        CouponCommand::Create(wanted) => change(&wanted.shop, "POST", COUPONS, &campaign(wanted)),
        CouponCommand::Pause { id, shop } => pause(id, shop, true),
        CouponCommand::Resume { id, shop } => pause(id, shop, false),
        CouponCommand::Change { id, quantity, until, shop } => {
            let fields =
                [("totalQuantity", quantity.map(Value::from)), ("issueEndsAt", until.clone().map(Value::from))];
            change(shop, "PATCH", &format!("{COUPONS}/{id}"), &given(&fields))
        }
        CouponCommand::Past(past) => past_of(COUPONS, past),
    }
}

pub(in crate::commands) fn users(args: &UserArgs) -> Result<ExitCode, Error> {
    past_of("/api/admin/users", &args.act)
}

fn past_of(list: &str, command: &PastCommand) -> Result<ExitCode, Error> {
    let PastCommand::History { id, moment, shop } = command;
    history::show(shop, &format!("{list}/{id}/history"), moment)
}

fn campaign(wanted: &NewCampaignArgs) -> Value {
    let discount = match (wanted.percent, wanted.amount) {
        (Some(percent), _) => given(&[
            ("type", Some("PERCENT".into())),
            ("value", Some(percent.into())),
            ("maxAmount", wanted.max_amount.map(Value::from)),
        ]),
        (None, amount) => given(&[("type", Some("FIXED".into())), ("value", amount.map(Value::from))]),
    };
    json!({
        "name": wanted.name,
        "discount": discount,
        "totalQuantity": wanted.quantity,
        "issueStartsAt": wanted.from,
        "issueEndsAt": wanted.until,
        "validUntil": wanted.valid_until.as_ref().unwrap_or(&wanted.until),
    })
}

/// Returns an object of the fields that have a value.
fn given(fields: &[(&str, Option<Value>)]) -> Value {
    let present = fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
    Value::Object(present.collect())
}
