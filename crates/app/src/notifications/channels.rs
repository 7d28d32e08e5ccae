//! The port to the channels that lead to users.

use std::sync::Arc;

use domain::notification::{Channel, Language};
use domain::time::Timestamp;

use crate::ports::BoxFuture;

/// A message for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The same on every attempt, so that a gateway can recognise a repetition.
    pub idempotency_key: String,
    pub channel: Channel,
    /// The phone number, push token or e-mail address.
    pub to: Arc<str>,
    /// The name of the text: the kind of notice.
    pub template: &'static str,
    pub language: Language,
    pub title: String,
    pub text: String,
    /// The values in the text: a JSON object, for gateways with templates of their own.
    pub data: String,
    /// When it happened.
    pub at: Timestamp,
}

/// Why a letter was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// This letter, or its address, is refused for good: a further attempt would be refused too.
    #[error("{0}")]
    Refused(String),
    /// A later attempt may succeed.
    #[error("{0}")]
    Failed(String),
}

/// Sends messages to users.
pub trait Channels: Send + Sync {
    /// Sends a letter over its channel. The call ends within the configured time-out.
    ///
    /// # Errors
    ///
    /// The reason, and whether it can pass.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Unsent>>;
}

/// The words of a letter, in the user's language.
pub trait Texts: Send + Sync {
    /// Returns title and text of a notice of this kind. `data` is a JSON object.
    fn words(&self, kind: crate::events::notices::NoticeKind, data: &str, language: Language) -> Words;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    pub text: String,
}
