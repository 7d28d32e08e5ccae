//! Events that a group could not handle: parked until they are retried, or dead-lettered.

use std::sync::Arc;

use domain::ids::DeadLetterId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::event::{Event, EventKind};
use crate::events::topic::Topic;
use crate::events::trace::TraceParent;
use crate::events::wire_time;
use crate::log::group::Group;
use crate::state::rows::key::EventId;

/// The start of the error of an event that this shop never published.
pub const DISBELIEVED: &str = "the event contradicts the store";

/// A key whose first event could not be handled, with the later events of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedKey {
    pub key: Arc<str>,
    /// When the first event is retried.
    pub due: Timestamp,
    /// The waiting events have the numbers from `first` up to `next`, which the next one gets.
    pub first: i64,
    pub next: i64,
    /// The number of events that are retried together: fewer after a failure, more after a success.
    pub run: i64,
    /// The failures of the first one; `None` when it only waited behind another.
    pub trouble: Option<Trouble>,
}

/// Failed attempts at one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub attempts: i64,
    pub error: Arc<str>,
    pub first_failed: Timestamp,
    pub last_failed: Timestamp,
}

impl Trouble {
    /// Returns the trouble with one more failure.
    pub fn add(before: Option<Trouble>, error: &Arc<str>, at: Timestamp) -> Trouble {
        let (attempts, first_failed) = before.map_or((0, at), |before| (before.attempts, before.first_failed));
        Trouble { attempts: attempts + 1, error: Arc::clone(error), first_failed, last_failed: at }
    }
}

/// An event as it was delivered, with its origin: all that is needed to handle it without the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub topic: Topic,
    pub partition: i32,
    pub offset: i64,
    pub id: EventId,
    pub key: Arc<str>,
    /// The event's name, which may be unknown here.
    pub kind: Arc<str>,
    /// JSON, if it is one of our events.
    pub payload: Arc<str>,
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
}

impl Message {
    /// Returns the event, if this program can parse it; otherwise why not.
    pub fn event(&self) -> Result<Event, String> {
        let kind = EventKind::from_name(&self.kind).ok_or_else(|| format!("unknown event type {:?}", self.kind))?;
        Event::parse(kind, &self.payload).map_err(|error| error.to_string())
    }
}

/// The state of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterStatus {
    /// It is resent when it is due.
    Scheduled,
    /// It is not resent automatically: an operator must look at it.
    Permanent,
    /// A later attempt succeeded.
    Handled,
    /// An operator closed it without handling it.
    Dropped,
}

impl DeadLetterStatus {
    pub const ALL: [DeadLetterStatus; 4] = [
        DeadLetterStatus::Scheduled,
        DeadLetterStatus::Permanent,
        DeadLetterStatus::Handled,
        DeadLetterStatus::Dropped,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            DeadLetterStatus::Scheduled => "SCHEDULED",
            DeadLetterStatus::Permanent => "PERMANENT",
            DeadLetterStatus::Handled => "HANDLED",
            DeadLetterStatus::Dropped => "DROPPED",
        }
    }

    /// Returns true if the event still waits to be handled.
    pub const fn is_open(self) -> bool {
        matches!(self, DeadLetterStatus::Scheduled | DeadLetterStatus::Permanent)
    }
}

/// An event that one group has given up. Other groups handle it as usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: DeadLetterId,
    pub group: Group,
    pub message: Message,
    /// The number of failed attempts, and the last of them.
    pub trouble: Trouble,
    pub status: DeadLetterStatus,
    /// The number of resends, whatever their outcome (T22).
    pub resends: i64,
    /// When it is resent; only while it is scheduled.
    pub due: Option<Timestamp>,
    pub acts: Vec<DeadLetterAct>,
}

impl DeadLetter {
    /// Returns true if this shop never published the event.
    pub fn is_disbelieved(&self) -> bool {
        self.trouble.error.starts_with(DISBELIEVED)
    }

    /// Returns true if no resend of the letter can succeed, whatever its event says.
    pub fn is_hopeless(&self) -> bool {
        self.group.needs_proof() && (self.is_disbelieved() || self.message.id == EventId::NONE)
    }
}

/// An operator's act on a letter, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterAct {
    #[serde(with = "wire_time")]
    pub at: Timestamp,
    pub act: Act,
    pub reason: Arc<str>,
    /// The payload that an edit replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_before: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Act {
    Edited,
    Resent,
    Dropped,
}
