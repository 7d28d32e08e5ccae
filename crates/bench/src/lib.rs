//! Load over HTTP: what is asked, how fast, how long the answers take, and whether they were right.
//!
//! It shares the machine with the server it measures, so it is written to take little of it: one thread, requests
//! copied from templates, answers read no further than needed.

pub mod connection;
pub mod customers;
pub mod latency;
pub mod load;
pub mod modes;
pub mod pace;
pub mod plan;
pub mod report;
pub mod request;
pub mod response;
pub mod rounds;
pub mod scenario;
pub mod shop;
pub mod usage;

/// Why a measurement came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the connection to the server failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the server's answer cannot be read: {0}")]
    Malformed(#[from] response::Malformed),
    #[error("{what} was answered with {status}: {body}")]
    Refused { what: String, status: u16, body: String },
    #[error("the server did not answer within {0:?}")]
    Silent(std::time::Duration),
    #[error("nothing could be measured: {0}")]
    Nothing(&'static str),
}
