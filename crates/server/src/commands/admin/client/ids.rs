//! The newest ids of a running shop, for the completion of arguments.

use clap_complete::engine::CompletionCandidate;
use serde_json::Value;

use super::{AdminClient, plain};
use crate::cli::ShopArgs;

pub(in crate::commands) fn products() -> Vec<CompletionCandidate> {
    candidates("/api/admin/products?limit=50", "productId", "name")
}

pub(in crate::commands) fn coupons() -> Vec<CompletionCandidate> {
    candidates("/api/admin/coupons?limit=50", "couponId", "name")
}

pub(in crate::commands) fn orders() -> Vec<CompletionCandidate> {
    candidates("/api/admin/orders?limit=50", "orderNumber", "outcome")
}

pub(in crate::commands) fn stuck_payments() -> Vec<CompletionCandidate> {
    candidates("/api/admin/payments?state=STUCK&limit=50", "paymentId", "orderNumber")
}

pub(in crate::commands) fn dead_letters() -> Vec<CompletionCandidate> {
    candidates("/api/admin/dead-letters?limit=50", "letterId", "type")
}

/// Returns the ids of a page, with a text for each. A shop that does not answer has none: completing must not fail, and
/// opens no shop.
fn candidates(path: &str, id: &str, text: &str) -> Vec<CompletionCandidate> {
    let page = AdminClient::of_running(&ShopArgs::of_environment()).and_then(|client| client.ask("GET", path, None));
    let Ok(page) = page else { return vec![] };
    let rows = page["data"].as_array().map_or(&[][..], Vec::as_slice);
    let help = |row: &Value| row[text].as_str().map(|text| text.to_owned().into());
    rows.iter().map(|row| CompletionCandidate::new(plain(&row[id])).help(help(row))).collect()
}
