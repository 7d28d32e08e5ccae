//! The trailing groups that send alerts to the outside: each alert once to each receiver, whatever becomes of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::time::Timestamp;

use super::{Effect, Follower, NotFollowed};
use crate::events::event::{Event, EventKind};
use crate::log::group::Group;
use crate::ports::{BoxFuture, Clock, Delivery};
use crate::state::rows::EventId;

const KINDS: &[EventKind] = &[EventKind::AlertRaised, EventKind::AlertCleared];
/// Older alerts are not sent: they were raised before a receiver was set, or while it was away for long.
const NEWS_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Alerts in one slice. A full one may have others behind it.
const SLICE_MAX: usize = 500;

/// A raised or cleared alert.
#[derive(Clone, Copy, Debug)]
pub struct AlertNews<'a> {
    pub id: EventId,
    pub event: &'a Event,
    pub at: Timestamp,
    pub now: Timestamp,
}

/// Why a receiver was not told of an alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// The receiver refuses it for good.
    #[error("{0}")]
    Refused(String),
    /// A later attempt may succeed.
    #[error("{0}")]
    Failed(String),
}

/// A way to send alerts to the outside.
pub trait AlertChannel: Send + Sync {
    fn group(&self) -> Group;

    /// Returns the number of receivers; each gets every alert.
    fn receivers(&self) -> usize;

    /// Returns the name of a receiver, for operators.
    fn name(&self, receiver: usize) -> String;

    /// Sends an alert to a receiver.
    ///
    /// # Errors
    ///
    /// [`NotTold`]: unless it is refused for good, the alert is sent to this receiver again.
    fn send<'a>(&'a self, alert: AlertNews<'a>, receiver: usize) -> BoxFuture<'a, Result<(), NotTold>>;
}

/// An alert that a receiver does not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    pub group: Group,
    /// The id of the event.
    pub alert: EventId,
    pub receiver: String,
    pub reason: String,
}

/// Called with each alert that is given up.
pub type OnGivenUp = Box<dyn Fn(GivenUp) + Send>;

/// Sends every alert through a channel. An alert may be sent twice, under the same id: what was already sent of a slice
/// that failed for one receiver is in memory only, so a restart sends it to all of them again.
pub struct AlertFollower<C> {
    channel: C,
    clock: Arc<dyn Clock>,
    on_given_up: OnGivenUp,
    /// The alerts of a slice that comes again that need no further attempt, by receiver: sent, or given up.
    done: BTreeSet<(EventId, usize)>,
    /// Those that were tried in vain, and the reason of the last time.
    owed: BTreeMap<(EventId, usize), String>,
}

impl<C: AlertChannel> AlertFollower<C> {
    pub fn new(channel: C, clock: Arc<dyn Clock>, on_given_up: OnGivenUp) -> AlertFollower<C> {
        AlertFollower { channel, clock, on_given_up, done: BTreeSet::new(), owed: BTreeMap::new() }
    }

    /// Sends an alert to every receiver that has not failed in this pass: one that has gets no later alert before it.
    async fn send(&mut self, delivery: &Delivery, failed: &mut BTreeMap<usize, String>) {
        let Ok(event) = &delivery.event else { return };
        let alert = AlertNews { id: delivery.id, event, at: delivery.at, now: self.clock.now() };
        let is_old = alert.now - alert.at > NEWS_FOR;
        for receiver in 0..self.channel.receivers() {
            let key = (alert.id, receiver);
            if self.done.contains(&key) || failed.contains_key(&receiver) {
                continue;
            }
            if is_old {
                self.give_up(key.0, receiver, None);
                continue;
            }
            match self.channel.send(alert, receiver).await {
                Ok(()) => {
                    self.owed.remove(&key);
                    self.done.insert(key);
                }
                Err(NotTold::Refused(reason)) => self.give_up(key.0, receiver, Some(reason)),
                Err(NotTold::Failed(reason)) => {
                    self.owed.insert(key, reason.clone());
                    failed.insert(receiver, reason);
                }
            }
        }
    }

    /// Makes no further attempt. Without a reason, this is no news if there was none before.
    fn give_up(&mut self, alert: EventId, receiver: usize, reason: Option<String>) {
        let key = (alert, receiver);
        let before = self.owed.remove(&key);
        if let Some(reason) = reason.or(before) {
            let receiver = self.channel.name(receiver);
            (self.on_given_up)(GivenUp { group: self.channel.group(), alert, receiver, reason });
        }
        self.done.insert(key);
    }

    async fn send_all(&mut self, slice: &[Delivery]) -> Result<(), NotFollowed> {
        let mut failed = BTreeMap::new();
        for delivery in slice {
            self.send(delivery, &mut failed).await;
        }
        // Later alerts wait behind a full slice, also for the receivers that are well.
        if slice.len() >= SLICE_MAX && failed.len() < self.channel.receivers() {
            for (receiver, reason) in std::mem::take(&mut failed) {
                for key in slice.iter().map(|delivery| (delivery.id, receiver)) {
                    if !self.done.contains(&key) {
                        self.give_up(key.0, receiver, Some(reason.clone()));
                    }
                }
            }
        }
        if !failed.is_empty() {
            let reasons = failed.iter().map(|(receiver, reason)| format!("{}: {reason}", self.channel.name(*receiver)));
            return Err(NotFollowed::Outside(reasons.collect::<Vec<_>>().join("; ")));
        }
        self.done.clear();
        self.owed.clear();
        Ok(())
    }
}

impl<C: AlertChannel> Follower for AlertFollower<C> {
    fn group(&self) -> Group {
        self.channel.group()
    }

    fn kinds(&self) -> &[EventKind] {
        KINDS
    }

    fn slice_max(&self) -> usize {
        SLICE_MAX
    }

    fn leaves_the_process(&self) -> bool {
        true
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move { self.send_all(slice).await.map(|()| None) })
    }
}

#[cfg(test)]
mod tests;
