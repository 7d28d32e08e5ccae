//! The event log on Kafka: every group of the process, each as a member of its consumer group.

use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::{BoxFuture, EventLog, Fetched, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{OffsetKey, Partition};
use domain::ids::OrderId;
use rdkafka::error::KafkaError;

use super::cluster::Cluster;
use super::listener::Listener;
use super::membership::Membership;

pub struct KafkaLog {
    /// A group may have several members here, which share its partitions.
    memberships: Vec<(Group, Membership)>,
    /// The most records of a partition that one fetch returns; `None` leaves it to the reader.
    poll_max: Option<usize>,
    /// The store's log, which knows the groups' offsets.
    offsets: Box<dyn EventLog + Send>,
}

impl KafkaLog {
    /// Joins all groups. `offsets` is the store's own log: it has the groups' offsets and the orders' events.
    pub fn join(
        cluster: &Cluster,
        offsets: Box<dyn EventLog + Send>,
        listener: &Listener,
    ) -> Result<KafkaLog, StoreError> {
        let members = |group: Group| std::iter::repeat_n(group, cluster.members(group).max(1));
        let join = |group: Group| Ok((group, Membership::join(cluster, group, listener.clone())?));
        let memberships: Result<_, KafkaError> = Group::carried().flat_map(members).map(join).collect();
        let memberships = memberships.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(KafkaLog { memberships, poll_max: cluster.overrides.poll_max, offsets })
    }
}

impl EventLog for KafkaLog {
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        Box::pin(async move {
            let mut partitions = vec![];
            for (_, membership) in self.memberships.iter_mut().filter(|(known, _)| *known == group) {
                partitions.extend(membership.partitions(self.offsets.as_mut()).await?);
            }
            Ok(partitions)
        })
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>> {
        self.offsets.position(key)
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        self.offsets.events_of(order)
    }

    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        self.offsets.written(slots)
    }

    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        self.offsets.positions()
    }

    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>> {
        let limit = self.poll_max.unwrap_or(limit);
        let has_partition =
            |(known, membership): &&mut (Group, Membership)| *known == key.group && membership.has(key.partition);
        let membership = self.memberships.iter_mut().find(has_partition);
        let fetched = membership.map(|(_, membership)| membership.fetch(key.partition, from, limit));
        let fetched = fetched.unwrap_or_else(|| Fetched { next: from, ..Fetched::default() });
        Box::pin(std::future::ready(Ok(fetched)))
    }
}
