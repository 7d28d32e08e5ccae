//! The port to a payment provider: somebody else's machine, asked outside every transaction.
//!
//! Three answers are kept apart, because each is treated in its own way: what was done for good ([`Verdict`]), what surely
//! was not done and may be asked again ([`ProviderError::NotDone`]), and what may have been done and is looked up, never
//! asked blindly ([`ProviderError::Unknown`]).

mod script;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::ids::{Code, Codec};
use domain::money::Money;
use domain::payment::{Method, Payment};
use domain::time::Timestamp;

pub use domain::payment::{Asked, Operation};
pub use script::{Directed, Script, Told};

/// The currency of every amount of the shop, as providers write it.
pub const CURRENCY: &str = "krw";

/// The answer of a provider, which may be waited for on any thread.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// Something that a provider is asked to do, once, however often it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Names the deed for good: the same key is the same deed, whoever asks and however often.
    pub key: Arc<str>,
    pub payment: Code,
    pub order: Code,
    pub method: Method,
    pub amount: Money,
    /// The provider's own name of the payment, once it has told it.
    pub reference: Option<Arc<str>>,
    pub operation: Operation,
}

impl Ask {
    /// What the provider of this payment is to be asked next, if there is anything.
    pub fn of(payment: &Payment, codec: &Codec) -> Option<(Asked, Ask)> {
        let asked = payment.asked()?;
        let order = codec.order(payment.order);
        let ask = Ask {
            key: asked.key(&order).into(),
            payment: codec.payment(payment.order),
            order,
            method: payment.method,
            amount: payment.amount_of(asked.operation),
            reference: payment.reference.clone(),
            operation: asked.operation,
        };
        Some((asked, ask))
    }
}

/// What a provider did, for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The amount is the provider's word; it is compared before it is booked.
    Approved { reference: Arc<str>, amount: Money },
    /// The code is the provider's word for why.
    Declined { code: Arc<str>, reference: Option<Arc<str>> },
}

/// What a provider knows of a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Verdict(Verdict),
    /// It is still at it.
    Pending,
    /// It never heard of it: it may be asked.
    Never,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Surely nothing happened: it may be asked again later.
    #[error("the provider did nothing: {0}")]
    NotDone(String),
    /// It says that it did something else: another amount, another currency. It must be looked up, and somebody be told.
    #[error("the provider did something else: {0}")]
    Mismatch(String),
    /// It may have happened: it must be looked up.
    #[error("nobody knows what the provider did: {0}")]
    Unknown(String),
}

/// Something that the provider tells by itself, its signature verified. It may come twice, late, and before the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The provider's name of the telling: the same one is the same telling.
    pub event_id: Arc<str>,
    pub order: Code,
    pub payment: Code,
    /// The key that the deed was asked for with.
    pub key: Arc<str>,
    pub operation: Operation,
    pub verdict: Verdict,
    pub currency: Arc<str>,
}

/// Why a callback is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("it is not signed by the provider")]
    Forged,
    #[error("its signature is from another time")]
    Stale,
    #[error("it is signed and makes no sense")]
    Unreadable,
}

/// Somebody who moves money.
pub trait Provider: Send + Sync {
    /// As it is called in addresses and in the store.
    fn name(&self) -> &'static str;

    /// Has something done. Asked again with the same key, it answers the same and does nothing.
    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict>;

    /// What became of something that was asked for. Changes nothing.
    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found>;

    /// The header that carries the signature of a callback.
    fn signature_header(&self) -> &'static str;

    /// Reads a callback after verifying it over the bytes that were sent; `None` when it is of no interest here.
    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError>;
}

/// The way of a callback from a provider inside the binary to the shop.
pub trait CallbackSink: Send + Sync {
    /// Returns when the shop has taken it in, or there is nobody who would.
    fn deliver(&self, signature: String, body: Vec<u8>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
