//! Kafka as operators inspect it: extents of partitions, the events between two offsets, and offsets committed for
//! Kafka's tools.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use app::events::cloud_event::{self, Read, SOURCE_ATTRIBUTE};
use app::events::outbox::parse_uuid;
use app::events::topic::Topic;
use app::log::groups::{COUNTED_MAX, Extent, LogInspector, Passage, Passed, SHOWN_MAX};
use app::log::reactions::Group;
use app::ports::StoreError;
use app::ports::views::Reading;
use app::state::rows::{EventId, OffsetKey, OffsetMove, Partition};
use domain::time::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::client::Quiet;
use super::cluster::Cluster;
use super::membership::attribute;

/// Time-out of one call to the brokers, and of a read without records.
const PATIENCE: Duration = Duration::from_secs(10);
/// The clocks of publishers differ by less than this.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// Queries the brokers with a client of its own for each call, on threads that may block.
#[derive(Clone)]
pub struct KafkaInspector {
    cluster: Cluster,
}

impl ConsumerContext for Quiet {}

type Client = BaseConsumer<Quiet>;
type KafkaResult<T> = Result<T, KafkaError>;

impl KafkaInspector {
    pub const fn new(cluster: Cluster) -> KafkaInspector {
        KafkaInspector { cluster }
    }

    fn ask<T: Send + 'static>(
        &self,
        group: Group,
        ask: impl FnOnce(&KafkaInspector, &Client) -> KafkaResult<T> + Send + 'static,
    ) -> Reading<'_, T> {
        let inspector = self.clone();
        let call = tokio::task::spawn_blocking(move || ask(&inspector, &inspector.client(group)?));
        Box::pin(async move {
            let answer =
                call.await.map_err(|_panic| StoreError::Failed("the call to the brokers was aborted".to_owned()))?;
            answer.map_err(|error| StoreError::Failed(error.to_string()))
        })
    }

    /// A client that uses the group's id without being a member of the group.
    fn client(&self, group: Group) -> KafkaResult<Client> {
        self.cluster.consumer(group).create_with_context(Quiet)
    }

    fn name(&self, partition: Partition) -> String {
        self.cluster.prefixed(partition.topic.map_or("", Topic::name))
    }

    /// Returns all partitions of the given topics.
    fn partitions(&self, client: &Client, topics: &[Topic]) -> KafkaResult<Vec<Partition>> {
        let mut found = vec![];
        for topic in topics {
            let name = self.cluster.prefixed(topic.name());
            let metadata = client.fetch_metadata(Some(&name), PATIENCE)?;
            let of_topic = metadata.topics().iter().flat_map(|topic| topic.partitions());
            found.extend(of_topic.map(|partition| Partition { topic: Some(*topic), number: partition.id() }));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Returns the ids of the events on a topic that were published at or after `since`.
    pub fn present(&self, topic: Topic, since: Timestamp) -> Reading<'_, HashSet<EventId>> {
        // Any group will do: nothing is committed.
        self.ask(Group::ALL[0], move |inspector, client| {
            let mut present = HashSet::new();
            // Publishers' clocks may differ from this machine's.
            let since =
                Timestamp::from_micros(since.micros().saturating_sub(CLOCKS_DIFFER.as_secs() as i64 * 1_000_000));
            for partition in inspector.partitions(client, &[topic])? {
                let begin = inspector.first_since(client, partition, since)?;
                let (_, end) = client.fetch_watermarks(&inspector.name(partition), partition.number, PATIENCE)?;
                let is_whole = inspector.read(client, partition, begin..end, |message| {
                    let id = attribute(message, "ce_id").and_then(|id| std::str::from_utf8(id).ok());
                    present.extend(id.and_then(parse_uuid).map(EventId));
                    true
                })?;
                if !is_whole {
                    return Err(KafkaError::Global(RDKafkaErrorCode::OperationTimedOut));
                }
            }
            Ok(present)
        })
    }

    /// Returns the source of a record that is not this shop's, and its topic. Only the last record of each partition is
    /// read. A record that names no source has the default source.
    pub fn stranger(&self) -> Reading<'_, Option<(Topic, String)>> {
        // Any group will do: nothing is committed.
        self.ask(Group::ALL[0], |inspector, client| {
            for topic in Topic::ALL {
                for partition in inspector.partitions(client, &[*topic])? {
                    let (begin, end) =
                        client.fetch_watermarks(&inspector.name(partition), partition.number, PATIENCE)?;
                    let mut source = None;
                    inspector.read(client, partition, begin.max(end - 1)..end, |message| {
                        let found = attribute(message, SOURCE_ATTRIBUTE).unwrap_or(cloud_event::SOURCE.as_bytes());
                        source = Some(String::from_utf8_lossy(found).into_owned());
                        false
                    })?;
                    if let Some(source) = source.filter(|source| *source != *inspector.cluster.source) {
                        return Ok(Some((*topic, source)));
                    }
                }
            }
            Ok(None)
        })
    }

    fn list(&self, places: impl IntoIterator<Item = (Partition, Offset)>) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places {
            list.add_partition_offset(&self.name(partition), partition.number, offset)?;
        }
        Ok(list)
    }

    fn all_extents(&self, client: &Client, group: Group) -> KafkaResult<Vec<Extent>> {
        let partitions = self.partitions(client, &group.topics())?;
        let asked = self.list(partitions.iter().map(|partition| (*partition, Offset::Invalid)))?;
        let committed = client.committed_offsets(asked, PATIENCE)?;
        let mut extents = vec![];
        for partition in partitions {
            let name = self.name(partition);
            let (begin, end) = client.fetch_watermarks(&name, partition.number, PATIENCE)?;
            let found = committed.find_partition(&name, partition.number);
            let committed = found.and_then(|found| found.offset().to_raw()).filter(|offset| *offset >= 0);
            extents.push(Extent { partition, begin, end, committed });
        }
        Ok(extents)
    }

    fn first_since(&self, client: &Client, partition: Partition, moment: Timestamp) -> KafkaResult<i64> {
        let asked = self.list([(partition, Offset::Offset(moment.micros() / 1_000))])?;
        let found = client.offsets_for_times(asked, PATIENCE)?;
        let found = found.find_partition(&self.name(partition), partition.number).map(|found| found.offset());
        if let Some(Offset::Offset(offset)) = found {
            return Ok(offset);
        }
        Ok(client.fetch_watermarks(&self.name(partition), partition.number, PATIENCE)?.1)
    }

    /// Reads a partition between two offsets until `each` returns `false`. Returns whether the end was reached; stops
    /// after `PATIENCE` without a record.
    fn read(
        &self,
        client: &Client,
        partition: Partition,
        offsets: Range<i64>,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> KafkaResult<bool> {
        let (mut next, mut received_at) = (offsets.start, Instant::now());
        if next < offsets.end {
            client.assign(&self.list([(partition, Offset::Offset(next))])?)?;
        }
        while next < offsets.end {
            let Some(message) = client.poll(POLL).transpose()? else {
                if received_at.elapsed() > PATIENCE {
                    return Ok(false);
                }
                continue;
            };
            (next, received_at) = (message.offset() + 1, Instant::now());
            if message.offset() < offsets.end && !each(&message) {
                return Ok(next >= offsets.end);
            }
        }
        Ok(true)
    }

    fn passage(&self, client: &Client, key: OffsetKey, offsets: Range<i64>) -> KafkaResult<Passage> {
        let (mut passage, mut looked_at) = (Passage::default(), 0);
        passage.is_whole = self.read(client, key.partition, offsets, |message| {
            looked_at += 1;
            if let Some(passed) = passed(message, key, &self.cluster.source) {
                passage.events += 1;
                passage.shown.extend((passage.shown.len() < SHOWN_MAX).then_some(passed));
            }
            looked_at < COUNTED_MAX
        })?;
        Ok(passage)
    }
}

/// Returns the record as an event, if the group subscribes to it.
fn passed(message: &BorrowedMessage<'_>, key: OffsetKey, source: &str) -> Option<Passed> {
    cloud_event::foreign(attribute(message, SOURCE_ATTRIBUTE), source).is_none().then_some(())?;
    let read = cloud_event::read(|name| attribute(message, name), message.payload());
    let Ok(Read::Event { id, event, at, .. }) = read else { return None };
    let kind = event.kind();
    // The group reads the event on its own topic, not its copy for external readers.
    if !key.group.subscribes_to(kind) || key.partition.topic != Some(kind.topic()) {
        return None;
    }
    let (aggregate, about) = event.aggregate();
    let order = (aggregate == "order").then(|| about.into_owned());
    Some(Passed { offset: message.offset(), id, kind, key: event.key(), order, at })
}

impl LogInspector for KafkaInspector {
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>> {
        self.ask(group, move |inspector, client| inspector.all_extents(client, group))
    }

    fn topics(&self) -> Reading<'_, Vec<Extent>> {
        // Any group will do: nothing is committed.
        self.ask(Group::ALL[0], |inspector, client| {
            let extent = |partition: Partition| {
                let (begin, end) = client.fetch_watermarks(&inspector.name(partition), partition.number, PATIENCE)?;
                Ok(Extent { partition, begin, end, committed: None })
            };
            inspector.partitions(client, Topic::ALL)?.into_iter().map(extent).collect()
        })
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        // Any group will do: nothing is committed.
        self.ask(Group::ALL[0], move |inspector, client| inspector.first_since(client, partition, moment))
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        self.ask(key.group, move |inspector, client| inspector.passage(client, key, offsets))
    }

    fn members(&self, group: Group) -> Reading<'_, Option<i64>> {
        self.ask(group, move |inspector, client| {
            let name = inspector.cluster.group(group);
            let found = client.fetch_group_list(Some(&name), PATIENCE)?;
            let members =
                found.groups().iter().find(|known| known.name() == name).map_or(0, |known| known.members().len());
            Ok(Some(i64::try_from(members).unwrap_or(i64::MAX)))
        })
    }

    fn publish_offsets(&self, moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        let Some(first) = moves.first() else { return Box::pin(std::future::ready(Ok(()))) };
        self.ask(first.key.group, move |inspector, client| {
            let list = inspector.list(moves.iter().map(|moved| (moved.key.partition, Offset::Offset(moved.to))))?;
            match client.commit(&list, CommitMode::Sync) {
                // The group has members, which commit the offset themselves as soon as they start there.
                Err(error) if has_members(&error) => Ok(()),
                done => done,
            }
        })
    }
}

fn has_members(error: &KafkaError) -> bool {
    const MEMBERS: [RDKafkaErrorCode; 3] =
        [RDKafkaErrorCode::UnknownMemberId, RDKafkaErrorCode::IllegalGeneration, RDKafkaErrorCode::RebalanceInProgress];
    error.rdkafka_error_code().is_some_and(|code| MEMBERS.contains(&code))
}
