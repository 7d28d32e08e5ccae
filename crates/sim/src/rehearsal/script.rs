//! The script of a rehearsal: the drop, its customers, and the machines of the shop.

use std::fmt;

use domain::drops::Prequeue;
use domain::limits::{ADMIT_PER_SECOND_MAX, HOLD_SECONDS_MAX, QUANTITY_MAX};
use serde::{Deserialize, Serialize};

const CUSTOMERS_MAX: i64 = 1_000_000;
const SECONDS_MAX: i64 = 7 * 86_400;
const PRODUCTS_MAX: usize = 20;
const UNITS_MAX: i64 = 1_000_000;

/// The least and the most of the numbers, by their keys without places. Those of a drop are the API's. The limits of
/// `arrivals` depend on the drop.
const RANGES: [(&str, i64, i64); 32] = [
    ("seed", 0, i64::MAX),
    ("drop.lasts_seconds", 1, SECONDS_MAX),
    ("drop.per_customer", 1, QUANTITY_MAX),
    ("drop.products.stock", 1, UNITS_MAX),
    ("drop.products.per_customer", 1, QUANTITY_MAX),
    ("drop.products.wanted", 0, 1_000_000),
    ("waiting_room.admit_per_second", 1, ADMIT_PER_SECOND_MAX),
    ("waiting_room.hold_seconds", 1, HOLD_SECONDS_MAX),
    ("customers.count", 1, CUSTOMERS_MAX),
    ("customers.units", 0, 100),
    ("customers.think_seconds", 0, 86_400),
    ("customers.look_every_seconds", 1, 3_600),
    ("customers.no_show_percent", 0, 100),
    ("customers.leave_percent", 0, 100),
    ("customers.leave_after_seconds", 1, 86_400),
    ("customers.again_percent", 0, 100),
    ("customers.unpaid_percent", 0, 100),
    ("customers.repeats", 0, 100),
    ("customers.repeat_after_seconds", 1, 3_600),
    ("arrivals.share", 0, 1_000_000),
    ("shop.processes", 1, 64),
    ("shop.cores", 1, 256),
    ("shop.queue_max", 1, 1_000_000),
    ("shop.batch_max", 1, 100_000),
    ("shop.batch_every_us", 0, 10_000_000),
    ("shop.command_deadline_ms", 1, 3_600_000),
    ("shop.pay_within_seconds", 1, 86_400),
    ("shop.speeds.http_us", 1, 10_000_000),
    ("shop.speeds.look_us", 1, 10_000_000),
    ("shop.speeds.join_us", 1, 10_000_000),
    ("shop.speeds.order_us", 1, 10_000_000),
    ("shop.speeds.commit_us", 1, 10_000_000),
];

/// Returns the least and the most of a number, by its key; `None` if its limits depend on others.
pub fn range(key: &str) -> Option<(i64, i64)> {
    let plain: String = key.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect();
    RANGES.iter().find(|(known, ..)| *known == plain).map(|(_, least, most)| (*least, *most))
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Draws the customers. Equal scripts have equal results.
    #[serde(default = "one")]
    pub seed: u64,
    pub drop: Sale,
    /// Without one, customers order at once.
    #[serde(default)]
    pub waiting_room: Option<Room>,
    pub customers: Crowd,
    /// When customers come, in seconds from the start of the drop.
    pub arrivals: Vec<Arrivals>,
    #[serde(default)]
    pub shop: Machines,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    pub name: String,
    pub lasts_seconds: i64,
    /// The most units of all products that one customer gets.
    #[serde(default)]
    pub per_customer: Option<i64>,
    pub products: Vec<Product>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub stock: i64,
    #[serde(default)]
    pub per_customer: Option<i64>,
    /// The customers who want it, compared with those of other products.
    #[serde(default = "one")]
    pub wanted: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    pub admit_per_second: i64,
    #[serde(default = "hold")]
    pub hold_seconds: i64,
    #[serde(default = "fifo")]
    pub prequeue: Prequeue,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    pub count: u32,
    /// The customers in percent who want one unit, two units, and so on.
    #[serde(default = "one_unit")]
    pub units: Vec<u64>,
    /// The time between admission and order; each customer takes half of it to one and a half.
    #[serde(default = "think")]
    pub think_seconds: u64,
    /// The interval at which a page looks for its place. Pages with a stream of events look each second.
    #[serde(default = "one")]
    pub look_every_seconds: u64,
    /// The customers in percent who are admitted and do not order.
    #[serde(default)]
    pub no_show_percent: u64,
    /// The customers in percent who do not wait longer than `leave_after_seconds`.
    #[serde(default)]
    pub leave_percent: u64,
    #[serde(default = "leave_after")]
    pub leave_after_seconds: u64,
    /// The buyers in percent who order the same again at once.
    #[serde(default)]
    pub again_percent: u64,
    /// The buyers in percent who do not pay: their units come back after `shop.pay_within_seconds`.
    #[serde(default)]
    pub unpaid_percent: u64,
    /// How often a customer whom the shop could not serve tries again.
    #[serde(default = "repeats")]
    pub repeats: u64,
    #[serde(default = "repeat_after")]
    pub repeat_after_seconds: u64,
}

/// Customers who come evenly within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    pub from: i64,
    pub to: i64,
    /// Compared with the shares of the other times.
    pub share: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machines {
    /// With more than one, they share a database.
    pub processes: u32,
    /// The cores of each process.
    pub cores: u32,
    pub queue_max: u32,
    pub batch_max: u32,
    /// The interval of batches; `None`: 0 with one process, 20,000 with several, as in the shop's settings.
    pub batch_every_us: Option<u64>,
    pub command_deadline_ms: u64,
    pub pay_within_seconds: u64,
    pub speeds: Speeds,
}

/// The time that each piece of work takes. `doorbuster rehearse --calibrate` measures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Speeds {
    /// A request outside of the engine: parsed, checked, answered.
    pub http_us: u64,
    /// A page that looks for its place.
    pub look_us: u64,
    /// The decision about a join, a leave, or an order that is refused.
    pub join_us: u64,
    /// The decision about an order that is placed.
    pub order_us: u64,
    /// A commit, until it is durable.
    pub commit_us: u64,
}

impl Default for Machines {
    fn default() -> Machines {
        Machines {
            processes: 1,
            cores: 2,
            queue_max: 8_192,
            batch_max: 512,
            batch_every_us: None,
            command_deadline_ms: 5_000,
            pay_within_seconds: 600,
            speeds: Speeds::default(),
        }
    }
}

/// Careful figures of a small machine.
impl Default for Speeds {
    fn default() -> Speeds {
        Speeds { http_us: 60, look_us: 40, join_us: 25, order_us: 120, commit_us: 2_000 }
    }
}

impl Machines {
    pub fn is_shared(&self) -> bool {
        self.processes > 1
    }

    pub fn batch_every(&self) -> u64 {
        self.batch_every_us.unwrap_or(if self.is_shared() { 20_000 } else { 0 })
    }
}

/// A value that a rehearsal cannot use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub key: String,
    pub why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.why)
    }
}

impl Script {
    /// Checks the values.
    ///
    /// # Errors
    ///
    /// The first key with a value that cannot be used.
    pub fn check(&self) -> Result<(), Wrong> {
        self.check_sale()?;
        self.check_customers()?;
        self.check_shop()
    }

    fn check_sale(&self) -> Result<(), Wrong> {
        let Sale { name, lasts_seconds, per_customer, products } = &self.drop;
        let is_named = (1..=200).contains(&name.chars().count());
        ensure(is_named, "drop.name", || "must have 1 to 200 characters".into())?;
        limited("drop.lasts_seconds", *lasts_seconds)?;
        per_customer.map_or(Ok(()), |limit| limited("drop.per_customer", limit))?;
        let count = products.len();
        ensure((1..=PRODUCTS_MAX).contains(&count), "drop.products", || {
            format!("has {count} products, but must have 1 to {PRODUCTS_MAX}")
        })?;
        for (place, product) in products.iter().enumerate() {
            let key = |field: &str| format!("drop.products[{place}].{field}");
            limited(&key("stock"), product.stock)?;
            product.per_customer.map_or(Ok(()), |limit| limited(&key("per_customer"), limit))?;
            limited(&key("wanted"), product.wanted)?;
        }
        let wanted: u64 = products.iter().map(|product| product.wanted).sum();
        ensure(wanted > 0, "drop.products", || "are wanted by no one: one `wanted` must be 1 or more".into())?;
        let Some(room) = self.waiting_room else { return Ok(()) };
        limited("waiting_room.admit_per_second", room.admit_per_second)?;
        limited("waiting_room.hold_seconds", room.hold_seconds)
    }

    fn check_customers(&self) -> Result<(), Wrong> {
        let Crowd { count, units, .. } = &self.customers;
        limited("customers.count", *count)?;
        let all: u64 = units.iter().fold(0, |sum, percent| sum.saturating_add(*percent));
        let is_whole = all == 100 && units.len() <= 100;
        ensure(is_whole, "customers.units", || format!("adds up to {all}, but must add up to 100 percent"))?;
        let crowd = &self.customers;
        let percents = [
            ("no_show_percent", crowd.no_show_percent),
            ("leave_percent", crowd.leave_percent),
            ("again_percent", crowd.again_percent),
            ("unpaid_percent", crowd.unpaid_percent),
        ];
        for (name, percent) in percents {
            limited(&format!("customers.{name}"), percent)?;
        }
        limited("customers.think_seconds", crowd.think_seconds)?;
        limited("customers.look_every_seconds", crowd.look_every_seconds)?;
        limited("customers.leave_after_seconds", crowd.leave_after_seconds)?;
        limited("customers.repeats", crowd.repeats)?;
        limited("customers.repeat_after_seconds", crowd.repeat_after_seconds)?;
        let shares: u64 = self.arrivals.iter().fold(0, |sum, some| sum.saturating_add(some.share));
        ensure(shares > 0, "arrivals", || "must have at least one time with a share of 1 or more".into())?;
        for (place, some) in self.arrivals.iter().enumerate() {
            let key = |field: &str| format!("arrivals[{place}].{field}");
            within(&key("from"), some.from, -SECONDS_MAX, self.drop.lasts_seconds)?;
            within(&key("to"), some.to, some.from.saturating_add(1), self.drop.lasts_seconds)?;
            limited(&key("share"), some.share)?;
        }
        Ok(())
    }

    fn check_shop(&self) -> Result<(), Wrong> {
        let Machines { processes, cores, queue_max, batch_max, command_deadline_ms, .. } = &self.shop;
        limited("shop.processes", *processes)?;
        limited("shop.cores", *cores)?;
        limited("shop.queue_max", *queue_max)?;
        limited("shop.batch_max", *batch_max)?;
        limited("shop.batch_every_us", self.shop.batch_every())?;
        limited("shop.command_deadline_ms", *command_deadline_ms)?;
        limited("shop.pay_within_seconds", self.shop.pay_within_seconds)?;
        let Speeds { http_us, look_us, join_us, order_us, commit_us } = self.shop.speeds;
        let speeds =
            [("http", http_us), ("look", look_us), ("join", join_us), ("order", order_us), ("commit", commit_us)];
        for (name, micros) in speeds {
            limited(&format!("shop.speeds.{name}_us"), micros)?;
        }
        Ok(())
    }
}

/// Checks a number against the range of its key.
fn limited(key: &str, value: impl Into<i128>) -> Result<(), Wrong> {
    let (least, most) = range(key).unwrap_or((i64::MIN, i64::MAX));
    within(key, value.into(), least.into(), most.into())
}

fn within<T: PartialOrd + fmt::Display>(key: &str, value: T, least: T, most: T) -> Result<(), Wrong> {
    ensure(value >= least && value <= most, key, || format!("is {value}, but must be from {least} to {most}"))
}

fn ensure(holds: bool, key: &str, why: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong { key: key.to_owned(), why: why() }) }
}

const fn one() -> u64 {
    1
}

const fn hold() -> i64 {
    300
}

const fn fifo() -> Prequeue {
    Prequeue::Fifo
}

fn one_unit() -> Vec<u64> {
    vec![100]
}

const fn think() -> u64 {
    20
}

const fn leave_after() -> u64 {
    300
}

const fn repeats() -> u64 {
    3
}

const fn repeat_after() -> u64 {
    2
}
