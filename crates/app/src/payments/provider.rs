//! The port to a payment provider: an external machine, called outside of every transaction.
//!
//! Three results are kept apart, because each is treated differently: done for good ([`Verdict`]); surely not executed,
//! and may be retried ([`ProviderError::NotExecuted`]); and possibly executed, which is queried and never retried blindly
//! ([`ProviderError::Unknown`]).

mod script;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::ids::{Code, Codec};
use domain::money::Money;
use domain::payment::{Means, Method, Payment};
use domain::time::Timestamp;

pub use domain::payment::{Asked, Operation};
pub use script::{CustomerDecision, Script, ScriptSetting, ScriptedProvider};

/// The address of the pages on which customers decide about payments at a provider inside the binary, by the payment's number.
pub const ACTION_PAGES: &str = "/payments/scripted";

/// The result of a provider's call, which may be awaited on any thread.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A request to a provider. Repeats execute it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The idempotency key of the operation.
    pub key: Arc<str>,
    pub payment: Code,
    pub order: Code,
    pub method: Method,
    /// The customer's card or account. Without it the provider may not ask the customer for anything.
    pub means: Option<Arc<Means>>,
    pub amount: Money,
    /// The provider's own id of the payment, once it is known.
    pub reference: Option<Arc<str>>,
    pub operation: Operation,
}

impl Ask {
    /// Returns the payment's next request to its provider, if one is due.
    pub fn of(payment: &Payment, codec: &Codec) -> Option<(Asked, Ask)> {
        let asked = payment.asked()?;
        let order = codec.order(payment.order);
        let ask = Ask {
            key: asked.key(&order).into(),
            payment: codec.payment(payment.order),
            order,
            method: payment.method,
            means: payment.means.clone(),
            amount: payment.amount_of(asked.operation),
            reference: payment.reference.clone(),
            operation: asked.operation,
        };
        Some((asked, ask))
    }
}

/// The decision about an operation. It is final, unless the customer must act first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The amount is the provider's; it is compared before it is booked.
    Approved {
        reference: Arc<str>,
        amount: Money,
        /// The provider's identifier of the card or account, equal for all customers who pay with it. Only authorizations have
        /// one, and callbacks may omit it.
        fingerprint: Option<Arc<str>>,
    },
    /// The code is the provider's reason.
    Declined { code: Arc<str>, reference: Option<Arc<str>> },
    /// The customer must act at the provider: on its page, or in its script with the secret.
    ActionRequired { reference: Arc<str>, url: Option<Arc<str>>, client_secret: Option<Arc<str>> },
}

/// The provider's state of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Verdict(Verdict),
    /// The operation is under way.
    Pending,
    /// The provider does not know the operation: it may be executed.
    NotFound,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Surely not executed: it may be retried later.
    #[error("the provider did not execute the operation: {0}")]
    NotExecuted(String),
    /// The provider reports another amount or currency. It must be queried, and operators see an alarm.
    #[error("the provider reports another operation: {0}")]
    Mismatch(String),
    /// It may have been executed: it must be queried.
    #[error("the result at the provider is unknown: {0}")]
    Unknown(String),
}

/// A callback from the provider, with a verified signature. It may arrive twice, late, and before the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The provider's id of the callback; repeats have the same one.
    pub event_id: Arc<str>,
    pub order: Code,
    pub payment: Code,
    /// The idempotency key of the operation.
    pub key: Arc<str>,
    pub operation: Operation,
    pub verdict: Verdict,
    pub currency: Arc<str>,
}

/// Why a callback is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("the provider's signature is missing or wrong")]
    Forged,
    #[error("the signature's time is too far from now")]
    Stale,
    #[error("the signed body is malformed")]
    Unreadable,
}

/// A payment provider.
pub trait Provider: Send + Sync {
    /// Returns the name of the provider in addresses and in the store.
    fn name(&self) -> &'static str;

    /// Executes a request. Repeated with the same key, it returns the same verdict and executes nothing.
    ///
    /// # Errors
    ///
    /// When the request was not executed, possibly executed, or executed differently.
    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict>;

    /// Returns the state of a request, without executing anything.
    ///
    /// # Errors
    ///
    /// When the state could not be read.
    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found>;

    /// Returns the header with the signature of a callback.
    fn signature_header(&self) -> &'static str;

    /// Verifies a callback over its bytes and parses it; `None` when it is irrelevant here.
    ///
    /// # Errors
    ///
    /// When the signature is missing, wrong or expired, or the body is malformed.
    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError>;
}

/// A callback as the provider sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCallback {
    pub signature: String,
    pub body: Vec<u8>,
}

/// Delivers callbacks from a provider inside the binary to the shop.
pub trait CallbackSink: Send + Sync {
    /// Returns when the shop has handled it, or no shop is running.
    fn deliver(&self, signature: String, body: Vec<u8>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
