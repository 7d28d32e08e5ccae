//! Errors of the settings.

use std::path::PathBuf;

use super::variables::{ENV_DATABASE_URL, ENV_KAFKA_BROKERS, ENV_PAYMENT_KEY, ENV_WEBHOOK_KEYS, FILE};
use super::{explain, layers};
use crate::system::{io_error, shown_url};

/// The settings cannot be used; each error names the key and its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the settings file {0} cannot be read")]
    NoFile(PathBuf),
    #[error("{variable} is not a known setting; `doorbuster config --default` lists them all")]
    UnknownVariable { variable: String },
    #[error("{variable} is not a known setting; did you mean {meant}?")]
    MisspeltVariable { variable: String, meant: String },
    #[error("{}", explain::of(.0))]
    Invalid(Box<layers::Invalid>),
    #[error(
        "{key} = {:?} is not an address; use host:port, such as 127.0.0.1:8080 or [::1]:8080",
        shown_url::of(given)
    )]
    Listen { key: &'static str, given: String },
    #[error("admin.email = {given:?} is not an e-mail address")]
    Email { given: String },
    #[error(
        "payment.url must be an address such as https://api.stripe.com; http:// is allowed for 127.0.0.1, [::1] and localhost only, \
         because the secret key is sent to it"
    )]
    PaymentUrl,
    #[error(
        "the embedded store belongs to one process with all roles: to run roles in separate processes, set {ENV_DATABASE_URL}"
    )]
    RolesApart,
    #[error(
        "{ENV_KAFKA_BROKERS} is set, but this program was built without kafka: unset it, or build with the cargo feature `kafka`"
    )]
    BuiltWithoutKafka,
    #[error("kafka.prefix may contain at most 100 letters, digits, '.', '_' and '-'")]
    KafkaPrefix,
    #[error(
        "kafka.consumer.names gives two groups the same name, so each would take the other's events; give each its own"
    )]
    GroupNames,
    #[error(
        "alerts.url must be empty, or an address that begins with https://, or with http:// where webhooks.allow_private is set"
    )]
    AlertsUrl,
    #[error("{0}")]
    Shop(String),
    #[error("kafka.shop may contain at most 100 letters, digits, '.', '_' and '-'")]
    KafkaShop,
    #[error("redis.cert_file and redis.key_file belong together: set both, or none")]
    RedisIdentity,
    #[error("kafka.properties must not contain {name}: {why}")]
    KafkaProperty { name: String, why: &'static str },
    #[error(
        "kafka.properties asks for {value}, but this program was built without it: build with the cargo feature `kafka-tls`"
    )]
    BuiltWithoutKafkaTls { value: String },
    #[error("payment.provider = \"http\" needs the account's secret key in {ENV_PAYMENT_KEY}")]
    NoPaymentKey,
    #[error(
        "log.level = {given:?} is invalid; use one of error, warn, info, debug, trace or off, or a filter such as \"info,server=debug\""
    )]
    LogLevel { given: String },
    #[error("{0}")]
    Notifications(&'static str),
    #[error("{0}")]
    Jwks(&'static str),
    #[error("{0}")]
    Login(&'static str),
    #[error("{ENV_WEBHOOK_KEYS}: {0}")]
    WebhookKeys(String),
    #[error("{name} and {name}{FILE} are both set; unset one of them")]
    SecretTwice { name: &'static str },
    #[error("{name}{FILE} names {path}, which cannot be read: {}", io_error::of(cause))]
    SecretFile { name: &'static str, path: String, cause: std::io::Error },
    #[error("{0}")]
    Drops(&'static str),
    #[error("{variable} is not UTF-8 text; set it again")]
    NotText { variable: String },
    #[error("{key} = {given} is out of range: {expected}")]
    OutOfRange { key: &'static str, given: u64, expected: &'static str },
}

impl From<layers::Invalid> for Error {
    fn from(invalid: layers::Invalid) -> Error {
        Error::Invalid(Box::new(invalid))
    }
}
