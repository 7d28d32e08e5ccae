//! Settings: the compiled-in defaults, overridden by a file, and that by the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod addresses;
mod error;
pub(crate) mod explain;
mod kafka;
mod kafka_clients;
mod layers;
mod limits;
mod orders;
mod payment;
mod redis;
mod render;
mod shop;
mod variables;

pub use error::Error;
pub use kafka::{DeadLetters, Kafka, Partitions, RelayBy, Roles, TopicProfile, Tuning};
pub use kafka_clients::Compression;
pub use limits::{Drops, Limits};
pub use orders::{Canary, Orders};
pub use payment::{Payment, PaymentBy};
pub use redis::{GateScript, Redis};
pub use shop::{
    Alerts, Analytics, Audit, Auth, Jwks, Keep, Login, MailWay, Notifications, Server, Shop, Traces, Way, Webhooks,
    ZoneCalendar, is_log_level,
};
pub(crate) use variables::{ENV_WEBHOOK_KEYS as WEBHOOK_KEYS_VARIABLE, is_read};

use layers::Layers;
use variables::{
    ENV_AUTH_SECRET, ENV_CALLBACK_SECRETS, ENV_CHALLENGE_SECRET, ENV_DATABASE_URL, ENV_GATEWAY_TOKEN,
    ENV_KAFKA_BROKERS, ENV_LOGIN_SECRET, ENV_PAYMENT_KEY, ENV_PREFIX, ENV_REDIS_URL, ENV_SMTP_URL, ENV_WEBHOOK_KEYS,
    Form, OF_TRACES,
};

/// The commented reference of all settings and their defaults.
pub const DEFAULT_TOML: &str = include_str!("../../../config/default.toml");

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub shop: Shop,
    pub server: Server,
    pub admin: Admin,
    pub auth: Auth,
    pub engine: Engine,
    pub store: Store,
    pub kafka: Kafka,
    pub redis: Redis,
    pub orders: Orders,
    pub drops: Drops,
    pub payment: Payment,
    pub webhooks: Webhooks,
    pub alerts: Alerts,
    pub audit: Audit,
    pub notifications: Notifications,
    pub limits: Limits,
    pub points: Points,
    pub idempotency: Idempotency,
    pub keep: Keep,
    pub analytics: Analytics,
    pub log: Log,
    pub traces: Traces,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    pub listen: String,
    pub email: String,
    password: String,
}

impl Admin {
    /// Returns the operator's password; without one, the first start generates one.
    pub fn password(&self) -> Option<&str> {
        Some(self.password.as_str()).filter(|password| !password.is_empty())
    }

    /// Returns the address of the admin endpoints' own listener, if there is one.
    pub fn own_listen(&self) -> Option<&str> {
        Some(self.listen.as_str()).filter(|listen| !listen.is_empty())
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("listen", &self.listen).field("email", &self.email).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Executor {
    Inline,
    Log,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    pub executor: Executor,
    pub batch_max: usize,
    pub queue_max: usize,
    batch_every_us: u64,
    shared_batch_every_us: u64,
    command_deadline_ms: u64,
    pub after_failure: AfterFailure,
}

/// The reaction of a process that cannot do its work any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    End,
    Stay,
}

impl Engine {
    /// Returns the minimum time between the start of two batches, unless the second one is full.
    pub fn batch_every(&self, store: &Store) -> Duration {
        let is_shared = store.database.is_some();
        Duration::from_micros(if is_shared { self.shared_batch_every_us } else { self.batch_every_us })
    }

    pub fn command_deadline(&self) -> Duration {
        Duration::from_millis(self.command_deadline_ms)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    Full,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vfs {
    Gathered,
    System,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub synchronous: Synchronous,
    pub vfs: Vfs,
    pub cache_mib: u32,
    pub readers: usize,
    pub ballast_mib: u32,
    /// Accept a store that has lost commits. Set by a command for one run, and never stored.
    #[serde(skip)]
    pub accept_loss: bool,
    /// Accept pages that were changed while the store was closed. Set by a command for one run, and never stored.
    #[serde(skip)]
    pub accept_damage: bool,
    /// Only from the environment, because it contains a password.
    #[serde(skip)]
    database: Option<DatabaseUrl>,
}

impl Store {
    /// Returns the address of the shared database; without one, the store is a file in the data folder.
    pub fn database(&self) -> Option<&DatabaseUrl> {
        self.database.as_ref()
    }

    /// Uses the embedded store, even if the environment names a database.
    pub fn stay_embedded(&mut self) {
        self.database = None;
    }
}

/// A database address, which is never printed.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn address(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    pub customers_may_charge: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    keep_h: u64,
}

impl Idempotency {
    pub fn keep(&self) -> Duration {
        Duration::from_secs(self.keep_h * 3600)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
    pub access: bool,
}

impl Log {
    /// Refuses unknown levels, which the library would take for module names and then log nothing.
    fn check(&self) -> Result<(), Error> {
        if is_log_level(&self.level) { Ok(()) } else { Err(Error::LogLevel { given: self.level.clone() }) }
    }
}

impl Config {
    /// Reads the settings. The environment is a parameter so that each test has its own.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Config, Error> {
        let mut layers = Layers::of_defaults(DEFAULT_TOML);
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Error::NoFile(file.to_owned()));
            }
            let text = fs::read_to_string(file).map_err(|_| Error::NoFile(file.to_owned()))?;
            layers.add_file(file, &text)?;
        }
        let (mut own, mut files): (BTreeMap<&str, String>, BTreeMap<&str, String>) = Default::default();
        let mut of_traces: BTreeMap<String, String> = BTreeMap::new();
        for (variable, text) in env {
            if let Some((name, form)) = variables::own(&variable) {
                if form == Form::Text { &mut own } else { &mut files }.insert(name, text);
            } else if OF_TRACES.contains(&variable.as_str()) {
                of_traces.insert(variable, text);
            } else if let Some(name) = variable.strip_prefix(ENV_PREFIX) {
                let key = kafka::property_keys::key_of(&name.to_lowercase().replace("__", "."));
                layers.set(&key, text, variable.clone()).ok_or(Error::UnknownVariable { variable })?;
            } else if let Some(meant) = variables::meant(&variable) {
                return Err(Error::MisspeltVariable { variable, meant });
            }
        }
        // A variable that is empty is absent; it may have replaced an earlier one.
        own.retain(|_, text| !text.is_empty());
        files.retain(|_, path| !path.is_empty());
        for (name, path) in files {
            if own.contains_key(name) {
                return Err(Error::SecretTwice { name });
            }
            let text = match variables::read(&path) {
                Ok(text) if text.is_empty() => Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            own.insert(name, text.map_err(|cause| Error::SecretFile { name, path, cause })?);
        }
        let mut config: Config = layers.read()?;
        config.auth.set_secrets(own.remove(ENV_AUTH_SECRET), own.remove(ENV_LOGIN_SECRET));
        config.store.database = own.remove(ENV_DATABASE_URL).map(DatabaseUrl);
        config.kafka.brokers = own.remove(ENV_KAFKA_BROKERS);
        config.redis.set_address(own.remove(ENV_REDIS_URL));
        config.payment.set_secrets(own.remove(ENV_PAYMENT_KEY), own.remove(ENV_CALLBACK_SECRETS));
        config.notifications.set_secrets(own.remove(ENV_SMTP_URL), own.remove(ENV_GATEWAY_TOKEN));
        config.webhooks.set_keys(own.remove(ENV_WEBHOOK_KEYS).as_deref())?;
        config.drops.set_secret(own.remove(ENV_CHALLENGE_SECRET));
        config.traces.set_variables(of_traces);
        config.check()?;
        Ok(config)
    }

    /// Checks the address, and that an embedded store has a single process with all roles. Called after the command line was
    /// applied.
    pub fn check_command_line(&self) -> Result<(), Error> {
        addresses::check_listen("server.listen", &self.server.listen)?;
        let Roles { api, worker, relay, webhook: _ } = self.server.roles;
        if self.store.database().is_none() && !(api && worker && relay) {
            return Err(Error::RolesApart);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        addresses::check_listen("server.listen", &self.server.listen)?;
        self.admin.own_listen().map_or(Ok(()), |listen| addresses::check_listen("admin.listen", listen))?;
        addresses::check_email(&self.admin.email)?;
        self.log.check()?;
        self.server.check(self.admin.own_listen().is_some())?;
        self.payment.check_currency(self.shop.check().map_err(Error::Shop)?)?;
        self.kafka.check(cfg!(feature = "kafka"))?;
        self.orders.check()?;
        self.drops.check()?;
        self.payment.check()?;
        self.analytics.check()?;
        self.webhooks.check()?;
        self.alerts.check(self.webhooks.allow_private)?;
        self.audit.check()?;
        self.notifications.check()?;
        self.auth.check()?;
        self.redis.check()?;
        self.traces.check()?;
        let at_least_one = [
            ("engine.batch_max", self.engine.batch_max as u64),
            ("engine.queue_max", self.engine.queue_max as u64),
            ("engine.command_deadline_ms", self.engine.command_deadline_ms),
            ("store.readers", self.store.readers as u64),
            ("redis.timeout_ms", self.redis.timeout_ms()),
            ("orders.pay_within_s", self.orders.pay_within_s),
            ("orders.step_deadline_s", self.orders.step_deadline_s),
            ("orders.order_deadline_s", self.orders.order_deadline_s),
            ("orders.restorations_max", self.orders.restorations_max.into()),
            ("orders.canary.every_s", self.orders.canary.every_s),
            ("idempotency.keep_h", self.idempotency.keep_h),
        ];
        for (key, given) in at_least_one
            .into_iter()
            .chain(self.server.at_least_one())
            .chain(self.payment.at_least_one())
            .chain(self.drops.at_least_one())
            .chain(self.webhooks.at_least_one())
            .chain(self.alerts.at_least_one())
            .chain(self.notifications.at_least_one())
            .chain(self.auth.at_least_one())
        {
            if given == 0 {
                return Err(Error::OutOfRange { key, given, expected: "at least 1" });
            }
            let (most, expected) = longest(key);
            if given > most {
                return Err(Error::OutOfRange { key, given, expected });
            }
        }
        self.check_ranges()
    }

    fn check_ranges(&self) -> Result<(), Error> {
        let pauses = [
            ("engine.batch_every_us", self.engine.batch_every_us),
            ("engine.shared_batch_every_us", self.engine.shared_batch_every_us),
        ];
        if let Some((key, given)) = pauses.into_iter().find(|(_, given)| *given > 60_000_000) {
            return Err(Error::OutOfRange { key, given, expected: "at most 60000000" });
        }
        if self.server.http_threads > 256 {
            let given = self.server.http_threads as u64;
            return Err(Error::OutOfRange { key: "server.http_threads", given, expected: "at most 256" });
        }
        Ok(())
    }
}

/// The highest value of a setting by its unit: 100 years, because a longer duration overflows when it is added to a time.
fn longest(key: &str) -> (u64, &'static str) {
    if key.ends_with("_s") {
        (3_155_760_000, "at most 3155760000")
    } else if key.ends_with("_h") {
        (876_600, "at most 876600")
    } else {
        (3_155_760_000_000, "at most 3155760000000")
    }
}

#[cfg(test)]
mod tests;
