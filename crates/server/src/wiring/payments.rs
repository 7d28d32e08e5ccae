//! The payment provider that the settings choose, and the payment loop that calls it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::mysql::MysqlProviderLedger;
use adapters::payment::{Account, Scripted, Secrets, Stripe};
use app::payments::provider::{
    Ask, Call, Callback, CallbackError, Found, Provider, ProviderError, ScriptedProvider, Verdict,
};
use app::payments::runner::PaymentRunner;
use app::ports::Clock;
use app::resilience::breaker::SharedBreaker;
use domain::time::Timestamp;
use tokio::sync::Notify;

use super::error::Error;
use crate::api::Payments;
use crate::config::{Config, PaymentBy};
use crate::metrics::{Metrics, Mismatches, PaymentMetrics};
use crate::runtime::callbacks::CallbackQueue;
use crate::runtime::payment_loop::{Parts, Patient, PaymentThread};
use crate::runtime::submitter::Submitter;
use crate::system::data_dir::{self, SCRIPTED_PAYMENTS_FILE};

/// Added to the provider's own time-out, so that a provider that keeps to it is never cut off.
const GRACE: Duration = Duration::from_secs(1);
const SECRET_BYTES: usize = 32;

/// The provider for the endpoints, and the payment loop if this process has the worker role.
pub(super) struct OpenPayments {
    pub(super) payments: Payments,
    /// Wakes the payment loop.
    pub(super) due: Arc<Notify>,
    pub(super) thread: Option<PaymentThread>,
    /// The provider's breaker; present where this process runs the payment loop.
    pub(super) breaker: Option<SharedBreaker>,
}

pub(super) fn open(
    config: &Config,
    data_dir: &Path,
    submitter: &Submitter,
    metrics: &Metrics,
) -> Result<OpenPayments, Error> {
    let (callback_queue, callbacks_in) = CallbackQueue::open();
    let mismatches = Mismatches::register(metrics);
    let ChosenProvider { provider, scripted } = chosen(config, data_dir, &submitter.wall, callback_queue)?;
    let payments = Payments { provider, scripted, mismatches: mismatches.clone() };
    let due = Arc::new(Notify::new());
    let breaker = config.server.roles.worker.then(|| SharedBreaker::new(config.payment.limits()));
    let mut thread = None;
    if let Some(breaker) = breaker.clone() {
        let patience = config.payment.timeout() + GRACE;
        let provider: Arc<dyn Provider> = Arc::new(Patient { provider: Arc::clone(&payments.provider), patience });
        let parts = Parts {
            submitter: submitter.clone(),
            provider: Arc::clone(&provider),
            metrics: PaymentMetrics::register(metrics, mismatches),
            concurrency: config.payment.concurrency,
            due: Arc::clone(&due),
            callbacks_in,
        };
        let (clock, codec) = (Arc::clone(&submitter.clock), submitter.codec);
        let make = move || PaymentRunner::new(provider, clock, codec, breaker);
        thread = Some(PaymentThread::start(make, parts)?);
    }
    Ok(OpenPayments { payments, due, thread, breaker })
}

/// Returns no provider, for endpoints that are only read.
pub(super) fn to_read(metrics: &Metrics) -> Payments {
    Payments { provider: Arc::new(NoProvider), scripted: None, mismatches: Mismatches::register(metrics) }
}

struct NoProvider;

impl NoProvider {
    fn refused<T: Send + 'static>() -> Call<'static, T> {
        Box::pin(std::future::ready(Err(ProviderError::NotExecuted("the shop is only read".into()))))
    }
}

impl Provider for NoProvider {
    fn name(&self) -> &'static str {
        "none"
    }

    fn ask<'a>(&'a self, _ask: &'a Ask) -> Call<'a, Verdict> {
        NoProvider::refused()
    }

    fn look_up<'a>(&'a self, _ask: &'a Ask) -> Call<'a, Found> {
        NoProvider::refused()
    }

    fn signature_header(&self) -> &'static str {
        "signature"
    }

    fn callback(&self, _: &str, _: &[u8], _: Timestamp) -> Result<Option<Callback>, CallbackError> {
        Err(CallbackError::Forged)
    }
}

/// The provider, and the same one as a scripted provider if it can be scripted.
struct ChosenProvider {
    provider: Arc<dyn Provider>,
    scripted: Option<Arc<dyn ScriptedProvider>>,
}

/// Returns the configured provider. Only the one inside the binary can be scripted; processes that share a database
/// share its records.
fn chosen(
    config: &Config,
    data_dir: &Path,
    wall: &Arc<dyn Clock>,
    callback_queue: Arc<CallbackQueue>,
) -> Result<ChosenProvider, Error> {
    let given = Secrets::parse(config.payment.callback_secrets().unwrap_or_default());
    if config.payment.provider == PaymentBy::Http {
        let provider = Stripe::new(Account {
            url: config.payment.url.clone(),
            key: config.payment.key().unwrap_or_default().to_owned(),
            callback_secrets: given,
            payment_method: config.payment.method.clone(),
            timeout: config.payment.timeout(),
        });
        return Ok(ChosenProvider { provider: Arc::new(provider.map_err(Error::Payment)?), scripted: None });
    }
    // Generated, because signatures made with it are only checked in this process.
    let secrets = if given.is_empty() { generated_secret()? } else { given };
    let provider = match config.store.database() {
        Some(database) => MysqlProviderLedger::open(database.address())
            .map(|book| Scripted::sharing(book, secrets, Arc::clone(wall), callback_queue)),
        None => {
            let book = data_dir.join(SCRIPTED_PAYMENTS_FILE);
            data_dir::for_owner_only(&book).map_err(|error| Error::Payment(error.to_string()))?;
            Scripted::open(&book, secrets, Arc::clone(wall), callback_queue)
        }
    };
    let provider = Arc::new(provider.map_err(Error::Payment)?);
    Ok(ChosenProvider { scripted: Some(Arc::clone(&provider) as Arc<dyn ScriptedProvider>), provider })
}

fn generated_secret() -> Result<Secrets, Error> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Payment(error.to_string()))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secrets::parse(&hex))
}
