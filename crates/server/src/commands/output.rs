//! Output of commands: tables, progress, failures.

pub(crate) mod failure;
pub(crate) mod progress;
pub(crate) mod refusal;
pub(crate) mod table;
pub(crate) mod terminal;
