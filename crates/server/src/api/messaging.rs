//! Messaging endpoints for operators: the event log, histories, consumer groups, topics, dead letters, participants' services.

pub(crate) mod alerts;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod history;
pub(crate) mod services;
pub(crate) mod topics;
pub(crate) mod webhooks;
