//! Payment providers: [`Scripted`] inside the binary, which does as it is told, and [`Stripe`] over its public API.

mod scripted;
mod signature;
mod stripe;

pub use scripted::Scripted;
pub(crate) use scripted::ledger;
pub use signature::Secrets;
pub use stripe::{Account, Stripe};
