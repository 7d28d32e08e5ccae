//! Payment providers: [`Scripted`] inside the binary, which follows a script, and [`Stripe`] over its public API.

mod scripted;
mod signature;
mod stripe;

pub use scripted::Scripted;
pub(crate) use scripted::{FILE_LEDGER_SCHEMA, INSERT_DEED, ledger};
pub use signature::Secrets;
pub use stripe::{Account, Stripe};
