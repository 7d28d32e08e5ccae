//! What the engine is asked to decide, and who is told.

use domain::time::Timestamp;

use super::failed::Carried;
use crate::commands::answer::{Refusal, Reply};
use crate::commands::{Command, Idempotency, Source};
use crate::events::trace::TraceParent;
use crate::state::rows::{Key, OffsetKey};

/// Told once, when the job's outcome is durable or known not to be.
pub type Responder = Box<dyn FnOnce(Reply) + Send>;

/// A command on its way through the engine.
pub struct Job {
    pub command: Command,
    pub idempotency: Option<Idempotency>,
    /// For an event from the log: what moves with it.
    pub source: Option<Source>,
    /// After this moment nobody waits for the answer any more, and the command is not decided.
    pub deadline: Option<Timestamp>,
    /// The trace that it belongs to, and with it every event that it causes.
    pub trace: Option<TraceParent>,
    pub(super) responder: Responder,
    /// Whether it is an event that the log did not bring, and the store did.
    pub(super) is_healing: bool,
    /// What the log brought.
    pub(super) carried: Option<Box<Carried>>,
    /// Rows that an earlier attempt missed.
    pub(super) missed: Vec<Key>,
}

impl Job {
    pub fn new(command: Command, responder: Responder) -> Job {
        Job {
            command,
            idempotency: None,
            source: None,
            deadline: None,
            trace: None,
            responder,
            is_healing: false,
            carried: None,
            missed: vec![],
        }
    }

    pub fn idempotent(mut self, idempotency: Option<Idempotency>) -> Job {
        self.idempotency = idempotency;
        self
    }

    pub fn before(mut self, deadline: Timestamp) -> Job {
        self.deadline = Some(deadline);
        self
    }

    pub fn from_log(mut self, source: Source) -> Job {
        self.source = Some(source);
        self
    }

    pub fn traced(mut self, trace: Option<TraceParent>) -> Job {
        self.trace = trace;
        self
    }

    /// Says that the log lost the event.
    pub fn healing(mut self) -> Job {
        self.is_healing = true;
        self
    }

    /// Whether its commit moves the group there.
    pub(super) fn moves(&self, key: OffsetKey) -> bool {
        let by_hand = if let Command::MoveGroup { moves } = &self.command { moves.as_slice() } else { &[] };
        self.source.is_some_and(|source| source.offset == key) || by_hand.iter().any(|moved| moved.key == key)
    }

    /// Answers without deciding.
    pub fn refuse(self, refusal: Refusal) {
        (self.responder)(Reply::refused(refusal));
    }
}
