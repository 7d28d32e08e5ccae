//! Kafka's settings, and the roles of a process.

pub(super) mod properties;
pub(super) mod property_keys;

use app::events::topic::Topic;
use serde::{Deserialize, Serialize};

use super::Error;
use super::kafka_clients::{KafkaConsumer, KafkaProducer};
use properties::KafkaProperties;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicProfile {
    Local,
    Production,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    Prompt,
    Throughput,
    Compact,
}

/// The part that publishes the outbox to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayBy {
    Builtin,
    Debezium,
    Off,
}

/// The suffix of dead-letter topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum DeadLetters {
    #[serde(rename = ".dlq")]
    Dot,
    #[serde(rename = "-dlq")]
    Hyphen,
    #[serde(rename = ".DLT")]
    Dlt,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    pub topics: TopicProfile,
    pub partitions: Partitions,
    pub create_topics: bool,
    pub prefix: String,
    pub dead_letters: DeadLetters,
    pub shop: String,
    pub accept_foreign: bool,
    pub tuning: Tuning,
    pub relay: RelayBy,
    pub producer: KafkaProducer,
    pub consumer: KafkaConsumer,
    pub properties: KafkaProperties,
    /// Only from the environment, like all addresses.
    #[serde(skip)]
    pub(super) brokers: Option<String>,
    /// Set by commands that keep what `serve` has chosen.
    #[serde(skip)]
    is_relayed: Option<bool>,
}

impl Kafka {
    /// Returns the brokers' addresses; without them, events stay in the store.
    pub fn brokers(&self) -> Option<&str> {
        self.brokers.as_deref()
    }

    /// Returns true if a relay publishes the shop's events.
    pub fn is_relayed(&self) -> bool {
        self.is_relayed.unwrap_or(self.brokers.is_some())
    }

    /// Sets whether a relay publishes the shop's events, regardless of this process's brokers.
    pub const fn keep_relayed(&mut self, is_relayed: bool) {
        self.is_relayed = Some(is_relayed);
    }

    /// Uses no brokers, even if the environment names some.
    pub fn stay_away(&mut self) {
        self.brokers = None;
    }

    /// Checks the settings in a program that was built with or without Kafka's client.
    pub(super) fn check(&self, has_client: bool) -> Result<(), Error> {
        if self.brokers.is_some() && !has_client {
            return Err(Error::BuiltWithoutKafka);
        }
        let is_allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        if self.prefix.len() > 100 || !self.prefix.chars().all(is_allowed) {
            return Err(Error::KafkaPrefix);
        }
        if self.shop.len() > 100 || !self.shop.chars().all(is_allowed) {
            return Err(Error::KafkaShop);
        }
        self.properties.check(cfg!(feature = "kafka-tls"))?;
        self.producer.check()?;
        self.consumer.check()
    }
}

/// Topics whose partition count differs from the profile: `order-events=32,stock-events=24`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Partitions(Vec<(Topic, i32)>);

/// Only catches typing errors; brokers have lower limits of their own.
const PARTITIONS_MAX: i32 = 10_000;

impl Partitions {
    pub fn of(&self, topic: Topic) -> Option<i32> {
        self.0.iter().find(|(known, _)| *known == topic).map(|(_, partitions)| *partitions)
    }
}

impl std::str::FromStr for Partitions {
    type Err = String;

    fn from_str(text: &str) -> Result<Partitions, String> {
        let mut sizes: Vec<(Topic, i32)> = vec![];
        for size in text.split(',').map(str::trim).filter(|size| !size.is_empty()) {
            let (name, partitions) =
                size.split_once('=').ok_or_else(|| format!("{size:?} is not of the form topic=number"))?;
            let topic = Topic::from_name(name.trim())
                .ok_or_else(|| format!("{:?} is not a topic; `doorbuster topics list` lists them", name.trim()))?;
            let partitions = partitions.trim().parse().ok().filter(|count| (1..=PARTITIONS_MAX).contains(count));
            let partitions = partitions
                .ok_or_else(|| format!("{size:?}: the number of partitions must be from 1 to {PARTITIONS_MAX}"))?;
            if sizes.iter().any(|(known, _)| *known == topic) {
                return Err(format!("{} is given twice", topic.name()));
            }
            sizes.push((topic, partitions));
        }
        Ok(Partitions(sizes))
    }
}

impl TryFrom<String> for Partitions {
    type Error = String;

    fn try_from(text: String) -> Result<Partitions, String> {
        text.parse()
    }
}

impl From<Partitions> for String {
    fn from(partitions: Partitions) -> String {
        let sizes = partitions.0.iter().map(|(topic, count)| format!("{}={count}", topic.name()));
        sizes.collect::<Vec<_>>().join(",")
    }
}

/// The roles of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Roles {
    /// Serves requests.
    pub api: bool,
    /// Handles events.
    pub worker: bool,
    /// Publishes events.
    pub relay: bool,
    /// Sends webhooks.
    pub webhook: bool,
}

impl Roles {
    pub const ALL: Roles = Roles { api: true, worker: true, relay: true, webhook: true };
}

impl std::str::FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        let mut roles = Roles { api: false, worker: false, relay: false, webhook: false };
        for name in text.split(',') {
            match name.trim() {
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "relay" => roles.relay = true,
                "webhook" => roles.webhook = true,
                other => {
                    return Err(format!(
                        "{other:?} is not a role; allowed are api, worker, relay and webhook, separated by commas"
                    ));
                }
            }
        }
        Ok(roles)
    }
}

impl TryFrom<String> for Roles {
    type Error = String;

    fn try_from(text: String) -> Result<Roles, String> {
        text.parse()
    }
}

impl From<Roles> for String {
    fn from(roles: Roles) -> String {
        let names = [(roles.api, "api"), (roles.worker, "worker"), (roles.relay, "relay"), (roles.webhook, "webhook")];
        names.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_topics_survive_their_text() {
        for text in ["", "order-events=6", "order-events=32,stock-events=1"] {
            assert_eq!(String::from(text.parse::<Partitions>().unwrap()), text);
        }
        let sizes: Partitions = " order-events = 6 , ".parse().unwrap();
        assert_eq!((sizes.of(Topic::OrderEvents), sizes.of(Topic::StockEvents)), (Some(6), None));
        for wrong in ["order-events", "orders=6", "order-events=0", "order-events=x", "order-events=1,order-events=2"] {
            assert!(wrong.parse::<Partitions>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn roles_survive_their_text() {
        for text in ["api", "worker", "relay", "api,relay", "api,worker,relay,webhook"] {
            assert_eq!(String::from(text.parse::<Roles>().unwrap()), text);
        }
        assert_eq!(" relay , api".parse(), Ok(Roles { api: true, worker: false, relay: true, webhook: false }));
        assert!("".parse::<Roles>().is_err());
        assert!("api,boss".parse::<Roles>().unwrap_err().contains("boss"));
    }
}
