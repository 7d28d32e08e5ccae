//! What the settings put beside the store: Redis, or nothing.

use std::sync::Arc;

use adapters::redis::{self, Redis, RedisBell, RedisGate, RedisRanking, RedisRates};
use app::ports::{Bell, Clock, Gate, Ranking};
use app::rates::SharedRates;
use app::views::Views;
use domain::ids::{Codec, OrderId};
use prometheus_client::collector::Collector;

use super::Error;
use crate::config::{Config, GateScript};
use crate::metrics::{Condition, RedisMetrics};

pub(super) struct Beside {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) bell: Option<Arc<dyn Bell>>,
    pub(super) ranking: Option<Arc<dyn Ranking>>,
    pub(super) rates: Option<Arc<dyn SharedRates>>,
    pub(super) condition: Option<Box<dyn Collector>>,
}

impl Beside {
    /// The store is alone, with its own gate.
    pub(super) fn nothing(gate: Arc<dyn Gate>) -> Beside {
        Beside { gate, bell: None, ranking: None, rates: None, condition: None }
    }
}

/// Opens Redis where one is set. It need not be there.
pub(super) fn open(
    config: &Config,
    codec: Codec,
    views: &Arc<dyn Views>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Beside>, Error> {
    let Some(address) = config.redis.address() else { return Ok(None) };
    let options = redis::Options {
        address: address.to_owned(),
        timeout: config.redis.timeout(),
        // No order has this number, so its code is a name that only this shop has.
        shop: codec.order(OrderId(0)).to_string(),
    };
    let redis = Redis::open(options)?;
    let script = match config.redis.gate {
        GateScript::Counter => redis::GateScript::Counter,
        GateScript::SortedSet => redis::GateScript::SortedSet,
    };
    let gate = RedisGate::new(Arc::clone(&redis), Arc::<dyn Views>::clone(views), script);
    let bell: Arc<dyn Bell> = Arc::new(RedisBell::new(Arc::clone(&redis)));
    let ranking = RedisRanking::new(Arc::clone(&redis), Arc::<dyn Views>::clone(views), Arc::clone(clock));
    let ranking: Option<Arc<dyn Ranking>> = Some(Arc::new(ranking));
    let rates: Option<Arc<dyn SharedRates>> = Some(Arc::new(RedisRates::new(Arc::clone(&redis))));
    let condition = move || {
        let redis::Condition { works, calls, failures } = redis.condition();
        Condition { works, calls, failures }
    };
    let condition = Box::new(RedisMetrics::new(Box::new(condition)));
    Ok(Some(Beside { gate: Arc::new(gate), bell: Some(bell), ranking, rates, condition: Some(condition) }))
}
