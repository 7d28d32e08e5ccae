//! Webhooks over HTTP: signatures, and a guard on the addresses that are dialled.

mod guard;
mod http_sender;
mod signature;

pub use http_sender::{HttpSender, Limits};
