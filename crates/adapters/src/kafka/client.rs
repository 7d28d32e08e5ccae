//! Configuration of Kafka clients.

use app::events::topic::Topic;
use app::log::reactions::Group;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

use super::cluster::{Cluster, Overrides, Tuning};

impl Tuning {
    const fn producer(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Tuning::Prompt => &[("linger.ms", "0"), ("message.timeout.ms", "30000")],
            Tuning::Throughput => &[
                ("linger.ms", "5"),
                ("batch.size", "16384"),
                ("queue.buffering.max.kbytes", "32768"),
                ("compression.codec", "lz4"),
                ("message.timeout.ms", "120000"),
            ],
            Tuning::Compact => &[
                ("linger.ms", "10"),
                ("batch.size", "16384"),
                ("queue.buffering.max.kbytes", "32768"),
                ("compression.codec", "snappy"),
                ("request.timeout.ms", "30000"),
                ("message.timeout.ms", "120000"),
            ],
        }
    }

    const fn consumer(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Tuning::Prompt => &[("fetch.min.bytes", "1")],
            Tuning::Throughput | Tuning::Compact => &[("fetch.min.bytes", "1024"), ("fetch.wait.max.ms", "500")],
        }
    }
}

impl Overrides {
    fn producer(&self) -> impl Iterator<Item = (&'static str, String)> {
        let set = [
            ("compression.codec", self.compression.map(str::to_owned)),
            ("linger.ms", self.linger_ms.map(|value| value.to_string())),
            ("batch.size", self.batch_bytes.map(|value| value.to_string())),
            ("queue.buffering.max.kbytes", self.buffer_kb.map(|value| value.to_string())),
        ];
        set.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    fn consumer(&self) -> impl Iterator<Item = (&'static str, String)> {
        let set = [("fetch.min.bytes", self.fetch_min_bytes), ("fetch.wait.max.ms", self.fetch_wait_ms)];
        set.into_iter().filter_map(|(key, value)| Some((key, value?.to_string())))
    }
}

impl Cluster {
    /// Checks the library's own settings, before anything is sent.
    ///
    /// # Errors
    ///
    /// The name of a setting that the library refuses, and its reason, without the value: it may be a secret.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in &self.properties {
            let mut config = ClientConfig::new();
            config.set(name, value);
            if let Err(KafkaError::ClientConfig(_, why, _, _)) = config.create_native_config() {
                let why = if value.is_empty() { why } else { why.replace(value.as_str(), "…") };
                return Err(format!("{name}: {why}"));
            }
        }
        Ok(())
    }

    pub(super) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name of a group on the brokers.
    pub(super) fn group(&self, group: Group) -> String {
        let name = self.groups.get(&group).and_then(|shape| shape.name.as_deref());
        self.prefixed(name.unwrap_or(group.name()))
    }

    /// Number of members of a group in this process.
    pub(super) fn members(&self, group: Group) -> usize {
        self.groups.get(&group).map_or(1, |shape| shape.members)
    }

    pub(super) fn topic(&self, prefixed: &str) -> Option<Topic> {
        prefixed.strip_prefix(self.prefix.as_str()).and_then(Topic::from_name)
    }

    pub(super) fn admin(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "doorbuster")
            .set("reconnect.backoff.max.ms", "1000");
        self.set_properties(&mut config);
        config
            // Topics created on first use would have the wrong number of partitions.
            .set("allow.auto.create.topics", "false");
        config
    }

    /// Called after the tuning, which these settings replace, and before the settings that nothing replaces.
    fn set_properties(&self, config: &mut ClientConfig) {
        self.properties.iter().for_each(|(name, value)| {
            config.set(name, value);
        });
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.admin();
        config.remove("allow.auto.create.topics");
        self.tuning.producer().iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        self.overrides.producer().for_each(|(key, value)| {
            config.set(key, value);
        });
        self.set_properties(&mut config);
        config
            // The Java client's partitioner: a key has the same partition with every producer.
            .set("partitioner", "murmur2_random")
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("max.in.flight.requests.per.connection", "5");
        config
    }

    pub(super) fn consumer(&self, group: Group) -> ClientConfig {
        let mut config = self.admin();
        self.tuning.consumer().iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        self.overrides.consumer().for_each(|(key, value)| {
            config.set(key, value);
        });
        self.set_properties(&mut config);
        config
            .set("group.id", self.group(group))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "roundrobin")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "3000")
            // New topics are found within five seconds.
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("queued.max.messages.kbytes", "16384");
        config
    }
}

/// A client context that logs nothing: the callers report failures themselves.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::cluster::GroupShape;
    use super::*;

    #[test]
    fn every_tuning_is_safe() {
        for tuning in [Tuning::Prompt, Tuning::Throughput, Tuning::Compact] {
            let cluster = Cluster { brokers: "localhost:9092".to_owned(), tuning, ..Cluster::default() };
            let (producer, consumer) = (cluster.producer(), cluster.consumer(Group::Ranking));
            assert_eq!(producer.get("acks"), Some("all"));
            assert_eq!(producer.get("enable.idempotence"), Some("true"));
            assert_eq!(producer.get("partitioner"), Some("murmur2_random"));
            let dropped_after = tuning.in_flight_max().as_millis().to_string();
            assert_eq!(producer.get("message.timeout.ms"), Some(dropped_after.as_str()));
            assert_eq!(consumer.get("enable.auto.commit"), Some("false"));
            assert_eq!(consumer.get("auto.offset.reset"), Some("earliest"));
            // The library refuses unknown names and values here.
            producer.create_native_config().unwrap();
            consumer.create_native_config().unwrap();
        }
    }

    #[test]
    fn properties_replace_the_tuning_and_no_guarantee() {
        let given = [("linger.ms", "9"), ("acks", "0"), ("enable.auto.commit", "true"), ("security.protocol", "SSL")];
        let properties = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let cluster = Cluster { tuning: Tuning::Throughput, properties, ..Cluster::default() };
        let (producer, consumer) = (cluster.producer(), cluster.consumer(Group::Stock));
        assert_eq!((producer.get("linger.ms"), producer.get("acks")), (Some("9"), Some("all")));
        assert_eq!(consumer.get("enable.auto.commit"), Some("false"));
        assert_eq!(
            [producer, consumer, cluster.admin()].map(|it| it.get("security.protocol") == Some("SSL")),
            [true; 3]
        );
    }

    #[test]
    fn overrides_replace_the_tuning() {
        let overrides = Overrides {
            compression: Some("snappy"),
            linger_ms: Some(7),
            batch_bytes: Some(32_768),
            buffer_kb: Some(65_536),
            fetch_min_bytes: Some(2_048),
            fetch_wait_ms: Some(250),
            poll_max: Some(500),
        };
        let shape = GroupShape { name: Some("ecommerce-group".to_owned()), members: 10 };
        let groups = BTreeMap::from([(Group::Stock, shape)]);
        let prefix = "shop.".to_owned();
        let cluster = Cluster { tuning: Tuning::Throughput, prefix, overrides, groups, ..Cluster::default() };
        let producer = cluster.producer();
        for (key, value) in [
            ("compression.codec", "snappy"),
            ("linger.ms", "7"),
            ("batch.size", "32768"),
            ("queue.buffering.max.kbytes", "65536"),
            ("acks", "all"),
        ] {
            assert_eq!(producer.get(key), Some(value), "{key}");
        }
        let consumer = cluster.consumer(Group::Stock);
        for (key, value) in
            [("group.id", "shop.ecommerce-group"), ("fetch.min.bytes", "2048"), ("fetch.wait.max.ms", "250")]
        {
            assert_eq!(consumer.get(key), Some(value), "{key}");
        }
        assert_eq!((cluster.members(Group::Stock), cluster.members(Group::Coupon)), (10, 1));
        producer.create_native_config().unwrap();
        consumer.create_native_config().unwrap();
    }
}
