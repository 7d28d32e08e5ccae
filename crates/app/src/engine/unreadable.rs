//! Rows that cannot be read: only the commands that need them are refused, and only the timers of such rows wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ids::{DeadLetterId, DropId, OrderId};
use domain::time::Timestamp;

use crate::commands::{Command, DropCommand, FailedDelivery};
use crate::engine::report::Report;
use crate::state::rows::ParkKey;

/// The pause of a due timer whose row cannot be read. An operator may repair the row meanwhile.
const REST: Duration = Duration::from_secs(60);
/// The most timers that rest, and the most texts that are remembered.
const RESTING_MAX: usize = 4_096;

/// The subject of a due timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Order(OrderId),
    Drop(DropId),
    Parked(ParkKey),
    Letter(DeadLetterId),
}

impl Due {
    fn of(command: &Command) -> Option<Due> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other command is due by the clock")]
        match command {
            Command::FireTimer { order, .. } => Some(Due::Order(*order)),
            Command::Drop(DropCommand::Turn { drop, .. }) => Some(Due::Drop(*drop)),
            Command::FailedDelivery(FailedDelivery::Retry { key, .. } | FailedDelivery::RetryFailed { key, .. }) => {
                Some(Due::Parked(*key))
            }
            Command::FailedDelivery(
                FailedDelivery::Resend { letter, .. } | FailedDelivery::ResendFailed { letter, .. },
            ) => Some(Due::Letter(letter.id)),
            _ => None,
        }
    }
}

/// The unreadable rows that the engine has met.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// Timers that are due and whose rows cannot be read, and until when they rest.
    resting: BTreeMap<Due, Timestamp>,
    told: BTreeSet<String>,
    news: Vec<String>,
}

impl Unreadable {
    pub(super) const fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub(super) fn tell(&mut self, report: &mut Report) {
        report.unreadable.append(&mut self.news);
    }

    /// Operators are told of each row once.
    pub(super) fn note(&mut self, what: String) {
        if self.told.len() < RESTING_MAX && self.told.insert(what.clone()) {
            self.news.push(what);
        }
    }

    pub(super) fn rest(&mut self, command: &Command, now: Timestamp) {
        if let Some(due) = Due::of(command).filter(|_| self.resting.len() < RESTING_MAX) {
            self.resting.insert(due, now + REST);
        }
    }

    pub(super) fn wake(&mut self, now: Timestamp) {
        self.resting.retain(|_, until| *until > now);
    }

    pub(super) fn resting(&self) -> usize {
        self.resting.len()
    }

    pub(super) fn rests(&self, command: &Command) -> bool {
        Due::of(command).is_some_and(|due| self.resting.contains_key(&due))
    }
}
