//! The query side of drops, and the check of clients who join a waiting room.

use std::net::IpAddr;

use domain::drops::{Buyer, Drop, Link};
use domain::ids::{DropId, OrderId, ProductId};
use domain::stock::Product;

use crate::ports::future::Reading;
use crate::state::rows::BuyerKey;

pub use crate::ports::future::Checking;

/// Reads drops and their customers.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait DropViews: Send + Sync {
    fn drop_by_id(&self, id: DropId) -> Reading<'_, Option<Drop>>;

    /// Returns drops by number, from after the given one on.
    fn drops(&self, after: Option<DropId>, limit: usize) -> Reading<'_, Vec<Drop>>;

    /// Returns the drops that are not closed.
    fn drops_under_way(&self) -> Reading<'_, Vec<Drop>>;

    fn buyer(&self, key: BuyerKey) -> Reading<'_, Option<Buyer>>;

    /// Returns links of a drop's chain after a number, in order.
    fn drop_links(&self, drop: DropId, after: i64, limit: usize) -> Reading<'_, Vec<Link>>;

    /// Returns the links of an order, of each of its drops.
    fn links_of(&self, order: OrderId) -> Reading<'_, Vec<Link>>;

    /// Returns the products with these numbers, in any order.
    fn offered(&self, products: Vec<ProductId>) -> Reading<'_, Vec<Product>>;
}

/// Checks the token of a client: that a person solved a CAPTCHA, or a program a proof of work.
pub trait Challenge: Send + Sync {
    /// Returns true if the token is good. It is good once.
    ///
    /// # Errors
    ///
    /// Why the service gave no answer in its time.
    fn check<'a>(&'a self, token: &'a str, address: Option<IpAddr>) -> Checking<'a>;
}
