//! A limited sale: more customers than coupons, more coupons than goods; run over HTTP, then checked.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bench::customers::Customers;
use bench::load::{self, Load, Pace, Watcher};
use serde_json::{Value, json};

use super::Error;
use super::board::Board;
use super::catalogue::{Campaign, Discount};
use super::client::ShopClient;
use super::crowd::{Crowd, POINTS, Rush};
use super::outcome::{Counts, Outcome};
use super::seed::{Sown, terms};
use crate::api::Shop;
use crate::security::auth::{Principal, Role};

const PRICE: i64 = 159_000;
/// Of ten coupon holders, this many also get the goods.
const GOODS_OF_TEN: u64 = 8;
/// Longer than a sale may take.
const TOKEN_TTL: Duration = Duration::from_secs(3_600);

/// The size of a sale.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub customers: u64,
    pub coupons: u64,
    pub connections: usize,
    /// The requests are spread evenly over this time.
    pub time: Duration,
}

/// A prepared sale.
#[derive(Debug)]
pub struct Sale {
    pub size: Size,
    pub goods: u64,
    rush: Rush,
    crowd: Crowd,
    board: Rc<RefCell<Board>>,
}

impl Sale {
    /// Prepares a sale with its own product and campaign, so that it can be repeated in the same shop.
    pub async fn prepare(shop: &Shop, client: &ShopClient, sown: &Sown, size: Size) -> Result<Sale, Error> {
        let goods = (size.coupons * GOODS_OF_TEN / 10).max(1);
        let body = json!({"name": "Sneaker Midnight, limited", "price": PRICE, "stock": goods});
        let product = number(&client.post_as_admin("/api/admin/products", &body).await?, "productId")?;
        let campaign = Campaign {
            name: "Midnight drop",
            discount: Discount::Percent { value: 20, max_amount: 30_000 },
            total_quantity: i64::try_from(size.coupons).unwrap_or(i64::MAX),
        };
        let campaign = number(&client.post_as_admin("/api/admin/coupons", &terms(&campaign)).await?, "couponId")?;
        let mut guests = sown.guests.clone();
        for guest in &mut guests {
            let balance = number(&client.get("/api/points", Some(&guest.token)).await?, "balance")?;
            guest.has_points = balance >= POINTS;
        }
        let mint = |user_id| shop.tokens.mint(Principal { user_id, role: Role::Customer }, TOKEN_TTL);
        let rush = Rush { campaign, product, coupons: size.coupons, customers: size.customers };
        let board = Rc::new(RefCell::new(Board::of(size.coupons)));
        let crowd = Crowd::new(rush, Customers::new(size.customers, &mint), guests, Rc::clone(&board));
        Ok(Sale { size, goods, rush, crowd, board })
    }

    pub fn board(&self) -> Rc<RefCell<Board>> {
        Rc::clone(&self.board)
    }

    /// Returns the expected number of requests.
    pub const fn requests(&self) -> u64 {
        Crowd::requests(self.rush)
    }

    /// Runs the sale, and compares its counts after the last answer.
    pub async fn hold(self, address: SocketAddr, client: &ShopClient, watcher: Watcher) -> Result<Outcome, Error> {
        let Sale { size, goods, rush, crowd, board } = self;
        let planned = Crowd::requests(rush);
        let per_second = (planned as f64 / size.time.as_secs_f64().max(0.001)).ceil() as u64;
        // A connection that finds no request ends and uses up one turn, so there is one more for each connection.
        let requests = planned + size.connections as u64;
        let load = Load { connections: size.connections, pace: Pace::Open { per_second, requests } };
        let leg = load::run_watched(address, Box::new(crowd), load, Some(watcher)).await?;
        let campaign = client.get(&format!("/api/coupons/{}", rush.campaign), None).await?;
        let product = client.get(&format!("/api/products/{}", rush.product), None).await?;
        let counts = Counts {
            customers: size.customers,
            coupons: size.coupons,
            goods,
            issued_by_shop: number(&campaign, "issued")?,
            available_in_shop: number(&product, "available")?,
        };
        let board = board.take();
        Ok(Outcome::of(counts, &board, &leg))
    }
}

fn number(document: &Value, member: &str) -> Result<i64, Error> {
    document[member].as_i64().ok_or_else(|| Error::Unreadable { what: member.to_owned() })
}
