//! Figures of the statistics: what trailing groups add up for each minute, hour and day.

use std::sync::Arc;

use domain::time::Timestamp;

/// The length of time of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    Minute,
    /// In the shop's time zone, like its days.
    Hour,
    Day,
}

impl Resolution {
    pub const ALL: &'static [Resolution] = &[Resolution::Minute, Resolution::Hour, Resolution::Day];

    pub const fn name(self) -> &'static str {
        match self {
            Resolution::Minute => "minute",
            Resolution::Hour => "hour",
            Resolution::Day => "day",
        }
    }
}

/// The aggregates that figures are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// The subject is a campaign.
    Coupons,
    /// The subject is a product.
    Orders,
}

impl Counted {
    pub const ALL: &'static [Counted] = &[Counted::Coupons, Counted::Orders];

    pub const fn name(self) -> &'static str {
        match self {
            Counted::Coupons => "coupons",
            Counted::Orders => "orders",
        }
    }
}

/// The subject of figures about all campaigns, or about all products.
pub const WHOLE_SHOP: i64 = 0;

/// The key of a figure. `figure` is a name such as `placed`, or a group of codes with one of them: `reason:payment.expired`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FigureKey {
    pub counted: Counted,
    pub resolution: Resolution,
    pub subject: i64,
    /// The beginning of the minute, hour or day.
    pub began_at: Timestamp,
    pub figure: Arc<str>,
}

/// What a commit adds to a figure; a figure that does not exist begins at zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub key: FigureKey,
    pub amount: i64,
}

/// Figures that a commit deletes: at most `limit` of a resolution, from before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub counted: Counted,
    pub resolution: Resolution,
    pub before: Timestamp,
    pub limit: i64,
}
