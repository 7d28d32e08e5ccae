//! The port to a receiver: one signed request over HTTP.

use std::sync::Arc;
use std::time::Duration;

use domain::time::Timestamp;

use crate::events::trace::TraceParent;
use crate::ports::BoxFuture;

/// A signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRequest {
    pub url: Arc<str>,
    /// The event's id, the same on every attempt.
    pub id: String,
    /// The moment of the attempt.
    pub at: Timestamp,
    /// The secrets to sign with, the newest first.
    pub secrets: Vec<Arc<str>>,
    pub body: Arc<str>,
    /// The trace of the event.
    pub trace: Option<TraceParent>,
}

/// The answer of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Its first bytes, as text.
    pub body: String,
    /// The pause that the receiver asks for.
    pub retry_after: Option<Duration>,
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why an address is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitUrl {
    #[error("the address is no URL with http or https")]
    Malformed,
    #[error("the address must begin with https://")]
    NotHttps,
    #[error("the address contains a user name or password")]
    Credentials,
    #[error("the address contains a fragment")]
    Fragment,
    #[error("the address is not public")]
    Private,
}

/// Sends webhooks.
pub trait Sender: Send + Sync {
    /// Checks an address without a request.
    ///
    /// # Errors
    ///
    /// The reason why nothing may be sent there.
    fn check(&self, url: &str) -> Result<(), UnfitUrl>;

    /// Sends a request. The call ends within the configured time-out, follows no redirect, and dials only addresses that
    /// are allowed.
    ///
    /// # Errors
    ///
    /// The reason, if there was no answer.
    fn send<'a>(&'a self, request: &'a WebhookRequest) -> BoxFuture<'a, Result<Response, String>>;
}
