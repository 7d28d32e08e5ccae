//! Payments: the port to a provider, and the runner that calls it outside every transaction.

pub mod currency;
pub mod provider;
pub mod runner;
