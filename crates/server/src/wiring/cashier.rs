//! The payment provider that the settings choose, and the cashier who asks it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::mysql::MysqlBook;
use adapters::payment::{Account, Scripted, Secrets, Stripe};
use app::payments::provider::{Directed, Provider};
use app::payments::runner::PaymentRunner;
use app::ports::Clock;
use app::resilience::breaker::SharedBreaker;
use tokio::sync::Notify;

use super::Error;
use crate::api::Payments;
use crate::config::{Config, PaymentBy};
use crate::metrics::{Metrics, Mismatches, PaymentMetrics};
use crate::runtime::callbacks::CallbackQueue;
use crate::runtime::payment_loop::{CashierThread, Parts, Patient};
use crate::runtime::submitter::Submitter;
use crate::system::data_dir;

/// The scripted provider's own record, beside the store.
pub(super) const BOOK: &str = "scripted-payments.db";
/// A provider that keeps to its own time-out is never cut off by ours.
const GRACE: Duration = Duration::from_secs(1);
const MADE_SECRET_BYTES: usize = 32;

/// The provider at the endpoints, and the cashier of this process, where it has one.
pub(super) struct OpenPayments {
    pub(super) payments: Payments,
    /// Wakes the cashier.
    pub(super) due: Arc<Notify>,
    pub(super) cashier: Option<CashierThread>,
    /// The provider's, where this process asks it.
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
    let Moving { provider, directed } = moving(config, data_dir, &submitter.wall, callback_queue)?;
    let payments = Payments { provider, directed, mismatches: mismatches.clone() };
    let due = Arc::new(Notify::new());
    let breaker = config.server.roles.worker.then(|| SharedBreaker::new(config.payment.limits()));
    let mut cashier = None;
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
        cashier = Some(CashierThread::start(make, parts)?);
    }
    Ok(OpenPayments { payments, due, cashier, breaker })
}

/// Who moves the money, and the same one where it can be told what to do.
struct Moving {
    provider: Arc<dyn Provider>,
    directed: Option<Arc<dyn Directed>>,
}

/// The provider that is set; one inside the binary can be told what to do. Processes that share a database share its book.
fn moving(
    config: &Config,
    data_dir: &Path,
    wall: &Arc<dyn Clock>,
    callback_queue: Arc<CallbackQueue>,
) -> Result<Moving, Error> {
    let given = Secrets::parse(config.payment.callback_secrets().unwrap_or_default());
    if config.payment.provider == PaymentBy::Http {
        let provider = Stripe::new(Account {
            url: config.payment.url.clone(),
            key: config.payment.key().unwrap_or_default().to_owned(),
            callback_secrets: given,
            payment_method: config.payment.method.clone(),
            timeout: config.payment.timeout(),
        });
        return Ok(Moving { provider: Arc::new(provider.map_err(Error::Payment)?), directed: None });
    }
    // Nobody else needs to know it: what it signs does not leave the process.
    let secrets = if given.is_empty() { made_secret()? } else { given };
    let provider = match config.store.database() {
        Some(database) => MysqlBook::open(database.address())
            .map(|book| Scripted::sharing(book, secrets, Arc::clone(wall), callback_queue)),
        None => {
            let book = data_dir.join(BOOK);
            data_dir::for_owner_only(&book).map_err(|error| Error::Payment(error.to_string()))?;
            Scripted::open(&book, secrets, Arc::clone(wall), callback_queue)
        }
    };
    let provider = Arc::new(provider.map_err(Error::Payment)?);
    Ok(Moving { directed: Some(Arc::clone(&provider) as Arc<dyn Directed>), provider })
}

fn made_secret() -> Result<Secrets, Error> {
    let mut bytes = [0_u8; MADE_SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Payment(error.to_string()))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secrets::parse(&hex))
}
