//! A load generator over HTTP: it measures throughput and latency, and checks every response.
//!
//! It shares the machine with the server, so it uses little of it: one thread, requests copied from templates, responses
//! parsed no further than needed.

pub mod connection;
mod counters;
pub mod customers;
pub mod latency;
pub mod load;
pub mod modes;
pub mod pace;
pub mod plan;
pub mod report;
pub mod request;
pub mod response;
pub mod room;
pub mod rounds;
pub mod scale;
pub mod scenario;
pub mod shop;
pub mod usage;
mod viewers;

/// The reasons why a measurement fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the connection to the server failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the server's response cannot be read: {0}")]
    Malformed(#[from] response::Malformed),
    #[error("{what}: status {status}: {body}")]
    Refused { what: String, status: u16, body: String },
    #[error("the server did not respond within {0:?}; lower the load or raise its limits")]
    Silent(std::time::Duration),
    #[error("nothing could be measured: {0}")]
    Nothing(&'static str),
}
