//! Counts of the interesting branches that the simulated worlds reached.

use std::collections::BTreeMap;

macro_rules! branches {
    ($($variant:ident = $name:literal,)*) => {
        /// A branch that some world must reach; otherwise the simulator does not test it.
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
    HoldExtended = "an admin gave more time to pay",
    AwaitedPayment = "an order awaited payment",
    CompensationRan = "a compensation ran to its end",
    WentStepByStep = "an order was claimed step by step",
    NeverAsked = "a later step was never requested",
    ChosenByRule = "a rule chose the mode of an order",
    TakenAtOnce = "an order claimed everything at once",
    ModeChanged = "an admin changed the mode",
    Resolved = "an operator resolved a stuck compensation",
    ParticipantOut = "a participant was disabled, or enabled again",
    Delayed = "an order waited for a disabled participant",
    BreakerOpened = "a breaker opened",
    LateClaimRefused = "a tombstone refused a late claim",
    GivenUp = "an order timed out",
    Stuck = "a compensation got stuck",
    Resumed = "a stuck compensation was resumed",
    StockExhausted = "a participant had no stock left",
    PointsInsufficient = "a participant had no points left",
    RequestGranted = "a queued request was granted",
    RequestDenied = "a queued request was denied",
    CountsHeld = "a stream's counts were held",
    CountsChanged = "a stream's counts had changed in the store",
    SoldOut = "the engine refused a coupon as sold out",
    LimitExceeded = "a drop refused more units than a customer may have",
    CardRefused = "a drop refused a card that would have paid for more units than it may",
    DropOpened = "a drop opened",
    DropSoldOut = "a drop sold its last unit",
    DropClosed = "a drop closed",
    GateRefused = "the gate refused",
    QuantityRaised = "the quantity of a sold-out campaign was raised",
    DiedAtLoad = "a process died while loading",
    DiedBeforeCommit = "a process died before its commit",
    DiedAfterCommit = "a process died after its commit",
    UnknownHappened = "an unknown commit was written",
    UnknownDidNot = "an unknown commit was not written",
    LookupFailed = "the lookup of an unknown commit failed",
    LoadFailed = "the store did not respond",
    Halved = "a batch was halved",
    CulpritAlone = "a job violated a constraint by itself",
    Moved = "a commit was refused because its group had moved",
    Zombie = "a paused process continued with stale jobs",
    StaleTimer = "a timer fired that was no longer due",
    Repeated = "events were delivered again",
    InboxMet = "the inbox met an event again",
    PartitionDelayed = "a partition was delayed",
    GroupSilent = "a group was silent",
    ClockForward = "the clock jumped forwards",
    ClockBack = "the clock jumped back",
    QueueFull = "a queue was full",
    DeadlinePassed = "a command passed its deadline",
    Replayed = "an answer was replayed",
    RepeatedToOther = "a request was repeated while it was under way",
    Parked = "an event was parked",
    WaitedBehind = "an event waited behind another one of its key",
    DeadLettered = "an event became a dead letter",
    Permanent = "a dead letter was left to an operator",
    Forged = "a record was forged",
    ForgedGivenUp = "a forged record became a dead letter",
    UnreadableGivenUp = "an unreadable record became a dead letter",
    ForeignPassedOver = "a record of another shop was skipped",
    DeadLetterHandled = "a dead letter was handled in the end",
    PaymentCaptured = "a payment was captured",
    PaymentDeclined = "a payment was declined",
    PaymentVoided = "a payment was voided",
    PaymentRefunded = "a payment was refunded",
    PaymentLookedUp = "a payment was queried",
    ActionRequired = "a customer had to act at the provider",
    ActedLate = "a customer acted after the attempt was given up",
    ActionExpired = "an action was not made in time",
    ProviderAway = "the provider was unreachable",
    ProviderLost = "the provider's response was lost",
    ProviderWrong = "the provider reported another amount",
    ProviderToldTwice = "the provider sent the same callback twice",
    ProviderTookBack = "the provider reversed a refund",
    RefundDeclined = "the provider declined a refund",
    VoidDeclined = "the provider declined a void",
    PaymentStuck = "a refund or void got stuck",
    PaymentRetried = "an operator retried a stuck payment",
    PaymentResolved = "an operator resolved a stuck payment",
    PaymentFailed = "a failed payment was published",
    ProcessingRetried = "payment and dispatch in one step were retried",
    Unpaid = "an order was not paid in time",
    TakenBack = "a completed order was cancelled",
    Refunded = "a whole order was refunded",
    Shipped = "goods were shipped",
    Stored = "goods were stored",
    Unavailable = "a client got an unavailable response",
}

/// Number of times that each branch was reached.
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
