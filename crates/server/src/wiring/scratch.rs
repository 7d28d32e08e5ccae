//! What a measurement has for itself at the services: a database, topics, and what Redis keeps of the shop.

use adapters::{mysql, redis};
use domain::ids::Codec;
use tokio::runtime::Builder;

use super::{Error, broker, redis_services};
use crate::config::Config;

/// Makes the database that the settings name.
pub fn make_database(config: &Config) -> Result<(), Error> {
    let Some(database) = config.store.database() else { return Ok(()) };
    apart(mysql::scratch::create(database.address()))?;
    Ok(())
}

/// Deletes everything that processes with these settings left at the services.
pub fn forget(config: &Config) -> Result<(), Error> {
    let topics = broker::forget_topics(config);
    let Some(database) = config.store.database() else { return topics };
    let forgotten = apart(async {
        let options = mysql::Options { readers: config.store.readers };
        if let Some(address) = config.redis.address() {
            let opened = mysql::open(database.address(), options).await?;
            let shop = redis_services::name(Codec::new(opened.codec_key));
            redis::forget(address, &shop).await?;
        }
        Ok(mysql::scratch::delete(database.address()).await?)
    });
    topics.and(forgotten)
}

/// On another thread, because whoever measures may be awaited himself.
fn apart<T: Send, E: From<std::io::Error> + Send>(work: impl Future<Output = Result<T, E>> + Send) -> Result<T, E> {
    let run = || Builder::new_current_thread().enable_all().build()?.block_on(work);
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_panic| Err(std::io::Error::other("it panicked").into()))
}
