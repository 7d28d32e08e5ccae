//! A store that is only read, beside the processes that serve it.

use std::sync::Arc;

use app::ports::views::Views;
use domain::ids::Codec;
use tokio::runtime::{Builder, Runtime};

use super::{Error, read};
use crate::config::Config;

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
