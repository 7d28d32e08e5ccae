//! Customers who keep buying while a demo shop is served, so that its pages have life in them. They ask the shop's own endpoints
//! inside the process, a few times a second, and end with it.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::Error;
use super::client::ShopClient;
use crate::api::Shop;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::security::auth::{Principal, Role};

/// One customer acts in each of these intervals.
const PACE: Duration = Duration::from_millis(250);
/// Longer than any act of a customer.
const TOKEN_TTL: Duration = Duration::from_secs(60);
/// Their numbers are far from those that the shop gives.
const FIRST: i64 = 9_000_000;
const CUSTOMERS: u64 = 400;
/// Goods that arrive when a product is sold out.
const DELIVERY: i64 = 60;
const PRODUCTS_MAX: usize = 50;

/// The thread of the customers.
pub struct Regulars {
    stopper: Stopper,
    thread: JoinHandle<()>,
}

impl Regulars {
    pub fn start(shop: &Shop) -> io::Result<Regulars> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let crowd = Crowd { client: ShopClient::of(shop), shop: shop.clone(), dice: Dice(0x9e37_79b9_7f4a_7c15) };
        let run = move || runtime.block_on(crowd.run(stop));
        let thread = std::thread::Builder::new().name("demo-crowd".to_owned()).spawn(run)?;
        Ok(Regulars { stopper, thread })
    }

    /// Ends the crowd. Must be called before the shop is closed.
    pub fn stop(self) {
        self.stopper.stop();
        let _ended = self.thread.join();
    }
}

/// A small source of numbers: the crowd needs variety, not chance.
struct Dice(u64);

impl Dice {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let place = self.below(among.len().max(1) as u64);
        among.get(usize::try_from(place).ok()?)
    }
}

struct Crowd {
    client: ShopClient,
    shop: Shop,
    dice: Dice,
}

impl Crowd {
    async fn run(mut self, mut stop: Stop) {
        let mut is_told = false;
        while !stop.is_requested() {
            if let Err(error) = self.act().await
                && !std::mem::replace(&mut is_told, true)
            {
                tracing::warn!("A customer of the demo crowd was refused: {error}");
            }
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                () = stop.requested() => {}
            }
        }
    }

    /// One customer does one thing.
    async fn act(&mut self) -> Result<(), Error> {
        let user_id = FIRST + i64::try_from(self.dice.below(CUSTOMERS)).unwrap_or_default();
        let token = self.shop.tokens.mint(Principal { user_id, role: Role::Customer }, TOKEN_TTL);
        match self.dice.below(10) {
            0 | 1 => self.want_coupon(&token).await,
            _ => self.buy(&token).await,
        }
    }

    /// Requests a coupon; it may be sold out, or theirs already.
    async fn want_coupon(&mut self, token: &str) -> Result<(), Error> {
        let campaigns = self.client.get("/api/coupons", None).await?;
        let campaigns = campaigns["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(id) = self.dice.pick(campaigns).and_then(|campaign| campaign["couponId"].as_i64()) else {
            return Ok(());
        };
        self.client.ask_as(token, &format!("/api/coupons/{id}/issue"), &json!({})).await.map(drop)
    }

    /// Orders a product, and pays in advance or on delivery. Some think better of it.
    async fn buy(&mut self, token: &str) -> Result<(), Error> {
        let products = self.client.get(&format!("/api/products?limit={PRODUCTS_MAX}"), None).await?;
        let products = products["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(product) = self.dice.pick(products).cloned() else { return Ok(()) };
        let quantity = i64::try_from(1 + self.dice.below(2)).unwrap_or(1);
        if product["available"].as_i64().unwrap_or_default() < quantity {
            return self.deliver(&product).await;
        }
        let is_prepaid = self.dice.below(3) > 0;
        let order = json!({
            "items": [{"productId": product["productId"], "quantity": quantity}],
            "payment": if is_prepaid { "PREPAID" } else { "ON_DELIVERY" },
            "receiver": {"name": "Mina", "phone": "010-1234-5678", "postalCode": "04524", "address": "110 Sejong-daero, Seoul"},
        });
        let placed = self.client.ask_as(token, "/api/orders", &order).await?;
        let Some(number) = placed["orderNumber"].as_str().filter(|_| is_prepaid) else { return Ok(()) };
        // The goods are claimed by the next request, or by the one after.
        tokio::time::sleep(PACE).await;
        let (verb, body) = match self.dice.below(12) {
            0 => ("cancel", json!({"reason": "changed my mind"})),
            1 => return Ok(()),
            _ => ("pay", json!({"method": "CARD"})),
        };
        self.client.ask_as(token, &format!("/api/orders/{number}/{verb}"), &body).await.map(drop)
    }

    async fn deliver(&self, product: &Value) -> Result<(), Error> {
        let Some(id) = product["productId"].as_i64() else { return Ok(()) };
        let body = json!({"delta": DELIVERY, "reason": "a delivery for the demonstration"});
        self.client.post_as_admin(&format!("/api/admin/products/{id}/stock"), &body).await.map(drop)
    }
}
