//! The event log: consumer groups, reactions, trailing groups, the relay to a broker, replay and repartitioning.

pub mod consumer;
pub mod fate;
pub mod group;
pub mod groups;
pub mod reactions;
pub mod received;
pub mod relay;
pub mod repartition;
pub mod replay;
pub mod retry_policy;
pub mod trailing;
pub mod versions;
