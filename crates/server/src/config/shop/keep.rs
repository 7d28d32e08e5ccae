//! Retention of notices, inbox rows and finished deliveries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    notices_days: u32,
    inbox_days: u32,
    deliveries_days: u32,
}

impl Keep {
    /// Returns the retention of notices; `None`: never deleted.
    pub fn notices(self) -> Option<Duration> {
        days(self.notices_days)
    }

    /// Returns the retention of what groups have handled; `None`: never deleted.
    pub fn inbox(self) -> Option<Duration> {
        days(self.inbox_days)
    }

    /// Returns the retention of finished deliveries; `None`: never deleted.
    pub fn deliveries(self) -> Option<Duration> {
        days(self.deliveries_days)
    }
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3_600))
}
