//! A shop to try: filled from a seed, with a sale that a crowd comes to.
//!
//! Everything in it is asked for at the shop's own endpoints; nothing is written to the store by hand.

use axum::http::StatusCode;

mod board;
mod catalogue;
mod client;
mod crowd;
mod outcome;
mod sale;
mod seed;

pub use board::{Board, News};
pub use catalogue::Catalogue;
pub use client::ShopClient;
pub use outcome::Outcome;
pub use sale::{Sale, Size};
pub use seed::{Guest, PASSWORD, Sown, sow};

/// Why a shop could not be filled or a sale not be held.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} was answered with {status}: {body}")]
    Refused { what: String, status: StatusCode, body: String },
    #[error("{what} was answered with something that cannot be read")]
    Unreadable { what: String },
    #[error("the sale could not be held: {0}")]
    Load(#[from] bench::Error),
}
