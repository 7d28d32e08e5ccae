//! Failed jobs: an event is not lost, a job of its own records its failure.

use std::sync::Arc;

use crate::commands::{Attempt, Command, DropCommand, FailedDelivery};
use crate::log::reactions;
use crate::ports::{Delivery, DueTimer};
use crate::state::rows::{Message, ParkKey};
use domain::ids::Codec;

use crate::engine::job::{Carried, Job};

impl Job {
    /// Attaches the event, so that a failure can park it, and continues its trace.
    pub fn carrying(mut self, delivery: Delivery) -> Job {
        self.trace = delivery.trace;
        let Some(source) = self.source else { return self };
        let Ok(event) = &delivery.event else { return self };
        let park = ParkKey::new(source.offset.group, event.kind().topic(), &event.key());
        self.carried = Some(Box::new(Carried { delivery, park }));
        self
    }

    /// Returns true if its failure can be recorded.
    pub(super) const fn is_event(&self) -> bool {
        self.carried.is_some() || matches!(self.command, Command::FailedDelivery(_))
    }

    /// Returns the command that parks the event behind others of its key.
    pub(super) fn park(&self) -> Option<Command> {
        self.parking(None)
    }

    fn parking(&self, error: Option<Arc<str>>) -> Option<Command> {
        let carried = self.carried.as_ref()?;
        let message = Box::new(Message::of(&carried.delivery));
        Some(Command::FailedDelivery(FailedDelivery::Park { key: carried.park, message, error }))
    }

    /// Turns the job into the one that records its failure. `false`: the job has no event, and is unchanged.
    pub(super) fn fail(&mut self, error: &str, is_final: bool) -> bool {
        let Some(command) = self.failure(error.into(), is_final) else { return false };
        self.command = command;
        self.missed.clear();
        true
    }

    /// Turns a job that cannot even be parked, because its key's row cannot be read, into the one that gives it up.
    /// `false`: the job has no event, and is unchanged.
    pub(super) fn leave_out(&mut self, error: &str) -> bool {
        let Some(carried) = self.carried.take() else { return false };
        let Carried { delivery, park } = *carried;
        let (group, message, error) = (park.group, Box::new(Message::of(&delivery)), error.into());
        self.command = Command::FailedDelivery(FailedDelivery::GiveUp { group, message, error });
        self.missed.clear();
        true
    }

    fn failure(&self, error: Arc<str>, is_final: bool) -> Option<Command> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other command handles an event")]
        match &self.command {
            Command::React(_) if is_final => {
                let Carried { delivery, park } = &**self.carried.as_ref()?;
                let message = Box::new(Message::of(delivery));
                Some(Command::FailedDelivery(FailedDelivery::GiveUp { group: park.group, message, error }))
            }
            Command::React(_) => self.parking(Some(error)),
            Command::FailedDelivery(FailedDelivery::Retry { key, parked, attempts }) => {
                let (key, parked, tried) = (*key, parked.clone(), attempts.len());
                Some(Command::FailedDelivery(FailedDelivery::RetryFailed { key, parked, tried, error, is_final }))
            }
            Command::FailedDelivery(FailedDelivery::Resend { letter, reason, .. }) => {
                let (letter, reason) = (letter.clone(), reason.clone());
                Some(Command::FailedDelivery(FailedDelivery::ResendFailed { letter, error, reason, is_final }))
            }
            _ => None,
        }
    }
}

/// Returns the command of a due timer. `Err`: there is none, but the description of an unreadable row.
pub(super) fn command_of(timer: DueTimer, codec: &Codec, share: i64) -> Result<Command, String> {
    let reaction = |group, message: &Message| reactions::again(group, message, codec);
    Ok(match timer {
        DueTimer::Unreadable(what) => return Err(what),
        DueTimer::Order { order, due } => Command::FireTimer { order, due },
        DueTimer::Drop { drop } => Command::Drop(DropCommand::Turn { drop, share }),
        DueTimer::Parked { key, parked, messages } => {
            let attempt = |message| Attempt { reaction: reaction(key.group, &message), message };
            let attempts = messages.into_iter().map(attempt).collect();
            Command::FailedDelivery(FailedDelivery::Retry { key, parked, attempts })
        }
        DueTimer::DeadLetter(letter) => {
            let reaction = reaction(letter.group, &letter.message);
            Command::FailedDelivery(FailedDelivery::Resend { letter, reaction, reason: None })
        }
    })
}
