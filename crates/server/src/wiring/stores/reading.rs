//! A store that is only read, beside the processes that serve it.

use std::sync::Arc;

use app::ports::views::Views;
use app::state::settings::Executor;
use domain::ids::Codec;
use tokio::runtime::{Builder, Runtime};

use super::{Error, carrier, read, repartition_store};
use crate::config::{self, Config};

pub struct ReadOnlyStore {
    pub runtime: Runtime,
    pub views: Arc<dyn Views>,
    pub codec: Codec,
}

/// Opens the views of the store, which other processes may be serving.
pub fn read_only(config: &Config) -> Result<ReadOnlyStore, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (views, key) = read(config, &runtime)?;
    Ok(ReadOnlyStore { runtime, views, codec: Codec::new(key) })
}

/// Returns the settings with the executor that the shop was served with last. Only `serve` changes it: processes that serve the
/// shop with it may be running, and a command in another shell need not know their settings.
///
/// Where the settings differ, the command reads no log and publishes nothing.
pub fn as_last_served(config: &Config) -> Result<Config, Error> {
    let mut config = config.clone();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let last = std::thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(repartition_store(&config)).map(|(_, last)| last)).join()
    });
    let last = last.map_err(|_panic| std::io::Error::other("the thread that reads the store panicked"))??;
    let Some(last) = last.filter(|last| *last != carrier(&config)) else { return Ok(config) };
    config.engine.executor = match last.executor() {
        Executor::Inline => config::Executor::Inline,
        Executor::Log => config::Executor::Log,
    };
    config.kafka.keep_relayed(last.has_relay());
    (config.server.roles.worker, config.server.roles.relay) = (false, false);
    Ok(config)
}
