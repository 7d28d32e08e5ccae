//! Errors of opening a shop.

use std::path::PathBuf;

use adapters::kafka::BrokerError;
use adapters::moving::MoveError;
use adapters::sqlite::DATABASE_FILE;
use adapters::{mysql, redis, sqlite};
use app::ports::StoreError;

use crate::system::io_error;

/// The advice after a failed read or write of the store.
pub const CHECK_THE_STORE: &str = "check that the disk or the database works, then run `doorbuster audit`";
const SEE_REFUSED: &str = "docs/operations.md says how to restore it: \"The shop refuses to open\"";
const USE_NEWER: &str = "use the program that wrote it, or a newer one";
const MIGRATE: &str = "run `doorbuster serve` of this version once, which migrates it; where this is a replica or a copy, do that with the original";
const FINISH_MOVE: &str = "run `doorbuster move` again: it goes on where it was";
const BACK_TO_COPY: &str = "restore the copy that was made before the update, and report the error";

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
    #[error(transparent)]
    Backup(#[from] sqlite::BackupError),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error("a restore into {0} was interrupted, so the folder holds a part of a shop only")]
    HalfRestored(PathBuf),
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
    #[error(
        "processes that serve this database use another executor ({last}): the executor of a shop changes for all of them at once"
    )]
    OtherExecutor { last: &'static str },
    #[error("this shop's amounts are in {stored}, and shop.currency is {wanted}: no amount is converted")]
    OtherCurrency { stored: String, wanted: &'static str },
    #[error("payments: {0}")]
    Payment(String),
    #[error("analytics: {0}")]
    Analytics(String),
    #[error("webhooks: {0}")]
    Webhooks(String),
    #[error("notifications: {0}")]
    Notifications(String),
    #[error("traces: {0}")]
    Traces(String),
    #[error("another repartition is running; this one has changed nothing")]
    Switching,
    #[error("not every record was handled within {0} s: the relays resume, and nothing was repartitioned")]
    Overdue(u64),
    #[error("the brokers: {0}")]
    Broker(BrokerError),
    #[error("kafka.properties: {0}")]
    KafkaProperty(String),
    #[error("KAFKA_BROKERS is not set: this command works on topics of Kafka")]
    NoBrokers,
    #[error(
        "this shop is new, but {topic} holds events of another shop ({source_of}): give this shop its own kafka.prefix, or set \
         kafka.accept_foreign = true if both should share topics"
    )]
    ForeignTopics { topic: &'static str, source_of: String },
    #[error("the engine's thread does not run: {0}")]
    Thread(#[from] std::io::Error),
}

impl Error {
    /// Returns whether there is no shop where the settings say.
    pub const fn is_without_shop(&self) -> bool {
        match self {
            Error::Embedded(sqlite::OpenError::NoShop(_))
            | Error::Backup(sqlite::BackupError::Store(sqlite::OpenError::NoShop(_)))
            | Error::Mysql(mysql::OpenError::NoShop) => true,
            Error::Database { cause, .. } => cause.is_without_shop(),
            Error::Embedded(_)
            | Error::NewBesideOld { .. }
            | Error::Backup(_)
            | Error::Move(_)
            | Error::HalfRestored(_)
            | Error::Mysql(_)
            | Error::Redis(_)
            | Error::Read(_)
            | Error::OtherSecret
            | Error::KafkaProperty(_)
            | Error::OtherExecutor { .. }
            | Error::OtherCurrency { .. }
            | Error::Payment(_)
            | Error::Analytics(_)
            | Error::Webhooks(_)
            | Error::Notifications(_)
            | Error::Traces(_)
            | Error::Switching
            | Error::Overdue(_)
            | Error::Broker(_)
            | Error::NoBrokers
            | Error::ForeignTopics { .. }
            | Error::Thread(_) => false,
        }
    }

    /// Returns true if a service did not answer or took no writes, as a replica before it is promoted: the same command may work later.
    pub const fn is_unavailable(&self) -> bool {
        if let Error::Database { cause, .. } = self {
            return cause.is_unavailable();
        }
        matches!(
            self,
            Error::Mysql(mysql::OpenError::Store(_) | mysql::OpenError::ReadOnly(_))
                | Error::Move(MoveError::Mysql(mysql::OpenError::Store(_) | mysql::OpenError::ReadOnly(_)))
                | Error::Redis(redis::OpenError::Lost(_))
                | Error::Broker(BrokerError::Failed(_))
        )
    }

    /// Returns true if a setting is wrong, or what it names refuses this user: the same command never works.
    pub fn is_setting(&self) -> bool {
        if let Error::Database { cause, .. } = self {
            return cause.is_setting();
        }
        if let Error::Embedded(error) | Error::Move(MoveError::Embedded(error)) = self {
            return matches!(error, sqlite::OpenError::Folder(_, cause) if io_error::is_lasting(cause));
        }
        if let Error::Mysql(error) | Error::Move(MoveError::Mysql(error)) = self {
            use mysql::OpenError::{Address, Denied, NoDatabase};
            return matches!(error, Address(_) | NoDatabase | Denied(_));
        }
        matches!(
            self,
            Error::Redis(redis::OpenError::Address(_) | redis::OpenError::Files(_) | redis::OpenError::Denied(_))
                | Error::Broker(BrokerError::Denied(_))
                | Error::NoBrokers
                | Error::KafkaProperty(_)
                | Error::Analytics(_)
                | Error::Notifications(_)
                | Error::Traces(_)
                | Error::OtherCurrency { .. }
                | Error::OtherExecutor { .. }
        )
    }

    /// Returns what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Error::Embedded(error) => of_folder(error),
            Error::NewBesideOld { .. } => SEE_REFUSED,
            Error::Backup(error) => of_backup(error),
            Error::Move(error) => of_move(error),
            Error::HalfRestored(_) => "run `doorbuster restore` of the backup into it again, or delete the folder",
            Error::Mysql(error) => of_database(error),
            Error::Database { cause, .. } => cause.advice(),
            Error::Redis(redis::OpenError::Address(_) | redis::OpenError::Files(_) | redis::OpenError::Denied(_)) => {
                "correct REDIS_URL and [redis]: docs/cluster.md, and docs/tls.md for TLS"
            }
            Error::Redis(redis::OpenError::Lost(_) | redis::OpenError::Thread(_)) => {
                "start Redis, or correct REDIS_URL and [redis]; without it the shop runs on its store alone"
            }
            Error::Read(_) => CHECK_THE_STORE,
            Error::OtherExecutor { .. } => {
                "set engine.executor and KAFKA_BROKERS as the other processes have them; to change them, stop all processes first: \
                 docs/cluster.md"
            }
            Error::OtherCurrency { .. } => "set shop.currency to the currency of the shop",
            Error::OtherSecret => "set DOORBUSTER_AUTH_SECRET to the secret of the other processes",
            Error::Payment(_) => "correct the settings in [payment]: docs/payments.md",
            Error::Analytics(_) => "correct the settings in [analytics]: docs/analytics.md",
            Error::Notifications(_) => "check the settings of [notifications], and DOORBUSTER_SMTP_URL",
            Error::Traces(_) => "correct [traces] or the variables OTEL_…: docs/settings.md",
            Error::Webhooks(_) => "check this machine's certificates: no HTTPS client could be made",
            Error::Switching => "wait until it is done, then run `doorbuster topics plan`",
            Error::Overdue(_) => "start processes with the role worker, or allow more time with --within",
            Error::Broker(BrokerError::Denied(_)) => {
                "correct kafka.properties, or give the user its rights at the brokers: docs/tls.md"
            }
            Error::Broker(BrokerError::Failed(_)) => {
                "check that the brokers in KAFKA_BROKERS run and can be reached from here, and kafka.properties"
            }
            Error::KafkaProperty(_) => "correct its name or value: the library's CONFIGURATION.md lists them",
            Error::NoBrokers => "set KAFKA_BROKERS to the brokers of the shop: docs/cluster.md",
            Error::ForeignTopics { .. } => "set kafka.prefix to a name of this shop's own",
            Error::Thread(_) => "check this machine's limits of threads and memory",
        }
    }
}

const fn of_folder(error: &sqlite::OpenError) -> &'static str {
    match error {
        sqlite::OpenError::SqliteTooOld { .. } => "build the program with its own copy of SQLite",
        sqlite::OpenError::SchemaTooNew { .. } => USE_NEWER,
        sqlite::OpenError::SchemaTooOld { .. } => MIGRATE,
        sqlite::OpenError::LogBesideReadOnly(_) => {
            "copy the whole folder to a place where this user may write, and pass the copy with --data-dir"
        }
        sqlite::OpenError::NoShop(_) => {
            "pass the shop's folder with --data-dir, or create a shop with `doorbuster serve`"
        }
        sqlite::OpenError::InUse(_) => "stop the process that serves it, or choose another folder with --data-dir",
        sqlite::OpenError::HalfMoved(_) => FINISH_MOVE,
        sqlite::OpenError::Lost(_) | sqlite::OpenError::Cut { .. } => SEE_REFUSED,
        sqlite::OpenError::Migration(_) => BACK_TO_COPY,
        sqlite::OpenError::Sqlite(_) => "copy the whole folder away, then check the disk and run `doorbuster audit`",
        sqlite::OpenError::Folder(..) => "check the folder's disk, owner and permissions",
        sqlite::OpenError::Random(_) => "check the system's random number generator",
    }
}

const fn of_database(error: &mysql::OpenError) -> &'static str {
    match error {
        mysql::OpenError::Address(_) | mysql::OpenError::NoDatabase => {
            "correct DATABASE_URL: mysql://user:password@host:3306/name (with TLS: docs/tls.md)"
        }
        mysql::OpenError::HalfMoved => FINISH_MOVE,
        mysql::OpenError::SchemaTooNew { .. } => USE_NEWER,
        mysql::OpenError::SchemaTooOld { .. } => MIGRATE,
        mysql::OpenError::NoShop => "correct the name in DATABASE_URL, or create a shop with `doorbuster serve`",
        mysql::OpenError::Migration(_) => BACK_TO_COPY,
        mysql::OpenError::Denied(_) => {
            "correct user, password and name of the database in DATABASE_URL, or the user's rights there (with TLS: docs/tls.md)"
        }
        mysql::OpenError::ReadOnly(_) => {
            "name the primary in DATABASE_URL; from a replica, `audit`, `export` and the commands that list and show read only"
        }
        mysql::OpenError::Store(_) => {
            "check that the database runs at the address in DATABASE_URL, and can be reached from here"
        }
        mysql::OpenError::Random(_) => "check the system's random number generator",
        mysql::OpenError::Thread(_) => "check this machine's limits of threads and memory",
    }
}

const fn of_backup(error: &sqlite::BackupError) -> &'static str {
    match error {
        sqlite::BackupError::Store(error) => of_folder(error),
        sqlite::BackupError::Sqlite(_) | sqlite::BackupError::File(..) => {
            "check the disk, its free space and the permissions, then run the command again"
        }
        sqlite::BackupError::Busy(_) => "wait until that process has finished, or choose another file",
        sqlite::BackupError::NotReplaced(_) => "choose another name, or move that file away",
        sqlite::BackupError::NoBackup(_) | sqlite::BackupError::Damaged(_) => {
            "use another backup; `doorbuster backup FILE` writes them"
        }
        sqlite::BackupError::NotEmpty { .. } => "choose an empty or a new folder with --data-dir",
    }
}

const fn of_move(error: &MoveError) -> &'static str {
    match error {
        MoveError::Embedded(error) => of_folder(error),
        MoveError::Mysql(error) => of_database(error),
        MoveError::Sqlite(_) | MoveError::File(..) => {
            "check the disk and the permissions, then run the command again: it goes on where it was"
        }
        MoveError::DatabaseNotEmpty(_) => "create a new database for the shop and name it",
        MoveError::FolderNotEmpty { .. } => "choose an empty or a new folder with --data-dir",
        MoveError::SourceChanged => "empty the destination and begin again; the source is whole",
        MoveError::InUse(_) => "stop all processes of the shop",
        MoveError::Archived => {
            "a shop is moved before its events are archived; restore a backup from before that, or leave it where it is"
        }
        MoveError::Lagging { .. } => {
            "start a process with the role worker until `doorbuster groups list` shows no lag, stop it, and run the command again"
        }
        MoveError::Unlike(_) | MoveError::Count { .. } | MoveError::Heads => {
            "report the error; the source is whole, and the destination is not served"
        }
    }
}
