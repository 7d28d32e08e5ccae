//! Checks of forged records: unreadable and contradicting ones become dead letters, and no event of the shop does.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::commands::{Command, FailedDelivery};
use app::log::reactions::Group;
use app::state::rows::{DeadLetter, DeadLetterStatus, OffsetKey, Partition};

use crate::bus::Bus;
use crate::disk::State;
use crate::process::CODEC;
use crate::verdict::{Verdict, ensure};

/// Checks that no event of the shop is rejected as a forgery, and that each group dead-letters a forged record at most once.
pub(crate) fn only_forgeries_are_given_up(state: &State, bus: &Bus) -> Verdict {
    let mut letters: BTreeMap<(Group, Partition, i64), &DeadLetter> = BTreeMap::new();
    for letter in state.letters.values() {
        let is_forged = bus.forged(&letter.message).is_some();
        let is_own = !letter.is_disbelieved() && letter.message.event().is_ok();
        ensure(is_own || is_forged, || format!("an event of the shop was rejected as a forgery: {letter:?}"))?;
        if is_forged {
            let partition = Partition { topic: Some(letter.message.topic), number: letter.message.partition };
            let twin = letters.insert((letter.group, partition, letter.message.offset), letter);
            ensure(twin.is_none(), || format!("a forged record was dead-lettered twice: {letter:?}"))?;
        }
    }
    Ok(())
}

/// Checks, at rest, that each group that reads the topic has dead-lettered every unreadable record.
pub(crate) fn the_unreadable_is_given_up(state: &State, bus: &Bus) -> Verdict {
    for (partition, offset, record) in bus.all_forged() {
        if !record.is_unreadable() {
            continue;
        }
        for group in Group::CARRIED.iter().copied().filter(|group| record.is_for(*group)) {
            let stands = state.offsets.get(&OffsetKey { group, partition }).copied().unwrap_or(0);
            ensure(stands > offset, || format!("{} is blocked by {record:?}", group.name()))?;
            let is_of = |letter: &&DeadLetter| {
                let message = &letter.message;
                letter.group == group
                    && (Some(message.topic), message.partition, message.offset)
                        == (partition.topic, partition.number, offset)
            };
            let letter = state.letters.values().find(is_of);
            ensure(letter.is_some(), || format!("{} has no dead letter of {record:?}", group.name()))?;
        }
    }
    Ok(())
}

/// An operator's commands for permanent letters: resends each one, and drops forged ones that fail again.
pub(crate) fn letter_commands(state: &State, bus: &Bus) -> Vec<Command> {
    let permanent = state.letters.values().filter(|letter| letter.status == DeadLetterStatus::Permanent);
    let command = |letter: &DeadLetter| {
        if letter.resends > 0 && bus.forged(&letter.message).is_some() {
            let reason = Arc::from("this shop never wrote it");
            return Command::FailedDelivery(FailedDelivery::Drop { letter: Box::new(letter.clone()), reason });
        }
        FailedDelivery::resend(letter, "the faults have ended", &CODEC)
    };
    permanent.map(command).collect()
}
