//! Rate limits of writes.

use app::resilience::rates::Rate;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    user_per_s: u32,
    user_burst: u32,
    address_per_s: u32,
    address_burst: u32,
    pub wrong_passwords_per_account: u32,
    pub wrong_passwords_per_address: u32,
}

impl Limits {
    /// Returns the limit of each user, if there is one.
    pub fn user(&self) -> Option<Rate> {
        rate(self.user_per_s, self.user_burst)
    }

    /// Returns the limit of each address, if there is one.
    pub fn address(&self) -> Option<Rate> {
        rate(self.address_per_s, self.address_burst)
    }
}

fn rate(per_s: u32, burst: u32) -> Option<Rate> {
    // More than one per microsecond is no limit.
    (1..=1_000_000).contains(&per_s).then_some(Rate { per_s, burst: burst.max(1) })
}
