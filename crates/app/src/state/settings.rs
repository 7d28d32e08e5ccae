//! The engine's settings.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Codec;
use domain::order::Modes;

use crate::ports::Calendar;
use crate::resilience::services::Services;

/// How reactions run; the outcome is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// A command and all its reactions in one commit.
    Inline,
    /// Each event reaches its consumer groups through the event log.
    Log,
}

/// How events reach their groups. The store records it, so that a change neither repeats nor loses a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// None is needed: reactions are part of their event's commit.
    Inline,
    /// The outbox, read in place.
    OwnLog,
    /// A broker, to which a relay publishes the outbox.
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

    /// Returns true if the store's own log must be read to its end before the next carrier takes over. Events in flight
    /// over a broker are in the outbox as well: groups that have handled them detect the repeats.
    pub const fn must_be_drained_for(self, next: Carrier) -> bool {
        match (self, next) {
            (Carrier::OwnLog, Carrier::Inline | Carrier::Broker) | (Carrier::Broker, Carrier::Inline) => true,
            (Carrier::Inline, _)
            | (Carrier::OwnLog, Carrier::OwnLog)
            | (Carrier::Broker, Carrier::OwnLog | Carrier::Broker) => false,
        }
    }

    /// Returns true if all groups begin after everything committed before. With a broker they do; and so with the
    /// store's own log, when it takes over again: it begins where the broker began.
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
    /// Chooses the mode of orders that do not name one, until a change in the store.
    pub modes: Modes,
    pub pay_within: Duration,
    /// The time-out of a participant's answer.
    pub step_deadline: Duration,
    /// An order that has not completed its claims in this time is cancelled, whatever it waits for.
    pub order_deadline: Duration,
    /// The number of requests for restorations before the order waits for an operator.
    pub restorations_max: i64,
    /// The availability of participants; shared with the operators' commands.
    pub services: Arc<Services>,
    /// The days of the shop's time zone.
    pub calendar: Arc<dyn Calendar>,
    pub codec: Codec,
}
