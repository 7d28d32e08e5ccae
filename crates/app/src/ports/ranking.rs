//! The port to the cached ranking of products.

use std::future::Future;
use std::pin::Pin;

use domain::ids::ProductId;

/// The sales of a product so far on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySales {
    pub product: ProductId,
    /// `None`: the sum of all earlier days.
    pub day: Option<i64>,
    pub sold: i64,
    /// The refunded units of them.
    pub returned: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popular {
    pub product: ProductId,
    pub name: String,
    pub sold: i64,
}

/// The days over which sales are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// One day.
    Day(i64),
    /// A day and the two before it.
    ThreeDays(i64),
    All,
}

/// The best sellers, cached beside the store. The cache may be lost, and may be behind other processes' latest commits.
pub trait Ranking: Send + Sync {
    /// Applies the sales of a commit, before its commands are answered; it must not block.
    fn apply(&self, sold: &[DaySales]);

    /// Returns the best first, ties by product number, as the store would. `None` when the store must be read instead.
    fn popular(&self, window: Window, limit: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Popular>>> + Send + '_>>;
}
