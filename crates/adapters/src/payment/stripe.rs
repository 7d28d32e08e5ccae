//! Stripe's public API for payment intents: set aside with manual capture, captured, cancelled, refunded. Each request
//! carries our key as its `Idempotency-Key`, so a repeat is the same deed there too.

mod api;
mod event;
mod wire;

use std::time::Duration;

use app::payments::provider::{Ask, Call, Callback, CallbackError, Found, Operation, Provider, ProviderError, Verdict};
use domain::time::Timestamp;

use super::signature::{self, Secrets};
use api::{Api, Reply};
use wire::{Intent, Page, Refund, Standing};

/// Whose money it is, and how the provider is reached.
pub struct Account {
    /// Where the API is, without a path: `https://api.stripe.com`.
    pub url: String,
    /// The secret key of the account.
    pub key: String,
    pub callback_secrets: Secrets,
    /// What stands for the customer's card there: `pm_card_visa` in test mode.
    pub payment_method: String,
    /// For one request, from its connection to the last byte of its answer.
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

    /// The path and the fields of what is asked for.
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
            // Won have no smaller unit: the amount is in won, not in hundredths.
            ("amount", amount),
            ("currency", app::payments::provider::CURRENCY.to_owned()),
            ("capture_method", "manual".to_owned()),
            ("confirm", "true".to_owned()),
            ("payment_method", self.payment_method.clone()),
            ("payment_method_types[]", "card".to_owned()),
            // Nobody is there who could be asked: what needs the customer's hand is declined at once.
            ("error_on_requires_action", "true".to_owned()),
        ]);
        fields
    }

    async fn play(&self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let (path, fields) = match self.request(ask) {
            Ok(request) => request,
            Err(verdict) => return Ok(verdict),
        };
        let standing = match self.api.post(&path, &fields, &ask.key).await? {
            Reply::Done(body) if ask.operation == Operation::Refund => wire::read::<Refund>(&body)?.standing()?,
            Reply::Done(body) => wire::read::<Intent>(&body)?.standing(ask.operation)?,
            Reply::Refused(failure) => failure.standing(ask.operation)?,
        };
        match standing {
            Standing::Done(verdict) => Ok(verdict),
            Standing::Pending => Err(ProviderError::Unknown("it is still at it".to_owned())),
            Standing::Undone => Err(ProviderError::Unknown("it answered without having done it".to_owned())),
        }
    }

    async fn find(&self, ask: &Ask) -> Result<Found, ProviderError> {
        let standing = match (ask.operation, ask.reference.as_deref()) {
            (Operation::Refund, Some(intent)) => self.find_refund(ask, intent).await?,
            (_, Some(intent)) => self.find_intent(ask.operation, intent).await?,
            (_, None) => self.search(ask).await?,
        };
        Ok(match standing {
            Standing::Done(verdict) => Found::Verdict(verdict),
            Standing::Pending => Found::Pending,
            Standing::Undone => Found::Never,
        })
    }

    async fn find_intent(&self, operation: Operation, intent: &str) -> Result<Standing, ProviderError> {
        match self.api.get(&format!("/v1/payment_intents/{intent}"), &[]).await? {
            Reply::Done(body) => wire::read::<Intent>(&body)?.standing(operation),
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }

    async fn find_refund(&self, ask: &Ask, intent: &str) -> Result<Standing, ProviderError> {
        let query = [("payment_intent", intent.to_owned()), ("limit", "100".to_owned())];
        match self.api.get("/v1/refunds", &query).await? {
            Reply::Done(body) => {
                let page = wire::read::<Page<Refund>>(&body)?;
                let ours = page.data.iter().find(|refund| refund.metadata.key.as_deref() == Some(&*ask.key));
                ours.map_or(Ok(Standing::Undone), Refund::standing)
            }
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }

    /// Looks for an intent whose name was never heard. The search may be a minute behind, so to find nothing proves
    /// little; but whoever asks again does it with the same key, which is the same deed.
    async fn search(&self, ask: &Ask) -> Result<Standing, ProviderError> {
        let query = [("query", format!("metadata['key']:'{}'", ask.key))];
        match self.api.get("/v1/payment_intents/search", &query).await? {
            Reply::Done(body) => {
                let page = wire::read::<Page<Intent>>(&body)?;
                let ours = page.data.iter().find(|intent| intent.metadata.key.as_deref() == Some(&*ask.key));
                ours.map_or(Ok(Standing::Undone), |intent| intent.standing(ask.operation))
            }
            Reply::Refused(failure) => Err(failure.unexplained()),
        }
    }
}

/// By these a callback, a search, and a person at the provider's dashboard know whose it is.
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
