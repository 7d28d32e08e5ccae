//! The parts of the API's answers that are used here, and their meaning for an operation.

use std::sync::Arc;

use app::payments::currency;
use app::payments::provider::{Operation, ProviderError, Verdict};
use domain::money::Money;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// The progress of an operation at the provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Done(Verdict),
    Pending,
    /// It was not executed, and may be.
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
    next_action: Option<NextAction>,
    client_secret: Option<String>,
    payment_method: Option<PaymentMethod>,
}

/// The card that pays, where the request wanted it whole; else its id.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum PaymentMethod {
    Whole { card: Card },
    Other(IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Card {
    fingerprint: Option<String>,
}

/// The action of the customer. All kinds but a redirect need the API's own script.
#[derive(Debug, Deserialize)]
struct NextAction {
    redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Deserialize)]
struct Redirect {
    url: Option<String>,
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

/// Our metadata on an object of theirs.
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

/// Parses an answer; one that cannot be parsed leaves the outcome unknown.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body)
        .map_err(|error| ProviderError::Unknown(format!("the provider's answer cannot be parsed: {error}")))
}

pub(super) fn declined(code: &str, reference: Option<&str>) -> Verdict {
    Verdict::Declined { code: Arc::from(code), reference: reference.map(Arc::from) }
}

impl Intent {
    /// Returns the progress; fails in a currency other than ours, where an operator must look.
    pub(super) fn progress(&self, operation: Operation) -> Result<Progress, ProviderError> {
        check_currency(&self.currency)?;
        Ok(self.progress_in_any_currency(operation))
    }

    pub(super) fn progress_in_any_currency(&self, operation: Operation) -> Progress {
        let fingerprint = self.fingerprint().filter(|_| operation == Operation::Authorize);
        let (reference, fingerprint) = (Arc::from(self.id.as_str()), fingerprint.map(Arc::from));
        let approved = |amount| Verdict::Approved { reference, amount: Money::won(amount), fingerprint };
        let refused = |code: &str| Progress::Done(declined(code, Some(&self.id)));
        match (operation, self.status.as_str()) {
            (_, "processing") => Progress::Pending,
            (Operation::Authorize, "requires_capture") => Progress::Done(approved(self.amount_capturable)),
            // Captured already; the amount that was authorized is the one requested.
            (Operation::Authorize, "succeeded") => Progress::Done(approved(self.amount)),
            (Operation::Authorize, "requires_action") => Progress::Done(self.action_required()),
            (Operation::Authorize, status) => {
                refused(self.last_payment_error.as_ref().and_then(Failure::code).unwrap_or(status))
            }
            (Operation::Capture | Operation::Refund, "succeeded") => Progress::Done(approved(self.amount_received)),
            (Operation::Void, "canceled") => Progress::Done(approved(self.amount)),
            (Operation::Void, "succeeded") => refused("already_captured"),
            (Operation::Capture, "requires_capture") | (Operation::Void, _) => Progress::Undone,
            (Operation::Capture | Operation::Refund, status) => refused(status),
        }
    }
}

impl Intent {
    fn fingerprint(&self) -> Option<&str> {
        match self.payment_method.as_ref()? {
            PaymentMethod::Whole { card } => card.fingerprint.as_deref(),
            PaymentMethod::Other(_) => None,
        }
    }

    fn action_required(&self) -> Verdict {
        let redirect = self.next_action.as_ref().and_then(|action| action.redirect_to_url.as_ref());
        Verdict::ActionRequired {
            reference: Arc::from(self.id.as_str()),
            url: redirect.and_then(|redirect| redirect.url.as_deref()).map(Arc::from),
            client_secret: self.client_secret.as_deref().map(Arc::from),
        }
    }
}

impl Refund {
    pub(super) fn progress(&self) -> Result<Progress, ProviderError> {
        check_currency(&self.currency)?;
        Ok(self.progress_in_any_currency())
    }

    pub(super) fn progress_in_any_currency(&self) -> Progress {
        let intent = self.payment_intent.as_deref();
        match self.status.as_deref() {
            Some("succeeded") => {
                let reference = Arc::from(intent.unwrap_or_default());
                Progress::Done(Verdict::Approved { reference, amount: Money::won(self.amount), fingerprint: None })
            }
            Some(status @ ("failed" | "canceled")) => {
                Progress::Done(declined(self.failure_reason.as_deref().unwrap_or(status), intent))
            }
            Some(_) | None => Progress::Pending,
        }
    }
}

impl Failure {
    /// The most specific code of the failure.
    fn code(&self) -> Option<&str> {
        self.decline_code.as_deref().or(self.code.as_deref())
    }

    /// Returns what a refusal means for an operation. The object in the answer decides: a request may be refused
    /// because it is executed already.
    pub(super) fn progress(&self, operation: Operation) -> Result<Progress, ProviderError> {
        let intent = self.payment_intent.as_deref();
        let is_about_state = self.code.as_deref() == Some("payment_intent_unexpected_state");
        if let Some(intent) = intent.filter(|_| is_about_state && operation != Operation::Refund) {
            return intent.progress(operation);
        }
        let word = self.code().or(self.kind.as_deref()).unwrap_or("refused");
        Ok(Progress::Done(declined(word, intent.map(|intent| intent.id.as_str()))))
    }

    /// A refused query leaves the outcome unknown.
    pub(super) fn unexplained(&self) -> ProviderError {
        let word = self.code().or(self.kind.as_deref()).unwrap_or("no reason");
        ProviderError::Unknown(format!("the provider refused a query: {word}"))
    }
}

fn check_currency(given: &str) -> Result<(), ProviderError> {
    if currency::is_of_shop(given) {
        return Ok(());
    }
    Err(ProviderError::Mismatch(format!(
        "the provider answered in {given} instead of {}",
        currency::of_shop().code().to_ascii_lowercase()
    )))
}
