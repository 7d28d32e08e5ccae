//! The engine's ports to the outside. Each port is a small promise; every adapter of it passes one conformance suite.

pub mod alerts;
pub mod clock;
pub mod drops;
pub mod error;
pub mod events;
pub mod future;
pub mod gate;
pub mod log;
pub mod notifications;
pub mod notifier;
pub mod ranking;
pub mod store;
pub mod trail;
pub mod views;

pub use clock::{Calendar, Clock, FixedOffset};
pub use error::{CommitError, LoadError, StoreError};
pub use events::EventViews;
pub use future::BoxFuture;
pub use gate::{Advice, CampaignFacts, EarlyRefusal, Gate};
pub use log::{Delivery, EventLog, Fetched, Origin, OutboxSlot, Poison, StoredEvent};
pub use notifier::{Notification, Notifier, OnNotification, Wake};
pub use ranking::{Ranking, Window};
pub use store::{Commit, CommitId, DueTimer, Durability, Store};
pub use trail::{Slice, Trail, WantedSlice};
