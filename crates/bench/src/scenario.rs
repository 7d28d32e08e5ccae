//! The scenarios: what customers do, and what is made ready for them.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Error;
use crate::customers::Customers;
use crate::load::{self, Load, Pace};
use crate::plan::Plan;
use crate::shop::Shop;

mod charge;
mod echo;
mod issue;
mod mixed;
mod numbers;
mod order;

use charge::Charge;
pub use echo::Echo;
use issue::Issue;
use mixed::Mixed;
pub use numbers::Numbers;
use order::Order;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The yardstick: a request through everything but the engine.
    Echo,
    /// Many customers, a coupon each, enough for all.
    Coupon,
    /// Everybody at once for a few coupons.
    Drop,
    /// Everybody wants a coupon of campaigns that are sold out.
    Refusals,
    /// A product, a coupon and points, to COMPLETED.
    Order,
    /// One product that everybody orders.
    Hot,
    /// 60 % browse, 25 % order, 15 % take a coupon.
    Mixed,
    /// The same orders in every mode of claiming.
    Modes,
}

impl Scenario {
    pub const ALL: [Scenario; 8] = [
        Scenario::Echo,
        Scenario::Coupon,
        Scenario::Drop,
        Scenario::Refusals,
        Scenario::Order,
        Scenario::Hot,
        Scenario::Mixed,
        Scenario::Modes,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Scenario::Echo => "echo",
            Scenario::Coupon => "coupon",
            Scenario::Drop => "drop",
            Scenario::Refusals => "refusals",
            Scenario::Order => "order",
            Scenario::Hot => "hot",
            Scenario::Mixed => "mixed",
            Scenario::Modes => "modes",
        }
    }

    pub fn named(name: &str) -> Option<Scenario> {
        Scenario::ALL.into_iter().find(|scenario| scenario.name() == name)
    }
}

/// Of the drop: so many requests for so many coupons.
#[derive(Clone, Copy, Debug)]
pub struct Drop {
    pub requests: u64,
    pub coupons: u64,
}

/// Coupons of a campaign that must not run out.
const ENOUGH: i64 = 1_000_000_000;
/// Legs that run on until their time is over get campaigns for several times what is expected of them.
const ISSUES_MIN: u64 = 50_000;
const ISSUES_SPARE: u64 = 4;
const CAMPAIGNS_MAX: u64 = 200;
/// Points that customers are given once, enough for every order they place.
const POINTS: i64 = 1_000_000_000;
/// Products that the mixed customers choose from.
const PRODUCTS: usize = 10;
/// Preparing must come to an end, too.
const PREPARING_MAX: Duration = Duration::from_secs(120);

/// Where scenarios take place.
#[derive(Debug)]
pub struct Stage {
    pub address: SocketAddr,
    pub shop: Shop,
    pub customers: Customers,
    pub connections: usize,
    pub drop: Drop,
    /// The first so many customers have points.
    charged: u64,
}

impl Stage {
    pub fn new(address: SocketAddr, shop: Shop, customers: Customers, (connections, drop): (usize, Drop)) -> Stage {
        Stage { address, shop, customers, connections, drop, charged: 0 }
    }

    /// Makes everything ready for a leg of about `expected` requests.
    pub async fn prepare(&mut self, scenario: Scenario, expected: u64) -> Result<Box<dyn Plan>, Error> {
        let customers = self.customers.clone();
        match scenario {
            Scenario::Echo => Ok(Box::new(Echo::new(customers, ("", "{}"), 2))),
            Scenario::Coupon => Ok(Box::new(self.campaigns(expected, ENOUGH).await?)),
            Scenario::Drop => {
                let coupons = i64::try_from(self.drop.coupons).unwrap_or(ENOUGH);
                let campaign = self.shop.campaign(coupons).await?;
                Ok(Box::new(Issue::new(customers, &[campaign], self.drop.coupons)))
            }
            // Of each campaign the first who comes gets the only one.
            Scenario::Refusals => Ok(Box::new(self.campaigns(expected, 1).await?)),
            Scenario::Order => {
                let orders = expected.min(customers.count());
                let campaign = self.campaign_for(orders).await?;
                let product = self.shop.product().await?;
                Ok(Box::new(Order::paid_with_points(customers, product, campaign, orders)))
            }
            Scenario::Hot => Ok(Box::new(Order::on_delivery(customers, self.shop.product().await?))),
            Scenario::Modes => Err(Error::Nothing("modes are compared with each other, not with the yardstick")),
            Scenario::Mixed => {
                let mut products = vec![];
                for _ in 0..PRODUCTS {
                    products.push(self.shop.product().await?);
                }
                let issue = self.campaigns(expected, ENOUGH).await?;
                Ok(Box::new(Mixed::new(customers, &products, issue)))
            }
        }
    }

    /// A campaign of which each of the first `count` customers holds a coupon; they have points as well.
    pub(crate) async fn campaign_for(&mut self, count: u64) -> Result<i64, Error> {
        let campaign = self.shop.campaign(ENOUGH).await?;
        self.give_coupons(campaign, count).await?;
        self.give_points(count).await?;
        Ok(campaign)
    }

    /// Campaigns of so many coupons, as many as it takes for everybody to ask once for each.
    async fn campaigns(&mut self, expected: u64, quantity: i64) -> Result<Issue, Error> {
        let laps = (expected.max(ISSUES_MIN) * ISSUES_SPARE).div_ceil(self.customers.count());
        let mut campaigns = vec![];
        for _ in 0..laps.min(CAMPAIGNS_MAX) {
            campaigns.push(self.shop.campaign(quantity).await?);
        }
        Ok(Issue::new(self.customers.clone(), &campaigns, quantity.unsigned_abs()))
    }

    /// A coupon of the campaign for each of the first `count` customers.
    async fn give_coupons(&mut self, campaign: i64, count: u64) -> Result<(), Error> {
        let issue = Issue::new(self.customers.clone(), &[campaign], ENOUGH.unsigned_abs()).up_to(count);
        self.carry_out(Box::new(issue)).await
    }

    async fn give_points(&mut self, count: u64) -> Result<(), Error> {
        if count <= self.charged {
            return Ok(());
        }
        let charge = Charge::new(self.customers.clone(), POINTS, self.charged..count);
        self.charged = count;
        self.carry_out(Box::new(charge)).await
    }

    async fn carry_out(&self, plan: Box<dyn Plan>) -> Result<(), Error> {
        let load = Load { connections: self.connections, pace: Pace::Closed { time: PREPARING_MAX } };
        let leg = load::run(self.address, plan, load).await?;
        match leg.tally.complaint {
            None => Ok(()),
            Some(body) => Err(Error::Refused { what: "preparing a leg".to_owned(), status: 0, body }),
        }
    }
}
