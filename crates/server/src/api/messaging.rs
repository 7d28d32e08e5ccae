//! Messaging endpoints for operators: consumer groups, dead letters, participants' services.

pub(crate) mod dead_letters;
pub(crate) mod groups;
pub(crate) mod services;
