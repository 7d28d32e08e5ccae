//! The effect of a slice of events, which a trailing group writes together with its new offset.

use domain::ids::WebhookId;
use domain::notification::Notification;

use crate::log::group::Group;
use crate::state::rows::{Added, Cut, OffsetMove, Rows};
use crate::webhooks::fan_out::FanOut;

/// The effect of a slice of events, and the moves of the group past them. The engine commits both together, and only from the
/// offsets at which the slice began: so no slice is applied twice, whichever process digested it.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    pub group: Group,
    pub moves: Vec<OffsetMove>,
    /// `None`: the events change nothing in the store, or their effect is outside of it.
    pub effect: Option<Effect>,
}

impl Follow {
    /// Returns the webhook endpoints that get deliveries.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = WebhookId> {
        let wanted = self.effect.iter().flat_map(|effect| match effect {
            Effect::Webhooks(wanted) => wanted.endpoints.iter(),
            Effect::Figures { .. } | Effect::Notifications(_) => [].iter(),
        });
        wanted.copied()
    }
}

/// The aggregated changes of a slice of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Figures of the statistics, and old ones that are deleted.
    Figures { added: Vec<Added>, cuts: Vec<Cut> },
    /// Deliveries of webhooks, which the engine numbers by their endpoints.
    Webhooks(FanOut),
    /// New notifications. Each event is scheduled once, in the commit that moves the group past it.
    Notifications(Vec<Notification>),
}

impl Effect {
    /// Adds the effect to a batch.
    pub(crate) fn write(&self, rows: &mut Rows) {
        match self {
            Effect::Webhooks(_) => {}
            Effect::Notifications(scheduled) => {
                for notification in scheduled {
                    rows.notifications.known_absent(notification.key);
                    rows.notifications.put(notification.key, notification.clone());
                }
            }
            Effect::Figures { added, cuts } => {
                rows.figures.extend(added.iter().cloned());
                rows.cuts.extend(cuts);
            }
        }
    }
}
