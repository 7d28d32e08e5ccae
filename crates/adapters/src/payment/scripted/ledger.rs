//! What the scripted provider writes down of what it did, by key, wherever its book is kept.

use std::sync::Arc;

use app::payments::provider::{Ask, Call, Operation, ProviderError, Told, Verdict};
use domain::money::Money;
use sha2::{Digest as _, Sha256};

/// A book that is turned to one page at a time, also where several processes write in it.
pub(crate) trait Ledger: Send + Sync {
    /// Looks a deed up, has it played, and writes down what came of it, before anybody else looks.
    fn turn<'a>(&'a self, ask: &'a Ask, play: Play) -> Call<'a, Played>;

    /// Notes what the provider was told to do.
    fn tell(&self, told: Option<Told>) -> Call<'_, ()>;

    fn told(&self) -> Call<'_, Option<Told>>;
}

/// What is done on a page.
pub(crate) type Play = fn(&Ask, &Page) -> Turn;

/// What the book says before a deed.
#[derive(Default)]
pub(crate) struct Page {
    /// The deed, if it was asked for before.
    pub(crate) entry: Option<Entry>,
    /// What was done with its payment.
    pub(crate) sums: Sums,
    pub(crate) told: Option<Told>,
}

/// What comes of a look at a page.
pub(crate) struct Turn {
    pub(crate) answer: Result<Played, ProviderError>,
    /// To be written, if there is anything new.
    pub(crate) entry: Option<Entry>,
    /// What the provider is told from now on.
    pub(crate) told: Option<Told>,
}

impl Turn {
    /// Nothing is written.
    pub(super) const fn plain(page: &Page, answer: Result<Played, ProviderError>) -> Turn {
        Turn { answer, entry: None, told: page.told }
    }
}

/// An answer with the callbacks that go with it; `None` is "still at it", or "never heard of it".
pub(crate) struct Played {
    pub(super) found: Option<Verdict>,
    pub(super) is_pending: bool,
    /// Callbacks before the answer, and after it.
    pub(super) before: usize,
    pub(super) after: usize,
    /// What is told later, against the answer.
    pub(super) takes_back: Option<Verdict>,
}

impl Played {
    pub(super) const fn plainly(verdict: Verdict) -> Played {
        Played { found: Some(verdict), is_pending: false, before: 0, after: 0, takes_back: None }
    }

    pub(super) const fn nothing(is_pending: bool) -> Played {
        Played { found: None, is_pending, before: 0, after: 0, takes_back: None }
    }
}

/// One deed, as it was done or declined.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) operation: Operation,
    pub(crate) reference: Arc<str>,
    pub(crate) amount: Money,
    pub(crate) declined: Option<Arc<str>>,
    /// It is only told after it was looked up so often.
    pub(crate) looks_left: u32,
}

impl Entry {
    pub(super) fn of(ask: &Ask, declined: Option<&str>) -> Entry {
        Entry {
            key: Arc::clone(&ask.key),
            operation: ask.operation,
            reference: ask.reference.clone().unwrap_or_else(|| reference(&ask.key)),
            amount: ask.amount,
            declined: declined.map(Arc::from),
            looks_left: 0,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let reference = Arc::clone(&self.reference);
        match &self.declined {
            None => Verdict::Approved { reference, amount: self.amount },
            Some(code) => Verdict::Declined { code: Arc::clone(code), reference: Some(reference) },
        }
    }

    /// What somebody hears who asks for the same again.
    pub(super) fn answer(&self) -> Result<Played, ProviderError> {
        if self.looks_left > 0 {
            return Err(ProviderError::Unknown("the scripted provider is still at it".to_owned()));
        }
        Ok(Played::plainly(self.verdict()))
    }
}

/// The same for the same key, on every machine.
fn reference(key: &str) -> Arc<str> {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Arc::from(format!("sp_{hex}"))
}

/// What was done with one payment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sums {
    authorized: i64,
    captured: i64,
    voided: i64,
    refunded: i64,
}

impl Sums {
    pub(crate) const fn add(&mut self, operation: Operation, amount: i64) {
        match operation {
            Operation::Authorize => self.authorized = amount,
            Operation::Capture => self.captured = amount,
            Operation::Void => self.voided = amount,
            Operation::Refund => self.refunded = amount,
        }
    }

    /// Why a provider in its right mind would not do it, by what it did before. A payment that is not in the book at all
    /// is believed: its lines may have been lost.
    pub(super) fn refusal(self, ask: &Ask) -> Option<&'static str> {
        if ask.reference.is_none() {
            return (ask.operation != Operation::Authorize).then_some("resource_missing");
        }
        let Sums { authorized, captured, voided, refunded } = self;
        let amount = ask.amount.amount();
        match ask.operation {
            _ if authorized == 0 => None,
            Operation::Authorize => Some("already_authorized"),
            Operation::Capture if voided > 0 => Some("canceled"),
            Operation::Capture if captured + amount > authorized => Some("amount_too_large"),
            Operation::Void if captured > 0 => Some("already_captured"),
            Operation::Refund if refunded + amount > captured => Some("charge_already_refunded"),
            Operation::Capture | Operation::Void | Operation::Refund => None,
        }
    }
}
