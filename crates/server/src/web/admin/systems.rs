//! Pages about the event log, webhooks, modes and participants, and filters in addresses.

pub(crate) mod events;
pub(crate) mod filters;
pub(crate) mod modes;
pub(crate) mod trail;
pub(crate) mod webhooks;
