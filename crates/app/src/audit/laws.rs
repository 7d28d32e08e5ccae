//! The laws of the audit, one file for each part of the shop.

pub(crate) mod answers;
pub(crate) mod carried;
pub(crate) mod chains;
pub(crate) mod claims;
pub(crate) mod coupons;
pub(crate) mod journal;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod points;
pub(crate) mod redemption;
pub(crate) mod shipments;
pub(crate) mod statistics;
pub(crate) mod stock;
pub(crate) mod webhooks;

use std::fmt::Display;

use domain::order::saga::Step;

/// A step in a complaint.
pub(super) fn step_words(step: Step) -> String {
    match step {
        Step::Stock(product) => format!("stock of product {product}"),
        Step::Coupon => "coupon".to_owned(),
        Step::Point => "points".to_owned(),
    }
}

/// Several things in a complaint.
pub(super) fn list(things: impl IntoIterator<Item = impl Display>) -> String {
    let things: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    if things.is_empty() { "none".to_owned() } else { things.join(", ") }
}
