//! Facts about the store and the services of a shop, for `doorbuster doctor`. Nothing is changed.

use adapters::{mysql, redis, sqlite};
use tokio::runtime::{Builder, Runtime};

use super::super::broker;
use super::super::error::Error;
use super::super::redis_services;
use super::super::trailing;
use super::super::webhooks::notifications;
use crate::config::Config;

pub use adapters::kafka::ExaminedTopic;
pub use mysql::Examined as ExaminedDatabase;
pub use redis::{Examined as ExaminedRedis, ExaminedServer as ExaminedRedisServer};
pub use sqlite::Examined as ExaminedFolder;

fn runtime() -> Result<Runtime, Error> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Checks the addresses of all services, and the files of TLS for them, as opening them would. Nothing is sent.
pub fn check_addresses(config: &Config) -> Result<(), Error> {
    if let Some(database) = config.store.database() {
        mysql::check_address(database.address())?;
    }
    notifications::check(&config.notifications).map_err(Error::Notifications)?;
    trailing::sinks(&config.analytics)?;
    match config.redis.address() {
        Some(address) => Ok(redis_services::place(config, address).check()?),
        None => Ok(()),
    }
}

pub fn examine_folder(config: &Config) -> Result<ExaminedFolder, Error> {
    Ok(sqlite::examine(&config.server.data_dir)?)
}

pub fn examine_database(address: &str) -> Result<ExaminedDatabase, Error> {
    Ok(runtime()?.block_on(mysql::examine(address))?)
}

pub fn examine_redis(config: &Config, address: &str) -> Result<ExaminedRedis, Error> {
    Ok(runtime()?.block_on(redis::examine(&redis_services::place(config, address)))?)
}

pub fn examine_topics(config: &Config) -> Result<Vec<ExaminedTopic>, Error> {
    let topics = broker::topics(config)?;
    runtime()?.block_on(topics.examine(&broker::wanted_topics(config))).map_err(Error::Broker)
}

/// Returns a broker's topic name with the shop's prefix.
pub fn topic_name(config: &Config, name: &str) -> String {
    format!("{}{name}", config.kafka.prefix)
}
