//! How orders are claimed, and their deadlines.

use std::time::Duration;

use domain::order::{Choice, Modes};
use serde::{Deserialize, Serialize};

use super::Error;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    mode: Choice,
    pub(super) pay_within_s: u64,
    pub(super) step_deadline_s: u64,
    pub(super) order_deadline_s: u64,
    pub restorations_max: u32,
    gradual: Gradual,
    pub canary: Canary,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Gradual {
    enabled: bool,
    percent: u8,
}

/// The rule that changes the gradual percentage automatically.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    pub enabled: bool,
    pub(super) every_s: u64,
    pub step_percent: u8,
}

impl Canary {
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every_s)
    }
}

impl Orders {
    /// Returns the initial modes, until an admin changes them. If gradual is disabled, its percentage is 0.
    pub fn modes(&self) -> Modes {
        Modes { choice: self.mode, percent: if self.gradual.enabled { self.gradual.percent } else { 0 } }
    }

    pub fn pay_within(&self) -> Duration {
        Duration::from_secs(self.pay_within_s)
    }

    pub fn step_deadline(&self) -> Duration {
        Duration::from_secs(self.step_deadline_s)
    }

    pub fn order_deadline(&self) -> Duration {
        Duration::from_secs(self.order_deadline_s)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let percents = [
            ("orders.gradual.percent", self.gradual.percent),
            ("orders.canary.step_percent", self.canary.step_percent),
        ];
        for (key, given) in percents {
            if given > 100 {
                return Err(Error::OutOfRange { key, given: given.into(), expected: "at most 100" });
            }
        }
        Ok(())
    }
}
