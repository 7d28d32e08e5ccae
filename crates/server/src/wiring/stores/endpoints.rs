//! The state of the endpoints over an opened store.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use app::audit::{BesideGate, Snapshot};
use app::ports::{Calendar, StoreError};
use app::resilience::breaker::SharedBreaker;
use app::resilience::rates::SharedRates;
use app::resilience::services::Services;
use app::webhooks::sender::Sender;

use super::Error;
use crate::api::{Components, Fingerprints, Inner, Log, Payments, Shop, Snapshots};
use crate::config::Config;
use crate::http::BodyLimits;
use crate::http::cursor::Cursors;
use crate::http::envelope::Edge;
use crate::live::coupon_chains::Chains;
use crate::live::drop_heads::LiveDrops;
use crate::metrics::{AuditMetrics, Metrics};
use crate::runtime::estimates::{Estimates, Sources};
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::submitter::Submitter;
use crate::security::api_keys::KeysUsed;
use crate::security::auth::Tokens;
use crate::security::login_attempts::Guesses;
use crate::security::passwords::Passwords;
use crate::security::provider_login::ProviderLogin;
use crate::security::rate_limits::Limits;
use crate::security::secret::Secret;
use crate::wiring::{redis_services, webhooks};

/// The breaker of the payment provider, if this process calls it, and the alerts that show the breakers of others.
pub(in crate::wiring) struct Calls {
    pub(in crate::wiring) provider: Option<SharedBreaker>,
    pub(in crate::wiring) alerts: OpenAlerts,
}

/// Builds the estimates from the store and the breakers of this process.
pub(in crate::wiring) fn estimates(
    config: &Config,
    submitter: &Submitter,
    services: &Arc<Services>,
    calls: Calls,
) -> Estimates {
    let Calls { provider, alerts } = calls;
    Estimates::new(Sources {
        views: Arc::clone(&submitter.views),
        clock: Arc::clone(&submitter.clock),
        services: Arc::clone(services),
        provider,
        provider_timeout: config.payment.timeout(),
        alerts,
    })
}

/// The parts of the endpoints that are opened here.
pub(in crate::wiring) struct OpenedForEndpoints {
    pub(in crate::wiring) tokens: Arc<Tokens>,
    pub(in crate::wiring) provider_login: Option<ProviderLogin>,
    pub(in crate::wiring) log: Log,
    pub(in crate::wiring) payments: Payments,
    pub(in crate::wiring) webhooks: Arc<dyn Sender>,
    pub(in crate::wiring) estimates: Estimates,
    pub(in crate::wiring) services: Arc<Services>,
    pub(in crate::wiring) calendar: Arc<dyn Calendar>,
    pub(in crate::wiring) metrics: Arc<Metrics>,
    pub(in crate::wiring) rates: Option<Arc<dyn SharedRates>>,
    pub(in crate::wiring) components: Components,
    pub(in crate::wiring) alerts: OpenAlerts,
    pub(in crate::wiring) audited: AuditMetrics,
}

/// Builds the state of the endpoints.
pub(in crate::wiring) fn shop(
    config: &Config,
    secret: &Secret,
    submitter: Submitter,
    opened: OpenedForEndpoints,
) -> Shop {
    let OpenedForEndpoints {
        tokens,
        provider_login,
        log,
        payments,
        webhooks,
        estimates,
        services,
        calendar,
        metrics,
        rates,
        components,
        alerts,
        audited,
    } = opened;
    Shop::new(Inner {
        submitter,
        tokens,
        token_ttl: config.auth.token_ttl(),
        provider_login,
        passwords: Passwords::default(),
        cursors: Cursors::new(secret.as_bytes()),
        fingerprints: Fingerprints::new(secret.as_bytes()),
        body_limits: BodyLimits::from(&config.server),
        edge: Edge::new(&config.server, &config.log),
        write_timeout: config.server.write_timeout(),
        stream_heartbeat: config.server.stream_heartbeat(),
        customers_may_charge: config.points.customers_may_charge,
        drops: LiveDrops::default(),
        coupon_chains: Chains::default(),
        estimates,
        modes: config.orders.modes(),
        services,
        calendar,
        payments,
        webhooks,
        webhook_keys: config.webhooks.keys(),
        limits: Limits::new(&config.limits, rates),
        joins: webhooks::challenge::guard(&config.drops),
        guesses: Guesses::new(&config.limits, &metrics),
        keys_used: KeysUsed::default(),
        metrics,
        components,
        alerts,
        audited,
        snapshots: snapshots(config),
        archive: config.server.data_dir.join("archive"),
        archiving: Arc::default(),
        log,
        stopping: Arc::new(AtomicBool::new(false)),
    })
}

pub(in crate::wiring) fn snapshots(config: &Config) -> Snapshots {
    let config = config.clone();
    Arc::new(move || snapshot(&config).map_err(|error| StoreError::Failed(error.to_string())))
}

/// Opens a consistent read-only snapshot of the store, also while other processes serve it.
pub fn snapshot(config: &Config) -> Result<Box<dyn Snapshot>, Error> {
    let gate = redis_services::known_to_gate(config)?;
    let store = super::snapshot(config)?;
    Ok(match gate {
        Some(gate) => Box::new(BesideGate { store, gate }),
        None => store,
    })
}
