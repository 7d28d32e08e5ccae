//! Temporary database, topics and Redis keys of a measurement.

use adapters::{mysql, redis};
use domain::ids::Codec;
use tokio::runtime::Builder;

use crate::config::Config;
use crate::wiring::error::Error;
use crate::wiring::{broker, redis_services};

/// Creates the database that the settings name.
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
            redis::forget(&redis_services::place(config, address), &shop).await?;
        }
        Ok(mysql::scratch::delete(database.address()).await?)
    });
    topics.and(forgotten)
}

/// On another thread, because the caller may be inside a runtime.
fn apart<T: Send, E: From<std::io::Error> + Send>(work: impl Future<Output = Result<T, E>> + Send) -> Result<T, E> {
    let run = || Builder::new_current_thread().enable_all().build()?.block_on(work);
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_panic| Err(std::io::Error::other("the thread panicked").into()))
}
