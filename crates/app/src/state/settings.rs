//! What the engine is told about how to run the shop.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Codec;
use domain::order::Modes;

use crate::ports::Calendar;
use crate::resilience::services::Services;

/// How reactions run; the outcome is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// A command and all that follows from it, to quiet, in one commit.
    Inline,
    /// Each event reaches its consumer groups through the event log.
    Log,
}

/// By which way events reach their groups. A store remembers it, so that a switch neither repeats nor loses a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// None is needed: reactions are part of their event's commit.
    Inline,
    /// The outbox, read in place.
    OwnLog,
    /// A broker, to which a relay brings the outbox.
    Broker,
}

impl Carrier {
    pub const ALL: [Carrier; 3] = [Carrier::Inline, Carrier::OwnLog, Carrier::Broker];

    pub const fn name(self) -> &'static str {
        match self {
            Carrier::Inline => "inline",
            Carrier::OwnLog => "log",
            Carrier::Broker => "broker",
        }
    }

    pub fn from_name(name: &str) -> Option<Carrier> {
        Carrier::ALL.into_iter().find(|carrier| carrier.name() == name)
    }

    pub const fn executor(self) -> Executor {
        match self {
            Carrier::Inline => Executor::Inline,
            Carrier::OwnLog | Carrier::Broker => Executor::Log,
        }
    }

    /// Whether the store's own log must be read to its end before another carrier takes over. What is on its way over a broker
    /// is in the outbox as well: groups that took it in know it again.
    pub const fn must_be_drained_for(self, next: Carrier) -> bool {
        match (self, next) {
            (Carrier::OwnLog, Carrier::Inline | Carrier::Broker) | (Carrier::Broker, Carrier::Inline) => true,
            (Carrier::Inline, _)
            | (Carrier::OwnLog, Carrier::OwnLog)
            | (Carrier::Broker, Carrier::OwnLog | Carrier::Broker) => false,
        }
    }

    /// Whether all groups begin behind everything that was committed before. A broker's do; and so does the store's own log,
    /// for the day on which it takes over again: then it begins where the broker began.
    pub const fn begins_at_the_end_after(self, last: Option<Carrier>) -> bool {
        match (self, last) {
            (Carrier::OwnLog, None | Some(Carrier::Inline)) => true,
            (Carrier::Broker, None | Some(Carrier::Inline | Carrier::OwnLog)) => true,
            (Carrier::Inline, _)
            | (Carrier::OwnLog, Some(Carrier::OwnLog | Carrier::Broker))
            | (Carrier::Broker, Some(Carrier::Broker)) => false,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub executor: Executor,
    /// Jobs decided in one commit.
    pub batch_max: usize,
    /// What chooses the mode of orders that do not name one, until somebody changes it in the store.
    pub modes: Modes,
    pub pay_within: Duration,
    /// A participant that has not answered by then counts as unknown.
    pub step_deadline: Duration,
    /// An order that is not claimed by then is given up, whatever it waits for.
    pub order_deadline: Duration,
    /// Restorations are asked for so often before the order waits for an operator.
    pub restorations_max: i64,
    /// Whether participants can be asked; shared with whoever takes them out.
    pub services: Arc<Services>,
    /// Which day a moment falls on where the shop is.
    pub calendar: Arc<dyn Calendar>,
    pub codec: Codec,
}
