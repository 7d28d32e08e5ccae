//! Apache Kafka as the event log: the relay publishes the outbox to topics, and consumer groups read them.
//!
//! The store stays the source of truth: a group's offset is written in the commit of its effect, and a reader starts
//! from there. Offsets are committed to Kafka only for Kafka's own tools.

#[cfg(not(feature = "kafka"))]
mod absent;
#[cfg(feature = "kafka")]
mod client;
mod cluster;
#[cfg(feature = "kafka")]
mod examination;
#[cfg(feature = "kafka")]
mod inspector;
mod listener;
#[cfg(feature = "kafka")]
mod log;
#[cfg(feature = "kafka")]
mod membership;
mod plan;
#[cfg(feature = "kafka")]
mod publisher;
#[cfg(feature = "kafka")]
mod refusal;
#[cfg(feature = "kafka")]
mod topics;

#[cfg(not(feature = "kafka"))]
pub use absent::{KafkaInspector, KafkaLog, KafkaPublisher, Topics};
pub use cluster::{Cluster, GroupShape, Overrides, Tuning};
#[cfg(feature = "kafka")]
pub use inspector::KafkaInspector;
pub use listener::Listener;
#[cfg(feature = "kafka")]
pub use log::KafkaLog;
pub use plan::{BrokerError, Difference, ExaminedTopic, Plan};
#[cfg(feature = "kafka")]
pub use publisher::KafkaPublisher;
#[cfg(feature = "kafka")]
pub use topics::Topics;
