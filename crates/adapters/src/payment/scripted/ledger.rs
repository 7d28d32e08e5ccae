//! The scripted provider's record of executed operations, by key, in any kind of store.

use std::sync::Arc;

use app::payments::provider::{ACTION_PAGES, Ask, Call, Operation, ProviderError, ScriptSetting, Verdict};
use domain::money::Money;
use sha2::{Digest as _, Sha256};

/// A ledger that handles one operation at a time, also when several processes share it.
pub(crate) trait Ledger: Send + Sync {
    /// Reads an operation's page, plays the script on it, and writes the result, without another call in between.
    fn turn<'a>(&'a self, ask: &'a Ask, play: Play) -> Call<'a, Played>;

    /// Sets the script.
    fn set(&self, setting: Option<ScriptSetting>) -> Call<'_, ()>;

    fn setting(&self) -> Call<'_, Option<ScriptSetting>>;
}

/// Plays a script on a page.
pub(crate) type Play = fn(&Ask, &Page) -> Turn;

/// The content of the ledger before an operation.
#[derive(Default)]
pub(crate) struct Page {
    /// The operation, if it was requested before.
    pub(crate) entry: Option<Entry>,
    /// The sums of its payment.
    pub(crate) sums: Sums,
    pub(crate) setting: Option<ScriptSetting>,
}

/// The result of a play.
pub(crate) struct Turn {
    pub(crate) answer: Result<Played, ProviderError>,
    /// The row to write, if there is anything new.
    pub(crate) entry: Option<Entry>,
    /// The script from now on.
    pub(crate) setting: Option<ScriptSetting>,
}

impl Turn {
    /// Writes nothing and keeps the script.
    pub(super) const fn plain(page: &Page, answer: Result<Played, ProviderError>) -> Turn {
        Turn { answer, entry: None, setting: page.setting }
    }
}

/// An answer with its callbacks. Without a verdict the operation is pending or unknown.
pub(crate) struct Played {
    pub(super) found: Option<Verdict>,
    pub(super) is_pending: bool,
    /// Number of callbacks before the answer, and after it.
    pub(super) before: usize,
    pub(super) after: usize,
    /// The verdict of a later callback that reverses the answer.
    pub(super) takes_back: Option<Verdict>,
}

impl Played {
    pub(super) const fn verdict_only(verdict: Verdict) -> Played {
        Played { found: Some(verdict), is_pending: false, before: 0, after: 0, takes_back: None }
    }

    pub(super) const fn nothing(is_pending: bool) -> Played {
        Played { found: None, is_pending, before: 0, after: 0, takes_back: None }
    }
}

/// Stands for the refusal of an operation that waits for its customer.
pub(super) const WAITS: &str = "action_required";

/// One operation, executed or declined.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) operation: Operation,
    pub(crate) reference: Arc<str>,
    pub(crate) amount: Money,
    /// Why it was declined, or [`WAITS`] until its customer decides.
    pub(crate) declined: Option<Arc<str>>,
    /// Number of queries that still answer "pending".
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

    pub(super) fn waits_for_customer(&self) -> bool {
        self.declined.as_deref() == Some(WAITS)
    }

    pub(super) fn verdict(&self, ask: &Ask) -> Verdict {
        let reference = Arc::clone(&self.reference);
        match &self.declined {
            Some(_) if self.waits_for_customer() => {
                // Only the customer knows the reference, so only they can decide.
                let url = format!("{ACTION_PAGES}/{}?reference={reference}", ask.payment);
                Verdict::ActionRequired { reference, url: Some(url.into()), client_secret: None }
            }
            None => Verdict::Approved { reference, amount: self.amount, fingerprint: fingerprint(ask) },
            Some(code) => Verdict::Declined { code: Arc::clone(code), reference: Some(reference) },
        }
    }

    /// The answer to a repeated request.
    pub(super) fn answer(&self, ask: &Ask) -> Result<Played, ProviderError> {
        if self.looks_left > 0 {
            return Err(ProviderError::Unknown("the operation is still pending at the scripted provider".to_owned()));
        }
        Ok(Played::verdict_only(self.verdict(ask)))
    }
}

/// A token is a card. Payments without one use the shop's own card or account of their method.
fn fingerprint(ask: &Ask) -> Option<Arc<str>> {
    let token = ask.means.as_ref().and_then(|means| means.token.clone());
    (ask.operation == Operation::Authorize).then(|| token.unwrap_or_else(|| ask.method.name().into()))
}

/// The same for the same key, on every machine.
fn reference(key: &str) -> Arc<str> {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Arc::from(format!("sp_{hex}"))
}

/// The amounts executed for one payment.
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

    pub(super) const fn is_voided(self) -> bool {
        self.voided > 0
    }

    /// Returns why a real provider would decline, by the operations before. A payment that is missing in the ledger is
    /// accepted: its rows may have been lost.
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
