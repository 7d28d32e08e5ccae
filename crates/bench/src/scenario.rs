//! The scenarios and their preparation.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::Error;
use crate::customers::Customers;
use crate::load::{self, Load, Pace};
use crate::plan::Plan;
use crate::shop::Shop;

mod charge;
mod echo;
mod issue;
mod join;
mod mixed;
mod numbers;
mod order;

use charge::Charge;
pub use echo::Echo;
use issue::Issue;
use join::Join;
use mixed::Mixed;
pub use numbers::Numbers;
use order::Order;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The baseline: a request through everything except the engine.
    Echo,
    /// Many customers, one coupon each, enough for all.
    Coupon,
    /// Many simultaneous requests for a few coupons.
    Drop,
    /// Requests for coupons of sold-out campaigns.
    Refusals,
    /// Orders with a product, a coupon and points, up to COMPLETED.
    Order,
    /// Orders of a single product.
    Hot,
    /// 60 % browse, 25 % order, 15 % request a coupon.
    Mixed,
    /// The same orders in every processing mode.
    Modes,
    /// Orders over clusters of more and more processes.
    Scale,
}

impl Scenario {
    pub const ALL: [Scenario; 9] = [
        Scenario::Echo,
        Scenario::Coupon,
        Scenario::Drop,
        Scenario::Refusals,
        Scenario::Order,
        Scenario::Hot,
        Scenario::Mixed,
        Scenario::Modes,
        Scenario::Scale,
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
            Scenario::Scale => "scale",
        }
    }

    pub fn named(name: &str) -> Option<Scenario> {
        Scenario::ALL.into_iter().find(|scenario| scenario.name() == name)
    }
}

/// The size of a drop.
#[derive(Clone, Copy, Debug)]
pub struct Drop {
    pub requests: u64,
    pub coupons: u64,
    /// Instead of coupons, the requests are for places in a waiting room.
    pub has_room: bool,
}

/// Each of these customers joins a drop's waiting room once, by their turns.
pub fn joins(customers: Customers, drop: i64, turns: Range<u64>) -> Box<dyn Plan> {
    Box::new(Join::new(customers, drop).only(turns))
}

/// The quantity of a campaign that must not sell out.
const ENOUGH: i64 = 1_000_000_000;
/// Closed-loop legs get campaigns for several times the expected requests.
const ISSUES_MIN: u64 = 50_000;
const ISSUES_SPARE: u64 = 4;
const CAMPAIGNS_MAX: u64 = 200;
/// Points charged once per customer, enough for all their orders.
const POINTS: i64 = 1_000_000_000;
/// Number of products in the mixed scenario.
const PRODUCTS: usize = 10;
/// Time-out of the preparation.
const PREPARING_MAX: Duration = Duration::from_secs(120);

/// The server under test, its customers and the load's settings.
#[derive(Debug)]
pub struct Stage {
    pub address: SocketAddr,
    pub shop: Shop,
    pub customers: Customers,
    pub connections: usize,
    pub drop: Drop,
    /// Where the same binary answers requests without the shop.
    pub bare: Option<SocketAddr>,
    /// Number of customers, from the first, that have points.
    charged: u64,
}

impl Stage {
    pub fn new(address: SocketAddr, shop: Shop, customers: Customers, connections: usize, drop: Drop) -> Stage {
        Stage { address, shop, customers, connections, drop, bare: None, charged: 0 }
    }

    /// Prepares a leg of about `expected` requests.
    pub async fn prepare(&mut self, scenario: Scenario, expected: u64) -> Result<Box<dyn Plan>, Error> {
        let customers = self.customers.clone();
        match scenario {
            Scenario::Echo => Ok(Box::new(Echo::new(customers, "", "{}", 2))),
            Scenario::Coupon => Ok(Box::new(self.campaigns(expected, ENOUGH).await?)),
            Scenario::Drop if self.drop.has_room => Ok(Box::new(Join::new(customers, self.shop.waiting_room().await?))),
            Scenario::Drop => {
                let coupons = i64::try_from(self.drop.coupons).unwrap_or(ENOUGH);
                let campaign = self.shop.campaign(coupons).await?;
                Ok(Box::new(Issue::new(customers, &[campaign], self.drop.coupons)))
            }
            // The first request of each campaign gets its only coupon; the others are refused.
            Scenario::Refusals => Ok(Box::new(self.campaigns(expected, 1).await?)),
            Scenario::Order => {
                let campaigns = self.campaigns_for(expected).await?;
                let product = self.shop.product().await?;
                Ok(Box::new(Order::paid_with_points(customers, product, &campaigns, expected)))
            }
            Scenario::Hot => Ok(Box::new(Order::on_delivery(customers, self.shop.product().await?))),
            Scenario::Modes | Scenario::Scale => {
                Err(Error::Nothing("these are compared with each other, not with the echo baseline"))
            }
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

    /// Creates a campaign, and gives each of the first `count` customers a coupon of it and points.
    pub(crate) async fn campaign_for(&mut self, count: u64) -> Result<i64, Error> {
        let campaign = self.shop.campaign(ENOUGH).await?;
        self.give_coupons(campaign, count).await?;
        self.give_points(count).await?;
        Ok(campaign)
    }

    /// Creates a campaign for each turn of the customers, so that each of them has a coupon for every order.
    async fn campaigns_for(&mut self, orders: u64) -> Result<Vec<i64>, Error> {
        let (mut campaigns, mut left) = (vec![], orders);
        while left > 0 && (campaigns.len() as u64) < CAMPAIGNS_MAX {
            let count = left.min(self.customers.count());
            campaigns.push(self.campaign_for(count).await?);
            left -= count;
        }
        Ok(campaigns)
    }

    /// Creates campaigns of `quantity` coupons, enough for one request per customer and campaign.
    async fn campaigns(&mut self, expected: u64, quantity: i64) -> Result<Issue, Error> {
        let laps = (expected.max(ISSUES_MIN) * ISSUES_SPARE).div_ceil(self.customers.count());
        let mut campaigns = vec![];
        for _ in 0..laps.min(CAMPAIGNS_MAX) {
            campaigns.push(self.shop.campaign(quantity).await?);
        }
        Ok(Issue::new(self.customers.clone(), &campaigns, quantity.unsigned_abs()))
    }

    /// Issues a coupon of the campaign to each of the first `count` customers.
    async fn give_coupons(&mut self, campaign: i64, count: u64) -> Result<(), Error> {
        let issue = Issue::new(self.customers.clone(), &[campaign], ENOUGH.unsigned_abs()).up_to(count);
        self.run_leg(Box::new(issue)).await
    }

    async fn give_points(&mut self, count: u64) -> Result<(), Error> {
        if count <= self.charged {
            return Ok(());
        }
        let charge = Charge::new(self.customers.clone(), POINTS, self.charged..count);
        self.charged = count;
        self.run_leg(Box::new(charge)).await
    }

    async fn run_leg(&self, plan: Box<dyn Plan>) -> Result<(), Error> {
        let load = Load { connections: self.connections, pace: Pace::Closed { time: PREPARING_MAX } };
        let leg = load::run(self.address, plan, load).await?;
        match leg.tally.complaint {
            None => Ok(()),
            Some(body) => Err(Error::Refused { what: "preparing a leg".to_owned(), status: 0, body }),
        }
    }
}
