//! The services that Redis provides: gate, notifier, ranking and shared rate limits.

use std::sync::Arc;

use adapters::redis::{self, Redis, RedisGate, RedisNotifier, RedisRanking, RedisRates};
use app::audit::GateFacts;
use app::ports::views::Views;
use app::ports::{Clock, Gate, Notifier, Ranking};
use app::resilience::rates::SharedRates;
use domain::ids::{Codec, OrderId};
use prometheus_client::collector::Collector;

use super::error::Error;
use super::{engine_settings, stores};
use crate::config::{Config, GateScript};
use crate::metrics::{Condition, Metrics, RedisMetrics};
use crate::runtime::monitors::alerts::RedisWorks;

/// Campaigns read at once.
const CAMPAIGNS_AT_ONCE: usize = 500;

pub(super) struct RedisServices {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) notifier: Option<Arc<dyn Notifier>>,
    pub(super) ranking: Option<Arc<dyn Ranking>>,
    pub(super) rates: Option<Arc<dyn SharedRates>>,
    pub(super) condition: Option<Box<dyn Collector>>,
    pub(super) works: Option<RedisWorks>,
}

impl RedisServices {
    /// Without Redis: the store's own gate, and nothing else.
    pub(super) fn nothing(gate: Arc<dyn Gate>) -> RedisServices {
        RedisServices { gate, notifier: None, ranking: None, rates: None, condition: None, works: None }
    }
}

/// Returns the shop's name in Redis: the code of order 0, which does not exist, is unique to this shop.
pub(super) fn name(codec: Codec) -> String {
    codec.order(OrderId(0)).to_string()
}

/// Opens Redis if it is configured. Redis may be unreachable.
pub(super) fn open(
    config: &Config,
    codec: Codec,
    views: &Arc<dyn Views>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<RedisServices>, Error> {
    let Some(address) = config.redis.address() else { return Ok(None) };
    let redis = Redis::open(options(config, address, codec))?;
    let gate = RedisGate::new(Arc::clone(&redis), Arc::<dyn Views>::clone(views), script(config));
    let notifier: Arc<dyn Notifier> = Arc::new(RedisNotifier::new(Arc::clone(&redis)));
    let ranking = RedisRanking::new(
        Arc::clone(&redis),
        Arc::<dyn Views>::clone(views),
        Arc::clone(clock),
        engine_settings::calendar(config),
    );
    let ranking: Option<Arc<dyn Ranking>> = Some(Arc::new(ranking));
    let rates: Option<Arc<dyn SharedRates>> = Some(Arc::new(RedisRates::new(Arc::clone(&redis))));
    let probed = Arc::clone(&redis);
    let works: RedisWorks = Arc::new(move || probed.condition().works);
    let condition = move || {
        let redis::Condition { works, calls, failures, losses } = redis.condition();
        Condition { works, calls, failures, losses }
    };
    let condition = Box::new(RedisMetrics::new(Box::new(condition)));
    Ok(Some(RedisServices {
        gate: Arc::new(gate),
        notifier: Some(notifier),
        ranking,
        rates,
        condition: Some(condition),
        works: Some(works),
    }))
}

pub(super) fn place(config: &Config, address: &str) -> redis::Place {
    let identity =
        config.redis.identity().map(|[cert, key]| redis::Identity { cert_file: cert.into(), key_file: key.into() });
    redis::Place { address: address.to_owned(), ca_file: config.redis.ca_file().map(Into::into), identity }
}

fn options(config: &Config, address: &str, codec: Codec) -> redis::Options {
    redis::Options { place: place(config, address), timeout: config.redis.timeout(), shop: name(codec) }
}

fn script(config: &Config) -> redis::GateScript {
    match config.redis.gate {
        GateScript::Counter => redis::GateScript::Counter,
        GateScript::SortedSet => redis::GateScript::SortedSet,
    }
}

/// Returns how many coupons of each campaign the gate knows; `None` without Redis.
pub(super) fn known_to_gate(config: &Config) -> Result<Option<GateFacts>, Error> {
    let Some(address) = config.redis.address() else { return Ok(None) };
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stores::Read { views, codec, .. } = stores::read(config, &runtime)?;
        let redis = Redis::open(options(config, address, codec))?;
        let gate = RedisGate::new(redis, Arc::<dyn Views>::clone(&views), script(config));
        runtime.block_on(async {
            let mut campaigns = vec![];
            loop {
                let page = views.campaigns(campaigns.last().copied(), CAMPAIGNS_AT_ONCE).await?;
                if page.is_empty() {
                    return Ok(Some(gate.known(&campaigns).await));
                }
                campaigns.extend(page.iter().map(|campaign| campaign.id));
            }
        })
    };
    // On another thread, because the caller may be inside a runtime.
    std::thread::scope(|scope| scope.spawn(ask).join())
        .map_err(|_panic| Error::Broker("the thread panicked".to_owned().into()))?
}

/// Returns the process's metrics, including those of Redis.
pub(super) fn metrics_with(condition: Option<Box<dyn Collector>>) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    if let Some(condition) = condition {
        metrics.register(|registry| registry.register_collector(condition));
    }
    metrics
}
