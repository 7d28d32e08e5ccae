//! The report of an audit: for each law, how much was checked and what violates it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

/// The number of violations of one law that are shown; the rest are only counted.
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
    Demand = 3, "an order reserves exactly its lines";
    Coupons = 4, "no more coupons than the campaign has, numbered without gap";
    Requests = 5, "every request has exactly one outcome";
    FirstCome = 6, "first come, first served";
    Gate = 7, "a shared gate knows no coupon that was not issued";
    Redemption = 8, "a coupon pays for one order, and its discount is its campaign's";
    Points = 9, "points move from one account to another";
    Payments = 10, "captured less refunded is what is due";
    Orders = 11, "an order equals the fold of its events";
    Paths = 12, "an order takes legal steps, and none after its end";
    Journal = 13, "each step of a saga is answered once and restored in reverse order";
    Shipments = 14, "goods are shipped once, when they are paid for";
    Outbox = 15, "every event is in the outbox once, and is published in time";
    Inbox = 16, "groups have handled existing events only, and skipped none";
    Webhooks = 17, "every event has one delivery for each endpoint that was subscribed to it";
    Idempotency = 18, "a key has one answer, and the answer is true";
    Chains = 19, "the rows of a customer are chained without gap";
    Log = 20, "no event was changed, added or dropped";
    Owed = 21, "owed money is refunded in time, or waits for an operator";
    Statistics = 22, "the statistics are the sums of the events";
    Drops = 23, "customers of a drop have the units of their orders, within the limits";
}

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    pub violations: u64,
    pub laws: Vec<LawReport>,
    /// The laws that were not checked, or only in part.
    pub skipped: Vec<Skipped>,
}

/// A law that was not checked, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub law: u8,
    pub reason: Cow<'static, str>,
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
    /// The number of products, orders, events … that were checked.
    pub checked: u64,
    /// The number of them that violate the law.
    pub violations: u64,
    pub examples: Vec<String>,
}

/// The result for one subject: `Err` names the subject and its violation.
pub(super) type Verdict = Result<(), String>;

/// Returns the complaint as an error unless the condition holds.
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

    pub(super) fn skip(&mut self, law: u8, reason: impl Into<Cow<'static, str>>) {
        self.skipped.push(Skipped { law, reason: reason.into() });
    }

    pub(super) fn note(&mut self, law: Law, verdict: Verdict) {
        let report = self.laws.get_mut(&law).expect("every law has a report from the start");
        report.checked += 1;
        let Err(complaint) = verdict else { return };
        report.violations += 1;
        if report.examples.len() < EXAMPLES_MAX {
            report.examples.push(complaint);
        }
    }

    /// Notes a law's verdict on a subject. Values that no shop can have may make its arithmetic panic, which is a violation
    /// as well: a law changes nothing, so the audit can continue.
    pub(super) fn judge(&mut self, law: Law, subject: &str, judge: impl FnOnce() -> Verdict) {
        let verdict = catch_unwind(AssertUnwindSafe(judge));
        let panicked = |_| Err(format!("{subject}: its rows or events have values that cannot be computed with"));
        self.note(law, verdict.unwrap_or_else(panicked));
    }

    pub(super) fn conclude(self) -> Audit {
        let laws: Vec<LawReport> = self.laws.into_values().collect();
        let mut skipped = self.skipped;
        skipped.sort_by_key(|skipped| skipped.law);
        Audit { violations: laws.iter().map(|law| law.violations).sum(), laws, skipped }
    }
}
