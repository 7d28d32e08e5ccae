//! Descriptions of repairs, for people and for the repair log.

use serde::{Deserialize, Serialize};

use super::report::Law;
use crate::commands::{Command, Repair};

/// One repair, and whether the engine took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// The law that it restores.
    pub law: u8,
    pub what: String,
    pub done: bool,
}

impl Repaired {
    pub fn new(command: &Command, done: bool) -> Repaired {
        #[expect(clippy::wildcard_enum_match_arm, reason = "an audit has no other repairs")]
        let (law, what) = match command {
            Command::Repair(repair) => (repair.law(), repair.what()),
            Command::ResumeOrder { order } => {
                (Law::Journal, format!("order {order}: its stuck compensation is resumed"))
            }
            other => (Law::Orders, other.cause().to_owned()),
        };
        Repaired { law: law.number(), what, done }
    }
}

impl Repair {
    /// Returns the law that the repair restores.
    pub const fn law(&self) -> Law {
        match self {
            Repair::Product { .. } => Law::Stock,
            Repair::Campaign { .. } => Law::Coupons,
            Repair::Account { .. } => Law::Points,
            Repair::Timer { .. } => Law::Claims,
        }
    }

    /// Describes by how much each figure changes.
    pub fn what(&self) -> String {
        match *self {
            Repair::Product { product, reserved, sold, received, written_off } => {
                let figures =
                    [("reserved", reserved), ("sold", sold), ("received", received), ("written_off", written_off)];
                let moved = figures.iter().filter(|(_, by)| *by != 0).map(|(name, by)| format!("{name} {by:+}"));
                let moved: Vec<String> = moved.collect();
                if moved.is_empty() {
                    return format!("product {product}: on_hand is recomputed");
                }
                format!("product {product}: {}", moved.join(", "))
            }
            Repair::Campaign { campaign, issued } => format!("campaign {campaign}: issued {issued:+}"),
            Repair::Account { user, balance } => format!("user {user}: balance {:+}", balance.amount()),
            Repair::Timer { order } => format!("order {order}: its timer is recreated or dropped"),
        }
    }
}
