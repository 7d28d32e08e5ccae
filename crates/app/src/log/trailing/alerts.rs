//! The trailing groups that send alerts to the outside: each alert once to each receiver, until a receiver fails.

use std::collections::BTreeSet;
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

/// A raised or cleared alert.
#[derive(Clone, Copy, Debug)]
pub struct AlertNews<'a> {
    pub id: EventId,
    pub event: &'a Event,
    pub at: Timestamp,
    pub now: Timestamp,
}

/// A way to send alerts to the outside.
///
/// # Errors
///
/// [`NotFollowed`] when the receiver is unreachable or refuses; the alert is sent to it again.
pub trait AlertChannel: Send + Sync {
    fn group(&self) -> Group;

    /// Returns the number of receivers; each gets every alert.
    fn receivers(&self) -> usize;

    fn send<'a>(&'a self, alert: AlertNews<'a>, receiver: usize) -> BoxFuture<'a, Result<(), NotFollowed>>;
}

/// Sends every alert through a channel. An alert may be sent twice, under the same id.
pub struct AlertFollower<C> {
    channel: C,
    clock: Arc<dyn Clock>,
    /// The alerts already sent, by receiver, of a slice that failed: its events come again.
    sent: BTreeSet<(EventId, usize)>,
}

impl<C: AlertChannel> AlertFollower<C> {
    pub fn new(channel: C, clock: Arc<dyn Clock>) -> AlertFollower<C> {
        AlertFollower { channel, clock, sent: BTreeSet::new() }
    }

    async fn send(&mut self, delivery: &Delivery) -> Result<(), NotFollowed> {
        let Ok(event) = &delivery.event else { return Ok(()) };
        let alert = AlertNews { id: delivery.id, event, at: delivery.at, now: self.clock.now() };
        if alert.now - alert.at > NEWS_FOR {
            return Ok(());
        }
        for receiver in 0..self.channel.receivers() {
            if !self.sent.contains(&(alert.id, receiver)) {
                self.channel.send(alert, receiver).await?;
                self.sent.insert((alert.id, receiver));
            }
        }
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

    fn leaves_the_process(&self) -> bool {
        true
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move {
            for delivery in slice {
                self.send(delivery).await?;
            }
            self.sent.clear();
            Ok(None)
        })
    }
}
