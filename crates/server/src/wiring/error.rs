//! Errors of opening a shop.

use std::path::PathBuf;

use adapters::sqlite::DATABASE_FILE;
use adapters::{mysql, redis, sqlite};
use app::ports::StoreError;

/// A shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Embedded(#[from] sqlite::OpenError),
    #[error(
        "{folder} held a shop before: {file} exists, but {DATABASE_FILE} is missing or empty. Restore {DATABASE_FILE} and \
         {DATABASE_FILE}-wal or a backup; set DATABASE_URL if the shop is in a database; choose another folder with \
         --data-dir for a new shop, or use --accept-loss once to create one here"
    )]
    NewBesideOld { folder: PathBuf, file: &'static str },
    #[error(transparent)]
    Mysql(#[from] mysql::OpenError),
    #[error("{cause} (DATABASE_URL names {host})")]
    Database { host: String, cause: Box<Error> },
    #[error(transparent)]
    Redis(#[from] redis::OpenError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(
        "this database was served with another auth secret, and processes with different secrets refuse each other's tokens. Set \
         DOORBUSTER_AUTH_SECRET to that of the other processes; to change it, stop all of them and start one with \
         DOORBUSTER__AUTH__ACCEPT_NEW_SECRET=true"
    )]
    OtherSecret,
    #[error("payments: {0}")]
    Payment(String),
    #[error("another repartition is running; this one has changed nothing")]
    Switching,
    #[error("not every record was handled within {0} s: the relays resume, and nothing was repartitioned")]
    Overdue(u64),
    #[error("the brokers: {0}")]
    Broker(String),
    #[error(
        "this shop is new, but {topic} holds events of another shop ({source_of}): give this shop its own kafka.prefix, or set \
         kafka.accept_foreign = true if both should share topics"
    )]
    ForeignTopics { topic: &'static str, source_of: String },
    #[error("the engine's thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}
