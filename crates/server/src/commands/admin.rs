//! Commands that operate a shop, running or stopped.

pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod client;
pub(crate) mod dlq;
pub(crate) mod export;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod replay;
pub(crate) mod running;
pub(crate) mod topics;
