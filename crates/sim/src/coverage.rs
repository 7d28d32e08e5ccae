//! Which interesting branches the simulated worlds have reached, and how often.

use std::collections::BTreeMap;

macro_rules! branches {
    ($($variant:ident = $name:literal,)*) => {
        /// Something that must happen in some world, or the simulator does not simulate it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Branch {
            $($variant,)*
        }

        impl Branch {
            pub const ALL: &'static [Branch] = &[$(Branch::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Branch::$variant => $name,)*
                }
            }
        }
    };
}

branches! {
    OrderCompleted = "an order completed",
    AwaitedPayment = "an order waited for its payment",
    CompensationRan = "a compensation ran to its end",
    WentStepByStep = "an order went step by step",
    NeverAsked = "a later step was never asked for",
    ChosenByRule = "a rule chose the mode of an order",
    TakenAtOnce = "an order took everything at once",
    ModeChanged = "an admin changed the mode",
    Resolved = "an operator resolved a stuck compensation",
    ParticipantOut = "a participant was taken out, or back in",
    Delayed = "an order waited for a participant that was out",
    BreakerOpened = "a breaker opened",
    LateClaimRefused = "a tombstone refused a late claim",
    GivenUp = "an order was given up at its deadline",
    Stuck = "a compensation got stuck",
    Resumed = "a stuck compensation was resumed",
    StockExhausted = "a participant had no stock left",
    PointsInsufficient = "a participant had no points left",
    RequestGranted = "a queued request was granted",
    RequestDenied = "a queued request was denied",
    CountsHeld = "a stream's counts were held",
    CountsChanged = "a stream's counts were no longer as they were held",
    SoldOut = "the engine said sold out",
    GateRefused = "the gate refused",
    QuantityRaised = "a campaign that was sold out got more",
    DiedAtLoad = "a process died while it loaded",
    DiedBeforeCommit = "a process died before its commit",
    DiedAfterCommit = "a process died after its commit",
    UnknownHappened = "an unknown commit had happened",
    UnknownDidNot = "an unknown commit had not happened",
    LookupFailed = "nobody could say whether a commit had happened",
    LoadFailed = "the store did not answer",
    Halved = "a batch was halved",
    CulpritAlone = "a job violated a constraint by itself",
    Moved = "a commit was refused because its group had moved",
    Zombie = "a paused process went on with what it held",
    StaleTimer = "a timer fired that was no longer due",
    Repeated = "events were brought again",
    InboxMet = "the inbox met an event again",
    PartitionDelayed = "a partition stood still",
    GroupSilent = "a group took nothing in",
    ClockForward = "the clock jumped forwards",
    ClockBack = "the clock jumped back",
    QueueFull = "a queue was full",
    DeadlinePassed = "a command came too late to be decided",
    Replayed = "an answer was replayed",
    RepeatedToOther = "a request was sent again while it was under way",
    Parked = "an event was parked",
    WaitedBehind = "an event waited behind another of its key",
    DeadLettered = "an event was given up",
    Permanent = "a dead letter was left to people",
    LetterHandled = "a dead letter was handled after all",
    PaymentCaptured = "money was taken",
    PaymentDeclined = "a payment was refused",
    PaymentVoided = "money that was set aside was let go",
    PaymentRefunded = "money was given back",
    PaymentLookedUp = "a payment was looked up",
    ProviderAway = "the provider was out of reach",
    ProviderLost = "the provider's answer was lost",
    ProviderWrong = "the provider told another amount",
    ProviderToldTwice = "the provider told the same twice",
    ProviderTookBack = "the provider took back what it had said",
    RefundDeclined = "the provider declined to give money back",
    VoidDeclined = "the provider declined to let money go",
    PaymentStuck = "money that is owed was left to an operator",
    PaymentRetried = "an operator had money given back after all",
    PaymentResolved = "an operator gave money back by hand",
    PaymentFailed = "a payment that failed was told",
    ProcessingRetried = "paying and sending in one step was tried again",
    Unpaid = "an order was not paid in time",
    TakenBack = "a completed order was taken back",
    Refunded = "an order was given back as a whole",
    Shipped = "goods left the house",
    Stored = "goods were stored",
    Unavailable = "a client was told that nothing is known",
}

/// Counts per branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<Branch, u64>);

impl Coverage {
    pub(crate) fn reach(&mut self, branch: Branch) {
        *self.0.entry(branch).or_default() += 1;
    }

    pub fn count(&self, branch: Branch) -> u64 {
        self.0.get(&branch).copied().unwrap_or(0)
    }

    pub fn add(&mut self, other: &Coverage) {
        for (branch, count) in &other.0 {
            *self.0.entry(*branch).or_default() += count;
        }
    }

    pub fn never_reached(&self) -> Vec<Branch> {
        Branch::ALL.iter().copied().filter(|branch| self.count(*branch) == 0).collect()
    }
}
