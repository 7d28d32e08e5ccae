//! What the API answers, as far as it is of interest here, and what it means for a deed.

use std::sync::Arc;

use app::payments::provider::{CURRENCY, Operation, ProviderError, Verdict};
use domain::money::Money;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How a deed stands at the provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Done(Verdict),
    Pending,
    /// It was not done, and may be.
    Undone,
}

#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) metadata: Marks,
    last_payment_error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    status: Option<String>,
    amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) metadata: Marks,
    failure_reason: Option<String>,
    payment_intent: Option<String>,
}

/// Our own words on an object of theirs.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Marks {
    pub(super) key: Option<String>,
    pub(super) order: Option<String>,
    pub(super) payment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    pub(super) error: Failure,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    payment_intent: Option<Box<Intent>>,
}

/// Reads an answer that was given: one that cannot be read leaves open what was done.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|error| ProviderError::Unknown(format!("its answer cannot be read: {error}")))
}

pub(super) fn declined(code: &str, reference: Option<&str>) -> Verdict {
    Verdict::Declined { code: Arc::from(code), reference: reference.map(Arc::from) }
}

impl Intent {
    /// How the deed stands, in our currency; in any other nobody knows what was done.
    pub(super) fn standing(&self, operation: Operation) -> Result<Standing, ProviderError> {
        check_currency(&self.currency)?;
        Ok(self.standing_in_any_currency(operation))
    }

    pub(super) fn standing_in_any_currency(&self, operation: Operation) -> Standing {
        let approved =
            |amount| Verdict::Approved { reference: Arc::from(self.id.as_str()), amount: Money::won(amount) };
        let refused = |code: &str| Standing::Done(declined(code, Some(&self.id)));
        match (operation, self.status.as_str()) {
            (_, "processing") => Standing::Pending,
            (Operation::Authorize, "requires_capture") => Standing::Done(approved(self.amount_capturable)),
            // Taken already; the least that was set aside is what was asked for.
            (Operation::Authorize, "succeeded") => Standing::Done(approved(self.amount)),
            (Operation::Authorize, status) => {
                refused(self.last_payment_error.as_ref().and_then(Failure::word).unwrap_or(status))
            }
            (Operation::Capture | Operation::Refund, "succeeded") => Standing::Done(approved(self.amount_received)),
            (Operation::Void, "canceled") => Standing::Done(approved(self.amount)),
            (Operation::Void, "succeeded") => refused("already_captured"),
            (Operation::Capture, "requires_capture") | (Operation::Void, _) => Standing::Undone,
            (Operation::Capture | Operation::Refund, status) => refused(status),
        }
    }
}

impl Refund {
    pub(super) fn standing(&self) -> Result<Standing, ProviderError> {
        check_currency(&self.currency)?;
        Ok(self.standing_in_any_currency())
    }

    pub(super) fn standing_in_any_currency(&self) -> Standing {
        let intent = self.payment_intent.as_deref();
        match self.status.as_deref() {
            Some("succeeded") => {
                let reference = Arc::from(intent.unwrap_or_default());
                Standing::Done(Verdict::Approved { reference, amount: Money::won(self.amount) })
            }
            Some(status @ ("failed" | "canceled")) => {
                Standing::Done(declined(self.failure_reason.as_deref().unwrap_or(status), intent))
            }
            Some(_) | None => Standing::Pending,
        }
    }
}

impl Failure {
    /// The closest word for what was wrong.
    fn word(&self) -> Option<&str> {
        self.decline_code.as_deref().or(self.code.as_deref())
    }

    /// What a refusal means for a deed: the object that came with it knows best, for it may be refused because it is done.
    pub(super) fn standing(&self, operation: Operation) -> Result<Standing, ProviderError> {
        let intent = self.payment_intent.as_deref();
        let is_about_state = self.code.as_deref() == Some("payment_intent_unexpected_state");
        if let Some(intent) = intent.filter(|_| is_about_state && operation != Operation::Refund) {
            return intent.standing(operation);
        }
        let word = self.word().or(self.kind.as_deref()).unwrap_or("refused");
        Ok(Standing::Done(declined(word, intent.map(|intent| intent.id.as_str()))))
    }

    /// A question that was refused is a question that is open.
    pub(super) fn unexplained(&self) -> ProviderError {
        let word = self.word().or(self.kind.as_deref()).unwrap_or("no reason given");
        ProviderError::Unknown(format!("it refuses to say: {word}"))
    }
}

fn check_currency(currency: &str) -> Result<(), ProviderError> {
    if currency == CURRENCY {
        return Ok(());
    }
    Err(ProviderError::Mismatch(format!("it answers in {currency}, not in {CURRENCY}")))
}
