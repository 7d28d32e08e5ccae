//! Sinks of the analytics: files of newline-delimited JSON, and an HTTP endpoint.

mod file;
mod http;

pub use file::FileSink;
pub use http::HttpSink;
