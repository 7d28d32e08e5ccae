//! Apache Kafka as the event log: the relay publishes the outbox to topics, and consumer groups read them.
//!
//! The store stays the source of truth: a group's offset is written in the commit of its effect, and a reader starts
//! from there. Offsets are committed to Kafka only for Kafka's own tools.

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
