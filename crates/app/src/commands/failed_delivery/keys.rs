//! The rows that parking, retries and resends read.

use super::awaited;
use crate::commands::order::keys::Known;
use crate::commands::{Attempt, FailedDelivery, Reaction};
use crate::state::rows::{InboxKey, Keys, ParkedEventKey};
use crate::state::settings::Settings;

impl FailedDelivery {
    pub(crate) fn declare(&self, settings: &Settings, keys: &mut Keys) {
        self.reactions().for_each(|reaction| reaction.declare(settings, keys));
        match self {
            FailedDelivery::Park { key, .. } => {
                keys.insert((*key).into());
            }
            FailedDelivery::GiveUp { .. } => {}
            FailedDelivery::Retry { key, parked, attempts } => {
                keys.insert((*key).into());
                keys.insert(ParkedEventKey { park: *key, number: parked.first }.into());
                for Attempt { message, .. } in attempts {
                    keys.insert(InboxKey { group: key.group, event: message.id }.into());
                }
            }
            FailedDelivery::RetryFailed { key, parked, .. } => {
                keys.insert((*key).into());
                keys.insert(ParkedEventKey { park: *key, number: parked.first }.into());
            }
            FailedDelivery::Resend { letter, .. } => {
                keys.insert(letter.id.into());
                keys.insert(InboxKey { group: letter.group, event: letter.message.id }.into());
            }
            FailedDelivery::ResendFailed { letter, .. } => {
                keys.insert(letter.id.into());
            }
            FailedDelivery::Edit { letter, .. } => {
                keys.insert((*letter).into());
            }
            FailedDelivery::Drop { letter, .. } => {
                keys.insert(letter.id.into());
                awaited::declare(letter, &settings.codec, keys);
            }
        }
    }

    pub(crate) fn declare_by_order(&self, known: Known<'_>, keys: &mut Keys) {
        self.reactions().for_each(|reaction| reaction.declare_by_order(known, keys));
    }

    fn reactions(&self) -> impl Iterator<Item = &Reaction> {
        let (attempts, resent) = match self {
            FailedDelivery::Retry { attempts, .. } => (attempts.as_slice(), None),
            FailedDelivery::Resend { reaction, .. } => (&[] as &[Attempt], reaction.as_ref()),
            FailedDelivery::Park { .. }
            | FailedDelivery::GiveUp { .. }
            | FailedDelivery::RetryFailed { .. }
            | FailedDelivery::ResendFailed { .. }
            | FailedDelivery::Edit { .. }
            | FailedDelivery::Drop { .. } => (&[] as &[Attempt], None),
        };
        attempts.iter().filter_map(|attempt| attempt.reaction.as_ref()).chain(resent)
    }
}
