//! Apache Kafka as the event log: the relay publishes the outbox to topics, and consumer groups read them.
//!
//! The store stays the truth: where a group stands is written in the commit of what it did, and a reader begins there. What
//! Kafka is told about offsets is for its tools alone.

mod client;
mod inspector;
mod log;
mod membership;
mod publisher;
mod topics;

pub use client::{Cluster, GroupShape, Overrides, Tuning};
pub use inspector::KafkaInspector;
pub use log::KafkaLog;
pub use membership::Listener;
pub use publisher::KafkaPublisher;
pub use topics::{Difference, Plan, Topics};
