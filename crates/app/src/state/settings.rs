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

/// How events reach their groups, and if a relay publishes them. The store records it, so that a change neither repeats nor
/// loses a reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// None is needed: reactions are part of their event's commit.
    Inline,
    /// The same; a relay publishes the events for readers outside of the shop.
    InlineRelayed,
    /// The outbox, read in place.
    OwnLog,
    /// A broker, to which a relay publishes the outbox.
    Broker,
}

impl Carrier {
    pub const ALL: [Carrier; 4] = [Carrier::Inline, Carrier::InlineRelayed, Carrier::OwnLog, Carrier::Broker];

    pub const fn of(executor: Executor, has_broker: bool) -> Carrier {
        match (executor, has_broker) {
            (Executor::Inline, false) => Carrier::Inline,
            (Executor::Inline, true) => Carrier::InlineRelayed,
            (Executor::Log, false) => Carrier::OwnLog,
            (Executor::Log, true) => Carrier::Broker,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Carrier::Inline => "inline",
            Carrier::InlineRelayed => "inline-relayed",
            Carrier::OwnLog => "log",
            Carrier::Broker => "broker",
        }
    }

    pub fn from_name(name: &str) -> Option<Carrier> {
        Carrier::ALL.into_iter().find(|carrier| carrier.name() == name)
    }

    pub const fn executor(self) -> Executor {
        match self {
            Carrier::Inline | Carrier::InlineRelayed => Executor::Inline,
            Carrier::OwnLog | Carrier::Broker => Executor::Log,
        }
    }

    /// Returns true if a relay publishes the outbox to a broker.
    pub const fn has_relay(self) -> bool {
        matches!(self, Carrier::InlineRelayed | Carrier::Broker)
    }

    /// Returns true if the store's own log must be read to its end before the next carrier takes over. Events in flight
    /// over a broker are in the outbox as well: groups that have handled them detect the repeats.
    pub const fn must_be_drained_for(self, next: Carrier) -> bool {
        match (self.executor(), next.executor()) {
            (Executor::Inline, _) => false,
            (Executor::Log, Executor::Inline) => true,
            (Executor::Log, Executor::Log) => !self.has_relay() && next.has_relay(),
        }
    }

    /// Returns true if all groups begin after everything committed before. With a broker they do; and so with the
    /// store's own log, when it takes over again: it begins where the broker began.
    pub const fn begins_at_the_end_after(self, last: Option<Carrier>) -> bool {
        let from_own_log = matches!(last, Some(Carrier::OwnLog));
        match (self.executor(), last) {
            (Executor::Inline, _) => false,
            (Executor::Log, None | Some(Carrier::Inline | Carrier::InlineRelayed)) => true,
            (Executor::Log, Some(Carrier::OwnLog | Carrier::Broker)) => self.has_relay() && from_own_log,
        }
    }

    /// Returns true if the relay begins after everything committed before. One that takes over from another continues.
    pub const fn relays_from_the_end_after(self, last: Option<Carrier>) -> bool {
        let is_taking_over = match last {
            None => false,
            Some(last) => last.has_relay(),
        };
        self.has_relay() && !is_taking_over
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
    /// The time that a customer has for an action at the payment provider, such as 3-D Secure.
    pub action_within: Duration,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every switch between two carriers: what is read to its end before, which groups begin at the end, and if the relay
    /// does.
    #[test]
    fn a_switch_neither_repeats_nor_loses() {
        use Carrier::{Broker, Inline, InlineRelayed, OwnLog};
        let steps = Carrier::ALL.map(|last| {
            Carrier::ALL.map(|next| {
                let is_drained = last.must_be_drained_for(next);
                let is_at_end = next.begins_at_the_end_after(Some(last));
                (is_drained, is_at_end, next.relays_from_the_end_after(Some(last)))
            })
        });
        let kept = (false, false, false);
        assert_eq!(Carrier::ALL, [Inline, InlineRelayed, OwnLog, Broker]);
        assert_eq!(steps[0], [kept, (false, false, true), (false, true, false), (false, true, true)]);
        assert_eq!(steps[1], [kept, kept, (false, true, false), (false, true, false)]);
        assert_eq!(steps[2], [(true, false, false), (true, false, true), kept, (true, true, true)]);
        assert_eq!(steps[3], [(true, false, false), (true, false, false), kept, kept]);
        for carrier in Carrier::ALL {
            assert_eq!(Carrier::of(carrier.executor(), carrier.has_relay()), carrier);
            assert_eq!(Carrier::from_name(carrier.name()), Some(carrier));
        }
    }
}
