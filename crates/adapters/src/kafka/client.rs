//! How clients of Kafka are set up.

use std::time::Duration;

use app::topic::Topic;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

/// Settings that trade delay for size. All of them wait for every replica in sync and write each record once: no business event
/// is published with less (trap T9 of the sources).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tuning {
    /// Nothing waits for more.
    #[default]
    Prompt,
    /// Source 001: batches of 16 KiB within 5 ms, lz4; readers are given 1 KiB at least.
    Throughput,
    /// Source 002: batches of 16 KiB within 10 ms, snappy; readers are given 1 KiB at least.
    Compact,
}

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

    /// No record is on its way to the broker for longer: the library gives it up by then.
    pub const fn in_flight_max(self) -> Duration {
        match self {
            Tuning::Prompt => Duration::from_secs(30),
            Tuning::Throughput | Tuning::Compact => Duration::from_secs(120),
        }
    }

    const fn consumer(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Tuning::Prompt => &[("fetch.min.bytes", "1")],
            Tuning::Throughput | Tuning::Compact => &[("fetch.min.bytes", "1024"), ("fetch.wait.max.ms", "500")],
        }
    }
}

/// Where the brokers are, and how they are spoken to.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub brokers: String,
    pub tuning: Tuning,
    /// Stands before the name of every topic and group, so that several shops can share brokers.
    pub prefix: String,
}

impl Cluster {
    pub(super) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn topic(&self, prefixed: &str) -> Option<Topic> {
        prefixed.strip_prefix(self.prefix.as_str()).and_then(Topic::from_name)
    }

    pub(super) fn admin(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "doorbuster")
            .set("reconnect.backoff.max.ms", "1000")
            // Partitions would be counted wrongly by whoever makes a topic in passing.
            .set("allow.auto.create.topics", "false");
        config
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.admin();
        config.remove("allow.auto.create.topics");
        self.tuning.producer().iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        config
            // The Java client's: a key has one partition, whoever publishes it.
            .set("partitioner", "murmur2_random")
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("max.in.flight.requests.per.connection", "5");
        config
    }

    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.admin();
        self.tuning.consumer().iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        config
            .set("group.id", self.prefixed(group))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "roundrobin")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "3000")
            // A topic that is made later is found soon.
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("queued.max.messages.kbytes", "16384");
        config
    }
}

/// A client whose troubles are told by what comes of them, not by lines of a library's log.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tuning_gives_up_safety() {
        for tuning in [Tuning::Prompt, Tuning::Throughput, Tuning::Compact] {
            let cluster = Cluster { brokers: "localhost:9092".to_owned(), tuning, prefix: String::new() };
            let (producer, consumer) = (cluster.producer(), cluster.consumer("group"));
            assert_eq!(producer.get("acks"), Some("all"));
            assert_eq!(producer.get("enable.idempotence"), Some("true"));
            assert_eq!(producer.get("partitioner"), Some("murmur2_random"));
            let given_up = tuning.in_flight_max().as_millis().to_string();
            assert_eq!(producer.get("message.timeout.ms"), Some(given_up.as_str()));
            assert_eq!(consumer.get("enable.auto.commit"), Some("false"));
            assert_eq!(consumer.get("auto.offset.reset"), Some("earliest"));
            // Names and values that the library does not know are refused here.
            producer.create_native_config().unwrap();
            consumer.create_native_config().unwrap();
        }
    }
}
