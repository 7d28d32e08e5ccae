//! Stripe's public API for payment intents: authorized with manual capture, captured, cancelled, refunded. Each request
//! carries our key as its `Idempotency-Key`, so a repeat is the same operation at Stripe, too.

mod api;
mod event;
mod wire;

use std::time::Duration;

use app::payments::currency;
use app::payments::provider::{Ask, Call, Callback, CallbackError, Found, Operation, Provider, ProviderError, Verdict};
use domain::time::Timestamp;

use super::signature::{self, Secrets};
use api::{Api, Reply};
use wire::{Intent, Page, Progress, Refund};

/// The account, and how its API is reached.
pub struct Account {
    /// Base address of the API without a path: `https://api.stripe.com`.
    pub url: String,
    /// The secret key of the account.
    pub key: String,
    pub callback_secrets: Secrets,
    /// The API's id of the card of payments that name none: `pm_card_visa` in test mode.
    pub payment_method: String,
    /// Time-out of one request, from connecting to the last byte of the answer.
    pub timeout: Duration,
}

pub struct Stripe {
    api: Api,
    payment_method: String,
    callback_secrets: Secrets,
}

type Fields = Vec<(&'static str, String)>;

impl Stripe {
    pub const NAME: &str = "stripe";

    pub fn new(account: Account) -> Result<Stripe, String> {
        let Account { url, key, callback_secrets, payment_method, timeout } = account;
        Ok(Stripe { api: Api::new(&url, key, timeout)?, payment_method, callback_secrets })
    }

    /// Returns the path and the fields of a request.
    fn request(&self, ask: &Ask) -> Result<(String, Fields), Verdict> {
        let amount = ask.amount.amount().to_string();
        let Some(intent) = ask.reference.as_deref() else {
            return match ask.operation {
                Operation::Authorize => Ok(("/v1/payment_intents".to_owned(), self.intent(ask, amount))),
                Operation::Capture | Operation::Void | Operation::Refund => {
                    Err(wire::declined("resource_missing", None))
                }
            };
        };
        Ok(match ask.operation {
            Operation::Authorize => ("/v1/payment_intents".to_owned(), self.intent(ask, amount)),
            Operation::Capture => {
                (format!("/v1/payment_intents/{intent}/capture"), vec![("amount_to_capture", amount)])
            }
            Operation::Void => (format!("/v1/payment_intents/{intent}/cancel"), vec![]),
            Operation::Refund => {
                let mut fields = marks(ask);
                fields.extend([("payment_intent", intent.to_owned()), ("amount", amount)]);
                ("/v1/refunds".to_owned(), fields)
            }
        })
    }

    fn intent(&self, ask: &Ask, amount: String) -> Fields {
        let mut fields = marks(ask);
        fields.extend([
            // In the currency's smallest unit, as the shop counts.
            ("amount", amount),
            ("currency", currency::of_shop().code().to_ascii_lowercase()),
            ("capture_method", "manual".to_owned()),
            ("confirm", "true".to_owned()),
            ("payment_method_types[]", "card".to_owned()),
            // The whole card: drops may count it by its fingerprint.
            ("expand[]", "payment_method".to_owned()),
            self.method_of(ask),
        ]);
        match ask.means.as_deref() {
            // The customer is not present: a payment that needs an action of theirs is declined at once.
            None => fields.push(("error_on_requires_action", "true".to_owned())),
            Some(means) => fields.extend(means.return_url.iter().map(|url| ("return_url", url.to_string()))),
        }
        fields
    }

    /// Returns the field that names the customer's card: a token from their browser, or the setting.
    fn method_of(&self, ask: &Ask) -> (&'static str, String) {
        match ask.means.as_ref().and_then(|means| means.token.as_deref()) {
            Some(token) if token.starts_with("ctoken_") => ("confirmation_token", token.to_owned()),
            Some(token) => ("payment_method", token.to_owned()),
            None => ("payment_method", self.payment_method.clone()),
        }
    }

    async fn play(&self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let (path, fields) = match self.request(ask) {
            Ok(request) => request,
            Err(verdict) => return Ok(verdict),
        };
        let progress = match self.api.post(&path, &fields, &ask.key).await? {
            Reply::Done(body) if ask.operation == Operation::Refund => wire::read::<Refund>(&body)?.progress()?,
            Reply::Done(body) => wire::read::<Intent>(&body)?.progress(ask.operation)?,
            Reply::Refused(failure) => failure.progress(ask.operation)?,
        };
        match progress {
            Progress::Done(verdict) => Ok(verdict),
            Progress::Pending => {
                Err(ProviderError::Unknown("the operation is still pending at the provider".to_owned()))
            }
            Progress::Undone => {
                Err(ProviderError::Unknown("the provider answered without executing the operation".to_owned()))
            }
        }
    }

    async fn find(&self, ask: &Ask) -> Result<Found, ProviderError> {
        let progress = match (ask.operation, ask.reference.as_deref()) {
            (Operation::Refund, Some(intent)) => self.find_refund(ask, intent).await?,
            (_, Some(intent)) => self.find_intent(ask.operation, intent).await?,
            (_, None) => self.search(ask).await?,
        };
        Ok(match progress {
            Progress::Done(verdict) => Found::Verdict(verdict),
            Progress::Pending => Found::Pending,
            Progress::Undone => Found::NotFound,
        })
    }

    async fn find_intent(&self, operation: Operation, intent: &str) -> Result<Progress, ProviderError> {
        let query = [("expand[]", "payment_method".to_owned())];
        match self.api.get(&format!("/v1/payment_intents/{intent}"), &query).await? {
            Reply::Done(body) => wire::read::<Intent>(&body)?.progress(operation),
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }

    async fn find_refund(&self, ask: &Ask, intent: &str) -> Result<Progress, ProviderError> {
        let query = [("payment_intent", intent.to_owned()), ("limit", "100".to_owned())];
        match self.api.get("/v1/refunds", &query).await? {
            Reply::Done(body) => {
                let page = wire::read::<Page<Refund>>(&body)?;
                let ours = page.data.iter().find(|refund| refund.metadata.key.as_deref() == Some(&*ask.key));
                ours.map_or(Ok(Progress::Undone), Refund::progress)
            }
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }

    /// Searches for an intent whose id is unknown. The search may lag a minute, so an empty result proves little; but a
    /// repeated request carries the same key, which makes it the same operation.
    async fn search(&self, ask: &Ask) -> Result<Progress, ProviderError> {
        let query =
            [("query", format!("metadata['key']:'{}'", ask.key)), ("expand[]", "data.payment_method".to_owned())];
        match self.api.get("/v1/payment_intents/search", &query).await? {
            Reply::Done(body) => {
                let page = wire::read::<Page<Intent>>(&body)?;
                let ours = page.data.iter().find(|intent| intent.metadata.key.as_deref() == Some(&*ask.key));
                ours.map_or(Ok(Progress::Undone), |intent| intent.progress(ask.operation))
            }
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }
}

/// Metadata that identifies the payment in callbacks, in searches, and for a person at the provider's dashboard.
fn marks(ask: &Ask) -> Fields {
    vec![
        ("metadata[key]", ask.key.to_string()),
        ("metadata[order]", ask.order.to_string()),
        ("metadata[payment]", ask.payment.to_string()),
        ("metadata[method]", ask.method.name().to_owned()),
    ]
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        Stripe::NAME
    }

    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict> {
        Box::pin(self.play(ask))
    }

    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found> {
        Box::pin(self.find(ask))
    }

    fn signature_header(&self) -> &'static str {
        signature::HEADER
    }

    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError> {
        self.callback_secrets.verify(signature, body, now)?;
        event::read(body)
    }
}
