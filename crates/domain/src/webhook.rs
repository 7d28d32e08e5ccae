//! Webhooks: endpoints of other systems, what they subscribe to, and the deliveries to them.

mod delivery;
mod endpoint;
mod schedule;

pub use delivery::{Attempt, Delivery, DeliveryKey, Next, Slot, State, Taken};
pub use endpoint::{Change, DisabledReason, Endpoint, Failing, OldSecret, Status, Term};
pub use schedule::{Profile, Schedule};
