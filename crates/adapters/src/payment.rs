//! Payment providers: [`Scripted`] inside the binary, which does as it is told, and [`Stripe`] over its public API.

mod scripted;
mod signature;
mod stripe;

pub use scripted::{Post, Posted, Script, Scripted, Told};
pub use signature::Secrets;
pub use stripe::{Account, Stripe};
