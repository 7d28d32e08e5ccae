//! Commands for developers of receivers: they show a running shop's events, and make some happen.

pub(crate) mod listen;
mod tail;
pub(crate) mod trigger;
