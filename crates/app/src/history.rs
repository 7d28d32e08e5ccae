//! The past of the shop, from its events alone: what happened, and the state of a thing after part of its events.
//!
//! Every history has one shape: a [`Fold`] names the events that it needs and takes them one by one, oldest first. It keeps
//! the state and nothing else, so the number of events does not matter.

pub mod campaign;
pub mod customer;
pub mod order;
pub mod past;
pub mod places;
pub mod product;
pub mod walk;

use domain::time::Timestamp;

use crate::events::event::Event;

/// A state that is rebuilt from events.
pub trait Fold {
    /// Takes the next event. Events without effect on the state are ignored.
    fn take(&mut self, event: &Event, at: Timestamp);
}
