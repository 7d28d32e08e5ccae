//! What the settings put beside the store: Redis, or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use adapters::redis::{self, Redis, RedisGate, RedisNotifier, RedisRanking, RedisRates};
use app::ports::views::Views;
use app::ports::{Clock, Gate, Notifier, Ranking};
use app::resilience::rates::SharedRates;
use domain::ids::{CampaignId, Codec, OrderId};
use prometheus_client::collector::Collector;

use super::{Error, stores};
use crate::config::{Config, GateScript};
use crate::metrics::{Condition, RedisMetrics};

/// Campaigns that are read at once.
const CAMPAIGNS_AT_ONCE: usize = 500;

pub(super) struct RedisServices {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) notifier: Option<Arc<dyn Notifier>>,
    pub(super) ranking: Option<Arc<dyn Ranking>>,
    pub(super) rates: Option<Arc<dyn SharedRates>>,
    pub(super) condition: Option<Box<dyn Collector>>,
}

impl RedisServices {
    /// The store is alone, with its own gate.
    pub(super) fn nothing(gate: Arc<dyn Gate>) -> RedisServices {
        RedisServices { gate, notifier: None, ranking: None, rates: None, condition: None }
    }
}

/// What a shop is called in Redis: no order has this number, so its code is a name that only this shop has.
pub(super) fn name(codec: Codec) -> String {
    codec.order(OrderId(0)).to_string()
}

/// Opens Redis where one is set. It need not be there.
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
        (Arc::clone(clock), super::calendar(config)),
    );
    let ranking: Option<Arc<dyn Ranking>> = Some(Arc::new(ranking));
    let rates: Option<Arc<dyn SharedRates>> = Some(Arc::new(RedisRates::new(Arc::clone(&redis))));
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
    }))
}

fn options(config: &Config, address: &str, codec: Codec) -> redis::Options {
    redis::Options { address: address.to_owned(), timeout: config.redis.timeout(), shop: name(codec) }
}

fn script(config: &Config) -> redis::GateScript {
    match config.redis.gate {
        GateScript::Counter => redis::GateScript::Counter,
        GateScript::SortedSet => redis::GateScript::SortedSet,
    }
}

/// How many coupons of each campaign the gate knows of; nothing where there is none, or where it does not answer.
pub(super) fn known_to_gate(config: &Config) -> Result<Option<BTreeMap<CampaignId, i64>>, Error> {
    let Some(address) = config.redis.address() else { return Ok(None) };
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (views, key) = stores::read(config, &runtime)?;
        let redis = Redis::open(options(config, address, Codec::new(key)))?;
        let gate = RedisGate::new(redis, Arc::<dyn Views>::clone(&views), script(config));
        runtime.block_on(async {
            let mut campaigns = vec![];
            loop {
                let page = views.campaigns(campaigns.last().copied(), CAMPAIGNS_AT_ONCE).await?;
                if page.is_empty() {
                    return Ok(gate.known(&campaigns).await);
                }
                campaigns.extend(page.iter().map(|campaign| campaign.id));
            }
        })
    };
    // On another thread, because whoever audits may be awaited himself.
    std::thread::scope(|scope| scope.spawn(ask).join()).map_err(|_panic| Error::Broker("it panicked".to_owned()))?
}
