//! The state that all endpoints share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use app::audit::Snapshot;
use app::log::groups::LogInspector;
use app::log::reactions::Group;
use app::payments::provider::{Provider, ScriptedProvider};
use app::ports::{Calendar, StoreError};
use app::resilience::breaker::SharedBreaker;
use app::resilience::services::Services;
use app::state::settings::{Carrier, Executor};
use app::webhooks::sender::Sender;
use axum::extract::FromRef;
use domain::order::Modes;
use domain::time::Timestamp;

use crate::api::request::fingerprints::Fingerprints;
use crate::http::BodyLimits;
use crate::http::cursor::Cursors;
use crate::http::envelope::Edge;
use crate::live::coupon_chains::Chains;
use crate::live::drop_heads::LiveDrops;
use crate::metrics::{AuditMetrics, Metrics, Mismatches};
use crate::runtime::estimates::Estimates;
use crate::runtime::monitors::alerts::RedisWorks;
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::submitter::Submitter;
use crate::security::api_keys::KeysUsed;
use crate::security::auth::Tokens;
use crate::security::join_guard::JoinGuard;
use crate::security::login_attempts::Guesses;
use crate::security::passwords::Passwords;
use crate::security::provider_login::ProviderLogin;
use crate::security::rate_limits::Limits;
use crate::security::webhook_secrets::keys::Keys;

/// The state of the endpoints; one per process.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

/// The fields of a [`Shop`].
pub struct Inner {
    pub submitter: Submitter,
    pub tokens: Arc<Tokens>,
    pub token_ttl: Duration,
    /// Logging in at an identity provider, if there is one with pages for it.
    pub provider_login: Option<ProviderLogin>,
    pub passwords: Passwords,
    pub cursors: Cursors,
    pub fingerprints: Fingerprints,
    pub body_limits: BodyLimits,
    pub edge: Edge,
    /// How long a write to a stream's client may take.
    pub write_timeout: Duration,
    /// A silent stream of notices shows this often that it is alive.
    pub stream_heartbeat: Duration,
    pub customers_may_charge: bool,
    /// The waiting rooms of drops, for streams of notices; the ends of their chains.
    pub drops: LiveDrops,
    /// The chains of campaigns, for receipts.
    pub coupon_chains: Chains,
    /// The configured mode of orders, until an admin changes it.
    pub modes: Modes,
    pub estimates: Estimates,
    /// The participants of orders in this process.
    pub services: Arc<Services>,
    pub metrics: Arc<Metrics>,
    /// The shop's calendar days.
    pub calendar: Arc<dyn Calendar>,
    pub payments: Payments,
    /// Checks the addresses of webhook endpoints.
    pub webhooks: Arc<dyn Sender>,
    /// The keys that encrypt their secrets at rest.
    pub webhook_keys: Keys,
    pub limits: Limits,
    /// The challenge before a join of a waiting room.
    pub joins: JoinGuard,
    pub guesses: Guesses,
    /// The API keys whose use was noted lately.
    pub keys_used: KeysUsed,
    /// The components that health endpoints show.
    pub components: Components,
    /// The open alerts of all processes.
    pub alerts: OpenAlerts,
    /// The result of the latest audit.
    pub audited: AuditMetrics,
    /// Opens a consistent view of the whole store.
    pub snapshots: Snapshots,
    /// The folder of the files of archived events.
    pub archive: PathBuf,
    /// Held while events are archived.
    pub archiving: Arc<tokio::sync::Mutex<()>>,
    /// The log that consumer groups read.
    pub log: Log,
    /// Set when the process begins to stop.
    pub stopping: Arc<AtomicBool>,
}

/// The components and the build of this process, for health endpoints.
pub struct Components {
    pub has_relay: bool,
    pub has_kafka: bool,
    /// Tells if Redis answers; `None` without Redis.
    pub redis: Option<RedisWorks>,
    /// The payment provider's breaker, if this process calls it.
    pub payment: Option<SharedBreaker>,
    /// `embedded`, or the services that the shop uses.
    pub stack: String,
    /// The version of SQLite.
    pub sqlite: &'static str,
    pub started: Instant,
    pub built_at: Timestamp,
}

/// The payment provider of the endpoints.
pub struct Payments {
    pub provider: Arc<dyn Provider>,
    /// The same provider, if it can be scripted.
    pub scripted: Option<Arc<dyn ScriptedProvider>>,
    pub mismatches: Mismatches,
}

/// Opens a consistent snapshot of the whole store, for the audit.
pub type Snapshots = Arc<dyn Fn() -> Result<Box<dyn Snapshot>, StoreError> + Send + Sync>;

impl Shop {
    pub fn new(inner: Inner) -> Shop {
        Shop(Arc::new(inner))
    }

    pub(in crate::api) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for Shop {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<Shop> for BodyLimits {
    fn from_ref(shop: &Shop) -> BodyLimits {
        shop.body_limits
    }
}

impl FromRef<Shop> for Arc<Tokens> {
    fn from_ref(shop: &Shop) -> Arc<Tokens> {
        Arc::clone(&shop.tokens)
    }
}

/// The log that consumer groups read.
#[derive(Clone)]
pub struct Log {
    pub carrier: Carrier,
    pub book: Arc<dyn LogInspector>,
    /// The trailing groups that follow this shop's events.
    pub trailing: Arc<[Group]>,
}

impl Log {
    /// Returns the groups that have offsets: under inline reactions, trailing groups only.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        let carried = if self.carrier.executor() == Executor::Inline { &[] } else { Group::CARRIED };
        carried.iter().chain(self.trailing.iter()).copied()
    }
}
