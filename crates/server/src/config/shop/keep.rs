//! How long rows are kept that are no books.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    notices_days: u32,
    deliveries_days: u32,
}

impl Keep {
    /// `None`: for ever.
    pub fn notices(self) -> Option<Duration> {
        days(self.notices_days)
    }

    /// `None`: for ever.
    pub fn deliveries(self) -> Option<Duration> {
        days(self.deliveries_days)
    }
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3_600))
}
