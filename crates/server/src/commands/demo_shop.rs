//! A demo shop: filled from a seed, with a sale that a simulated crowd attends.
//!
//! Everything goes through the shop's own endpoints; nothing is written to the store directly.

use axum::http::StatusCode;

mod board;
mod catalogue;
mod client;
mod crowd;
mod outcome;
mod regulars;
mod sale;
mod seed;

pub use board::{Board, News};
pub use catalogue::Catalogue;
pub use client::ShopClient;
pub use outcome::Outcome;
pub use regulars::Regulars;
pub use sale::{Sale, Size};
pub use seed::{Guest, PASSWORD, Sown, sow};

/// Returns true if demo shops sell a product of this name.
pub fn sells(name: &str) -> bool {
    Catalogue::of(0).products.iter().any(|product| product.name == name)
}

/// The shop could not be filled, or the sale could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} was answered with {status}: {body}")]
    Refused { what: String, status: StatusCode, body: String },
    #[error("{what} was answered with a document that cannot be parsed")]
    Unreadable { what: String },
    #[error("the sale could not be run: {0}")]
    Load(#[from] bench::Error),
}
