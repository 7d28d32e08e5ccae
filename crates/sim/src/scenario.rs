//! Scenarios of simulated worlds, and deliberate defects.

/// A named mix of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    Calm,
    Crashes,
    Deliveries,
    Silence,
    Zombies,
    Clocks,
    Rush,
    Failures,
    Payments,
    Outages,
    Forgeries,
    Everything,
}

impl Scenario {
    pub const ALL: [Scenario; 12] = [
        Scenario::Calm,
        Scenario::Crashes,
        Scenario::Deliveries,
        Scenario::Silence,
        Scenario::Zombies,
        Scenario::Clocks,
        Scenario::Rush,
        Scenario::Failures,
        Scenario::Payments,
        Scenario::Outages,
        Scenario::Forgeries,
        Scenario::Everything,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Scenario::Calm => "calm",
            Scenario::Crashes => "crashes",
            Scenario::Deliveries => "deliveries",
            Scenario::Silence => "silence",
            Scenario::Zombies => "zombies",
            Scenario::Clocks => "clocks",
            Scenario::Rush => "rush",
            Scenario::Failures => "failures",
            Scenario::Payments => "payments",
            Scenario::Outages => "outages",
            Scenario::Forgeries => "forgeries",
            Scenario::Everything => "everything",
        }
    }

    pub fn from_name(name: &str) -> Option<Scenario> {
        Scenario::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    pub(crate) const fn odds(self) -> Odds {
        match self {
            Scenario::Calm => Odds::NONE,
            Scenario::Crashes => {
                Odds { crash: 60, unknown: 60, constraint: 40, failure: 30, forgery: 20, ..Odds::NONE }
            }
            Scenario::Deliveries => Odds { repeat: 150, delay: 150, forgery: 60, ..Odds::NONE },
            Scenario::Silence => Odds { silence: 60, delay: 40, forgery: 20, ..Odds::NONE },
            Scenario::Zombies => Odds { pause: 100, constraint: 20, crash: 10, forgery: 20, ..Odds::NONE },
            Scenario::Clocks => Odds { jump: 80, silence: 20, forgery: 20, ..Odds::NONE },
            Scenario::Rush => Odds { rush: 80, constraint: 20, forgery: 20, ..Odds::NONE },
            Scenario::Failures => Odds { inability: 250, crash: 10, repeat: 20, forgery: 20, ..Odds::NONE },
            Scenario::Outages => Odds { outage: 120, crash: 10, forgery: 20, ..Odds::NONE },
            Scenario::Payments => Odds { whim: 700, crash: 30, unknown: 20, forgery: 20, ..Odds::NONE },
            Scenario::Forgeries => Odds { forgery: 500, ..Odds::NONE },
            Scenario::Everything => Odds {
                forgery: 60,
                outage: 30,
                whim: 250,
                inability: 40,
                crash: 25,
                unknown: 25,
                constraint: 20,
                failure: 15,
                repeat: 50,
                delay: 50,
                silence: 25,
                pause: 40,
                jump: 25,
                rush: 30,
            },
        }
    }

    /// Number of concurrent processes.
    pub(crate) const fn processes(self) -> usize {
        match self {
            Scenario::Zombies | Scenario::Everything => 2,
            Scenario::Calm
            | Scenario::Crashes
            | Scenario::Deliveries
            | Scenario::Silence
            | Scenario::Clocks
            | Scenario::Rush
            | Scenario::Failures
            | Scenario::Outages
            | Scenario::Forgeries
            | Scenario::Payments => 1,
        }
    }
}

/// Probability of each fault, per thousand ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// A process dies: while it loads, before its commit, after its commit.
    pub(crate) crash: u64,
    /// The outcome of a commit is unknown.
    pub(crate) unknown: u64,
    /// A commit violates a constraint.
    pub(crate) constraint: u64,
    /// The store does not respond.
    pub(crate) failure: u64,
    /// Events are delivered again.
    pub(crate) repeat: u64,
    /// A partition is delayed.
    pub(crate) delay: u64,
    /// A consumer group reads nothing.
    pub(crate) silence: u64,
    /// A process pauses with undecided jobs, and continues later.
    pub(crate) pause: u64,
    /// The clock jumps.
    pub(crate) jump: u64,
    /// Many customers arrive at once.
    pub(crate) rush: u64,
    /// The payment provider misbehaves, per thousand calls.
    pub(crate) whim: u64,
    /// A participant cannot handle an order's request, for some time or for good.
    pub(crate) inability: u64,
    /// A participant is disabled, or enabled again.
    pub(crate) outage: u64,
    /// A forged record is put on a topic.
    pub(crate) forgery: u64,
}

impl Odds {
    const NONE: Odds = Odds {
        crash: 0,
        unknown: 0,
        constraint: 0,
        failure: 0,
        repeat: 0,
        delay: 0,
        silence: 0,
        pause: 0,
        jump: 0,
        rush: 0,
        inability: 0,
        whim: 0,
        outage: 0,
        forgery: 0,
    };
}

/// A deliberate defect in the simulator's own adapters, to prove that the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// The store forgets that a claim was released.
    TombstonesDropped,
    /// The store does not compare a group's offset before moving it.
    OffsetsNotCompared,
    /// The store does not compare the counts that a stream holds.
    CountsNotCompared,
    /// The gate counts admitted requests instead of committed coupons.
    AdmissionsCounted,
    /// The payment provider executes a repeated call with the same key again.
    KeysForgotten,
    /// The log takes every record for an event that it read in the store.
    RecordsBelieved,
}

impl Breakage {
    pub const ALL: [Breakage; 6] = [
        Breakage::TombstonesDropped,
        Breakage::OffsetsNotCompared,
        Breakage::CountsNotCompared,
        Breakage::AdmissionsCounted,
        Breakage::KeysForgotten,
        Breakage::RecordsBelieved,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Breakage::TombstonesDropped => "tombstones-dropped",
            Breakage::OffsetsNotCompared => "offsets-not-compared",
            Breakage::CountsNotCompared => "counts-not-compared",
            Breakage::AdmissionsCounted => "admissions-counted",
            Breakage::KeysForgotten => "keys-forgotten",
            Breakage::RecordsBelieved => "records-believed",
        }
    }

    pub fn from_name(name: &str) -> Option<Breakage> {
        Breakage::ALL.into_iter().find(|breakage| breakage.name() == name)
    }
}
