//! What an audit says: law by law, how much was looked at and what does not add up.

use std::collections::BTreeMap;

use serde::Serialize;

/// Offences of one law that are shown; the rest are only counted.
const EXAMPLES_MAX: usize = 10;

macro_rules! laws {
    ($($variant:ident = $number:literal, $name:literal;)*) => {
        /// The laws of the shop, under the numbers of `docs/audit.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Law {
            $($variant,)*
        }

        impl Law {
            pub const ALL: &'static [Law] = &[$(Law::$variant,)*];

            pub const fn number(self) -> u8 {
                match self {
                    $(Law::$variant => $number,)*
                }
            }

            pub const fn name(self) -> &'static str {
                match self {
                    $(Law::$variant => $name,)*
                }
            }
        }
    };
}

laws! {
    Stock = 1, "every unit received is on hand, sold or written off";
    Claims = 2, "claims and timers live exactly as long as their order's saga";
    Demand = 3, "an order reserves what its lines ask for";
    Coupons = 4, "no more coupons than the campaign has, numbered without gap";
    Requests = 5, "every request has exactly one outcome";
    FirstCome = 6, "first come is first served";
    Gate = 7, "a gate beside the store knows of no coupon that was not issued";
    Redemption = 8, "a coupon pays for one order, and takes off what it says";
    Points = 9, "points move from one account to another";
    Payments = 10, "what was captured and not given back is what is due";
    Orders = 11, "an order is what its events say";
    Paths = 12, "an order takes legal steps and stays settled";
    Journal = 13, "each step of a saga is answered once and restored in reverse order";
    Shipments = 14, "goods leave when they are paid for, once";
    Outbox = 15, "every event stands in the outbox once, and is brought out of it in time";
    Inbox = 16, "groups have taken in only events, and stand where there are some";
    Idempotency = 18, "a key has one answer, and the answer is true";
    Chains = 19, "what belongs to a customer is chained without gap";
    Log = 20, "no event was changed, added or dropped";
    Owed = 21, "money that is owed goes back in time, or waits for an operator";
}

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    pub violations: u64,
    pub laws: Vec<LawReport>,
    /// What was not looked at, or only in part.
    pub skipped: Vec<Skipped>,
}

/// A law that nothing, or not everything, was held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub law: u8,
    pub reason: &'static str,
}

impl Audit {
    pub const fn is_clean(&self) -> bool {
        self.violations == 0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LawReport {
    pub law: u8,
    pub name: &'static str,
    /// Products, orders, events … that were held against the law.
    pub checked: u64,
    /// How many of them break it.
    pub violations: u64,
    pub examples: Vec<String>,
}

/// Whether one subject keeps a law; if not, which one it is and how it breaks it.
pub(super) type Verdict = Result<(), String>;

/// The complaint when something does not hold.
pub(super) fn ensure(holds: bool, complaint: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(complaint()) }
}

/// The verdicts so far.
#[derive(Debug)]
pub(super) struct Findings {
    laws: BTreeMap<Law, LawReport>,
    skipped: Vec<Skipped>,
}

impl Findings {
    pub(super) fn new() -> Findings {
        let empty = |law: &Law| {
            let report = LawReport { law: law.number(), name: law.name(), checked: 0, violations: 0, examples: vec![] };
            (*law, report)
        };
        Findings { laws: Law::ALL.iter().map(empty).collect(), skipped: vec![] }
    }

    pub(super) fn skip(&mut self, law: u8, reason: &'static str) {
        self.skipped.push(Skipped { law, reason });
    }

    pub(super) fn note(&mut self, law: Law, verdict: Verdict) {
        let report = self.laws.get_mut(&law).expect("every law has its report from the start");
        report.checked += 1;
        let Err(complaint) = verdict else { return };
        report.violations += 1;
        if report.examples.len() < EXAMPLES_MAX {
            report.examples.push(complaint);
        }
    }

    pub(super) fn conclude(self) -> Audit {
        let laws: Vec<LawReport> = self.laws.into_values().collect();
        let mut skipped = self.skipped;
        skipped.sort_by_key(|skipped| skipped.law);
        Audit { violations: laws.iter().map(|law| law.violations).sum(), laws, skipped }
    }
}
