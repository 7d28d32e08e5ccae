//! The waiting room of a drop: its tickets, their order, and their admission.
//!
//! A ticket is a number from 1 in the order of decision. Its place is the number itself; or, for those who came before a
//! drop that shuffles opened, what the seed draws. The queue has counts only: a position is computed from them and from the
//! ticket's number, and no ticket's row is touched when the queue moves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shuffle;
use crate::time::Timestamp;
use crate::word::words;

/// Tickets that were given up and leave a gap; a further one takes a turn of the admission.
const LEFT_MAX: usize = 1_000;
/// Moments of admission that are kept apart; a hold is longer by at most this share of it.
const STEPS_OF_A_HOLD: u32 = 60;
/// The latest steps, whose rate the estimate uses.
const MEASURED_STEPS: usize = 8;
/// The most time that an admission makes up for at once.
const CATCH_UP: Duration = Duration::from_secs(2);
/// Interval of the queue's moves.
const EVERY: Duration = Duration::from_secs(1);
const MICROS: i64 = 1_000_000;

words! {
    /// The order of those who come before the drop opens.
    pub enum Prequeue {
        Fifo = "fifo",
        Shuffle = "shuffle",
    }
}

/// The terms of a waiting room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingRoom {
    pub admit_per_second: i64,
    /// How long an admitted customer may order.
    pub hold_seconds: i64,
    pub prequeue: Prequeue,
}

impl WaitingRoom {
    const fn hold(self) -> Duration {
        Duration::from_secs(self.hold_seconds.unsigned_abs())
    }
}

words! {
    pub enum TicketStatus {
        Waiting = "WAITING",
        Admitted = "ADMITTED",
        Expired = "EXPIRED",
        SoldOut = "SOLD_OUT",
    }
}

/// Places that were admitted at nearly one moment: those after the step before, up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    upto: i64,
    began_at: Timestamp,
    ended_at: Timestamp,
}

/// The last admitted place at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    upto: i64,
    at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    pub room: WaitingRoom,
    /// Draws the places of those who came before. Secret until the drop opens.
    pub seed: [u8; 32],
    /// Tickets so far.
    pub joined: i64,
    /// Tickets whose places were drawn.
    pub drawn: i64,
    /// Places up to this one are admitted.
    pub admitted: i64,
    /// Of them, places up to this one may not order any more.
    expired: i64,
    steps: Vec<Step>,
    /// Places that were given up before their turn, sorted; the tickets' numbers until the places are drawn.
    left: Vec<i64>,
    /// When the queue moved last; `None` before the drop opens.
    moved_at: Option<Timestamp>,
    /// Millionths of a ticket that the admission owes.
    owed: i64,
    /// The share of the rate that the engine can take, in percent.
    pub share: i64,
    /// A moment since which the drop has sold and somebody has always waited. What was admitted before says nothing about
    /// the rate: it was as much as came, or as there was to sell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    busy_since: Option<Mark>,
    /// Since when an admin has kept the drop from selling: the time to order stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_at: Option<Timestamp>,
}

/// The state of a ticket at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: TicketStatus,
    /// From 1; 0 once it is admitted; `None` until it is drawn.
    pub position: Option<i64>,
    pub ahead: Option<i64>,
    /// The end of the time in which an admitted customer may order; `None` while that time stands still.
    pub until: Option<Timestamp>,
}

impl Queue {
    pub const fn new(room: WaitingRoom, seed: [u8; 32]) -> Queue {
        Queue {
            room,
            seed,
            joined: 0,
            drawn: 0,
            admitted: 0,
            expired: 0,
            steps: vec![],
            left: vec![],
            moved_at: None,
            owed: 0,
            share: 100,
            busy_since: None,
            stopped_at: None,
        }
    }

    /// Lets the holds stand still, or go on: then each is longer by the time in which it stood.
    pub(super) fn stop_holds(&mut self, is_stopped: bool, at: Timestamp) {
        match self.stopped_at {
            None if is_stopped => self.stopped_at = Some(at),
            Some(stopped) if !is_stopped => {
                let stood = at - stopped;
                for step in &mut self.steps {
                    (step.began_at, step.ended_at) = (step.began_at + stood, step.ended_at + stood);
                }
                (self.stopped_at, self.busy_since) = (None, None);
            }
            Some(_) | None => {}
        }
    }

    /// Returns the moment up to which the holds have run.
    fn held_until(&self, at: Timestamp) -> Timestamp {
        self.stopped_at.map_or(at, |stopped| stopped.min(at))
    }

    /// Admits at another rate from now on.
    pub(super) const fn set_rate(&mut self, admit_per_second: i64) {
        self.room.admit_per_second = admit_per_second;
        self.busy_since = None;
    }

    /// Returns the next ticket's number.
    pub(super) const fn join(&mut self) -> i64 {
        self.joined += 1;
        self.joined
    }

    /// Gives a ticket up.
    pub(super) fn leave(&mut self, number: i64) {
        // Before the places are drawn no one is admitted, and a number is at least 1.
        let place = self.place(number).unwrap_or(number);
        if place > self.admitted && self.left.len() < LEFT_MAX {
            let spot = self.left.partition_point(|left| *left < place);
            self.left.insert(spot, place);
        }
    }

    /// Returns the number of customers who wait.
    pub fn waiting(&self) -> i64 {
        self.joined - self.admitted - i64::try_from(self.left.len()).unwrap_or(0)
    }

    /// Returns true if the places of those who came before are drawn.
    pub const fn is_open(&self) -> bool {
        self.moved_at.is_some()
    }

    /// Returns true if a seed has drawn places.
    pub(super) fn is_drawn(&self) -> bool {
        self.is_open() && self.room.prequeue == Prequeue::Shuffle
    }

    /// Returns a ticket's place; `None` before it is drawn.
    pub fn place(&self, number: i64) -> Option<i64> {
        match self.room.prequeue {
            Prequeue::Shuffle if !self.is_open() => None,
            Prequeue::Shuffle if number <= self.drawn => Some(shuffle::place(&self.seed, number, self.drawn)),
            Prequeue::Shuffle | Prequeue::Fifo => Some(number),
        }
    }

    /// Begins to admit, and draws the places of those who came before.
    pub(super) fn open(&mut self, at: Timestamp) {
        if !self.is_open() {
            self.moved_at = Some(at);
            self.owed = self.room.admit_per_second.saturating_mul(MICROS);
            self.drawn = if self.room.prequeue == Prequeue::Shuffle { self.joined } else { 0 };
            let left = std::mem::take(&mut self.left);
            self.left = left.into_iter().map(|number| self.place(number).unwrap_or(number)).collect();
            self.left.sort_unstable();
        }
    }

    /// Returns when the queue moves next.
    pub(super) fn moves_at(&self) -> Option<Timestamp> {
        self.moved_at.filter(|_| self.joined > self.admitted).map(|moved| moved + EVERY)
    }

    /// Admits those whose turn it is: by the rate, at the share of it that the engine can take. A drop that sells nothing
    /// at the moment admits no one.
    pub(super) fn advance(&mut self, sells: bool, share: i64, at: Timestamp) {
        let Some(moved) = self.moved_at else { return };
        self.moved_at = Some(at.max(moved));
        self.share = share.clamp(1, 100);
        self.expire(at);
        if !sells {
            (self.owed, self.busy_since) = (0, None);
            return;
        }
        let (second, before) = (self.room.admit_per_second.saturating_mul(MICROS), self.admitted);
        self.owed = self.owed.saturating_add(self.earned((at - moved).min(CATCH_UP))).min(second.saturating_mul(2));
        while self.owed >= MICROS && self.admitted < self.joined {
            self.admitted += 1;
            if self.left.binary_search(&self.admitted).is_err() {
                self.owed -= MICROS;
            }
        }
        if self.admitted > before {
            self.note_step(at);
            let admitted = self.admitted;
            self.left.retain(|place| *place > admitted);
        }
        if self.admitted == self.joined {
            // An idle queue saves no more than a second.
            (self.owed, self.busy_since) = (self.owed.min(second), None);
        } else if self.busy_since.is_none() {
            self.busy_since = Some(Mark { upto: self.admitted, at });
        }
    }

    fn earned(&self, passed: Duration) -> i64 {
        let passed = i64::try_from(passed.as_micros()).unwrap_or(0);
        self.room.admit_per_second.saturating_mul(passed).saturating_mul(self.share) / 100
    }

    fn note_step(&mut self, at: Timestamp) {
        let (apart, upto) = (self.room.hold() / STEPS_OF_A_HOLD, self.admitted);
        match self.steps.last_mut() {
            Some(last) if at - last.began_at < apart => (last.upto, last.ended_at) = (upto, at),
            Some(_) | None => self.steps.push(Step { upto, began_at: at, ended_at: at }),
        }
    }

    fn expire(&mut self, at: Timestamp) {
        let (hold, at) = (self.room.hold(), self.held_until(at));
        let over = self.steps.iter().take_while(|step| step.ended_at + hold <= at).count();
        if let Some(last) = self.steps.drain(..over).next_back() {
            self.expired = last.upto;
        }
    }

    /// Returns where a ticket is.
    pub fn standing(&self, number: i64, at: Timestamp) -> Standing {
        let waiting = Standing { status: TicketStatus::Waiting, position: None, ahead: None, until: None };
        let Some(place) = self.place(number) else { return waiting };
        if place <= self.admitted {
            let step = self.steps.iter().find(|step| place <= step.upto).filter(|_| place > self.expired);
            let until = step.map(|step| step.ended_at + self.room.hold()).filter(|until| self.held_until(at) < *until);
            let status = if until.is_some() { TicketStatus::Admitted } else { TicketStatus::Expired };
            let until = until.filter(|_| self.stopped_at.is_none());
            return Standing { status, position: Some(0), ahead: Some(0), until };
        }
        let gaps = self.left.partition_point(|gone| *gone < place);
        let ahead = place - self.admitted - 1 - i64::try_from(gaps).unwrap_or(0);
        Standing { position: Some(ahead + 1), ahead: Some(ahead), ..waiting }
    }

    /// Returns the seconds until a ticket with so many ahead is admitted, by the measured rate.
    pub fn wait_seconds(&self, ahead: i64) -> i64 {
        let rate = self.rate_per_thousand_seconds().max(1);
        let thousandths = ahead.saturating_add(1).saturating_mul(1_000);
        thousandths.saturating_add(rate - 1) / rate
    }

    /// Returns the rate of the latest steps while somebody waited, or the one of the terms and the engine's share.
    fn rate_per_thousand_seconds(&self) -> i64 {
        let terms = self.room.admit_per_second.saturating_mul(self.share).saturating_mul(10);
        let latest = &self.steps[self.steps.len().saturating_sub(MEASURED_STEPS)..];
        let (Some(busy), Some(first), Some(last)) = (self.busy_since, latest.first(), latest.last()) else {
            return terms;
        };
        let oldest = Mark { upto: first.upto, at: first.ended_at };
        let from = if busy.at > oldest.at { busy } else { oldest };
        let micros = i64::try_from((last.ended_at - from.at).as_micros()).unwrap_or(i64::MAX);
        if micros < 5 * MICROS { terms } else { (last.upto - from.upto).saturating_mul(1_000 * MICROS) / micros }
    }
}

#[cfg(test)]
mod tests;
