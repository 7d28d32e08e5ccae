//! Fills a shop. Existing contents stay as they are, so filling it again changes nothing.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Error;
use super::catalogue::{Campaign, Catalogue, Customer, Discount, OPEN_FROM, OPEN_UNTIL, Product, VALID_UNTIL};
use super::client::ShopClient;
use crate::api::Shop;

/// The password of all demo customers, who own nothing of value.
pub const PASSWORD: &str = "doorbuster-demo";

/// A named customer with a token.
#[derive(Clone, Debug)]
pub struct Guest {
    pub name: &'static str,
    pub token: String,
    /// True if the guest has enough points for an order.
    pub has_points: bool,
}

/// The contents, and how much of them was new.
#[derive(Debug)]
pub struct Sown {
    pub catalogue: Catalogue,
    pub guests: Vec<Guest>,
    /// Requests that changed something; 0 if everything existed.
    pub changes: u32,
}

/// Creates the products, campaigns and customers that the shop does not have, compared by name.
pub async fn sow(shop: &Shop, client: &ShopClient, catalogue: Catalogue) -> Result<Sown, Error> {
    let mut changes = 0;
    let known = numbers(client, "/api/products", "productId").await?;
    for product in catalogue.products.iter().filter(|product| !known.contains_key(product.name)) {
        let Product { name, price, stock } = product;
        client.post_as_admin("/api/admin/products", &json!({"name": name, "price": price, "stock": stock})).await?;
        changes += 1;
    }
    let known = numbers(client, "/api/coupons", "couponId").await?;
    for campaign in catalogue.campaigns.iter().filter(|campaign| !known.contains_key(campaign.name)) {
        client.post_as_admin("/api/admin/coupons", &terms(campaign)).await?;
        changes += 1;
    }
    let mut guests = vec![];
    for customer in &catalogue.customers {
        let (guest, is_new) = welcome(shop, client, customer).await?;
        guests.push(guest);
        changes += u32::from(is_new);
    }
    Ok(Sown { catalogue, guests, changes })
}

/// Reads the names in a list and their numbers, page by page.
async fn numbers(client: &ShopClient, list: &str, number: &str) -> Result<BTreeMap<String, i64>, Error> {
    let mut found = BTreeMap::new();
    let mut path = format!("{list}?limit=100");
    loop {
        let page = client.get(&path, None).await?;
        for row in page["data"].as_array().into_iter().flatten() {
            if let (Some(name), Some(number)) = (row["name"].as_str(), row[number].as_i64()) {
                found.insert(name.to_owned(), number);
            }
        }
        let Some(cursor) = page["nextCursor"].as_str() else { return Ok(found) };
        path = format!("{list}?limit=100&cursor={cursor}");
    }
}

pub(super) fn terms(campaign: &Campaign) -> Value {
    let discount = match campaign.discount {
        Discount::Fixed(value) => json!({"type": "FIXED", "value": value}),
        Discount::Percent { value, max_amount } => json!({"type": "PERCENT", "value": value, "maxAmount": max_amount}),
    };
    json!({
        "name": campaign.name, "discount": discount, "totalQuantity": campaign.total_quantity,
        "issueStartsAt": OPEN_FROM, "issueEndsAt": OPEN_UNTIL, "validUntil": VALID_UNTIL,
    })
}

/// Registers a customer and charges the points, unless that was done before.
async fn welcome(shop: &Shop, client: &ShopClient, customer: &Customer) -> Result<(Guest, bool), Error> {
    let Customer { name, email, points } = customer;
    let body = json!({"email": email, "password": PASSWORD, "name": name});
    let registered = client.post("/api/users", &body).await?;
    if registered.status != StatusCode::CONFLICT {
        registered.expect("/api/users")?;
    }
    let body = json!({"email": email, "password": PASSWORD});
    let login = client.post("/api/auth/login", &body).await?.expect("/api/auth/login")?;
    let token = login["accessToken"].as_str().unwrap_or_default().to_owned();
    let unreadable = |_| Error::Unreadable { what: "/api/auth/login".to_owned() };
    let user_id = shop.tokens.verify(&token).map_err(unreadable)?.user_id;
    let history = client.get("/api/points/history", Some(&token)).await?;
    let is_new = history["data"].as_array().is_none_or(Vec::is_empty);
    if is_new {
        // By the admin, because customers may be forbidden to charge points themselves.
        client.post_as_admin("/api/points/charge", &json!({"amount": points, "userId": user_id})).await?;
    }
    Ok((Guest { name, token, has_points: true }, is_new))
}
