//! A job of the engine: a command, and the recipient of its reply.

use domain::time::Timestamp;

use crate::commands::answer::{Refusal, Reply};
use crate::commands::{Command, Idempotency, Source};
use crate::events::trace::TraceParent;
use crate::ports::log::Delivery;
use crate::state::rows::{Deed, Key, OffsetKey, OffsetMove, ParkKey};

/// Called once, when the job's outcome is durable or known not to be.
pub type Responder = Box<dyn FnOnce(Reply) + Send>;

/// A delivered event, kept until its effect is committed.
pub(super) struct Carried {
    pub(super) delivery: Delivery,
    /// The key behind which it is parked.
    pub(super) park: ParkKey,
}

/// A command on its way through the engine.
pub struct Job {
    pub command: Command,
    pub idempotency: Option<Idempotency>,
    /// For an event from the log: the offset that moves with it.
    pub source: Option<Source>,
    /// The command is not decided after this moment, because its sender has timed out.
    pub deadline: Option<Timestamp>,
    /// The trace of the command and of every event that it causes.
    pub trace: Option<TraceParent>,
    /// The admin's act that the command carries out; written to the trail in the same commit.
    pub deed: Option<Box<Deed>>,
    pub(super) responder: Responder,
    /// True if the event was delivered by the store and not by the log.
    pub(super) is_healing: bool,
    /// The delivered event.
    pub(super) carried: Option<Box<Carried>>,
    /// Rows that earlier attempts missed.
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
            deed: None,
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

    pub fn recorded(mut self, deed: Option<Box<Deed>>) -> Job {
        self.deed = deed;
        self
    }

    /// Marks the event as lost by the log and delivered by the store.
    pub fn healing(mut self) -> Job {
        self.is_healing = true;
        self
    }

    /// Returns true if its commit moves the offset of this group and partition.
    pub(super) fn moves(&self, key: OffsetKey) -> bool {
        self.source.is_some_and(|source| source.offset == key)
            || self.moves_apart().iter().any(|moved| moved.key == key)
    }

    /// Returns the offsets that the command itself moves.
    fn moves_apart(&self) -> &[OffsetMove] {
        #[expect(clippy::wildcard_enum_match_arm, reason = "other commands move the offset of their event, if any")]
        match &self.command {
            Command::MoveGroup { moves, .. } => moves,
            Command::Follow(follow) => &follow.moves,
            _ => &[],
        }
    }

    /// Returns true if losing an offset would fail it alone.
    pub(super) fn follows(&self) -> bool {
        matches!(self.command, Command::Follow(_))
    }

    /// Replies without deciding.
    pub fn refuse(self, refusal: Refusal) {
        (self.responder)(Reply::refused(refusal));
    }
}
