//! Kafka as operators ask about it: how far topics reach, what lies between two offsets, and what its tools are told.

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

use super::client::{Cluster, Quiet};
use super::membership::attribute;

/// Brokers that say nothing for so long are away.
const PATIENCE: Duration = Duration::from_secs(10);
/// The clocks of those who publish differ by less.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// Asks with clients of its own, each for one question, on threads that may block.
#[derive(Clone)]
pub struct KafkaInspector {
    cluster: Cluster,
}

impl ConsumerContext for Quiet {}

type Client = BaseConsumer<Quiet>;
type Answer<T> = Result<T, KafkaError>;

impl KafkaInspector {
    pub const fn new(cluster: Cluster) -> KafkaInspector {
        KafkaInspector { cluster }
    }

    fn ask<T: Send + 'static>(
        &self,
        group: Group,
        ask: impl FnOnce(&KafkaInspector, &Client) -> Answer<T> + Send + 'static,
    ) -> Reading<'_, T> {
        let book = self.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&book, &book.client(group)?));
        Box::pin(async move {
            let answer =
                asked.await.map_err(|_panic| StoreError("the question was not asked to its end".to_owned()))?;
            answer.map_err(|error| StoreError(error.to_string()))
        })
    }

    /// It speaks for the group, and is no member of it.
    fn client(&self, group: Group) -> Answer<Client> {
        self.cluster.consumer(group).create_with_context(Quiet)
    }

    fn name(&self, partition: Partition) -> String {
        self.cluster.prefixed(partition.topic.map_or("", Topic::name))
    }

    /// All partitions of topics that are there.
    fn partitions(&self, client: &Client, topics: &[Topic]) -> Answer<Vec<Partition>> {
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

    /// Every event that is on a topic, of those that were published from a moment on.
    pub fn present(&self, topic: Topic, since: Timestamp) -> Reading<'_, HashSet<EventId>> {
        // No group is spoken for: any will do.
        self.ask(Group::ALL[0], move |book, client| {
            let mut present = HashSet::new();
            // Whoever published may have had another clock.
            let since =
                Timestamp::from_micros(since.micros().saturating_sub(CLOCKS_DIFFER.as_secs() as i64 * 1_000_000));
            for partition in book.partitions(client, &[topic])? {
                let begin = book.first_since(client, partition, since)?;
                let (_, end) = client.fetch_watermarks(&book.name(partition), partition.number, PATIENCE)?;
                let is_whole = book.read(client, (partition, begin..end), |message| {
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

    /// The source of a record that is not this shop's, and the topic that it is on: the last record of each partition is looked at.
    /// What says nothing of where it comes from is nobody's, and so not this shop's.
    pub fn stranger(&self) -> Reading<'_, Option<(Topic, String)>> {
        // No group is spoken for: any will do.
        self.ask(Group::ALL[0], |book, client| {
            for topic in Topic::ALL {
                for partition in book.partitions(client, &[*topic])? {
                    let (begin, end) = client.fetch_watermarks(&book.name(partition), partition.number, PATIENCE)?;
                    let mut source = None;
                    book.read(client, (partition, begin.max(end - 1)..end), |message| {
                        let found = attribute(message, SOURCE_ATTRIBUTE).unwrap_or(cloud_event::SOURCE.as_bytes());
                        source = Some(String::from_utf8_lossy(found).into_owned());
                        false
                    })?;
                    if let Some(source) = source.filter(|source| *source != *book.cluster.source) {
                        return Ok(Some((*topic, source)));
                    }
                }
            }
            Ok(None)
        })
    }

    fn list(&self, places: impl IntoIterator<Item = (Partition, Offset)>) -> Answer<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places {
            list.add_partition_offset(&self.name(partition), partition.number, offset)?;
        }
        Ok(list)
    }

    fn all_extents(&self, client: &Client, group: Group) -> Answer<Vec<Extent>> {
        let partitions = self.partitions(client, &group.topics())?;
        let asked = self.list(partitions.iter().map(|partition| (*partition, Offset::Invalid)))?;
        let committed = client.committed_offsets(asked, PATIENCE)?;
        let mut extents = vec![];
        for partition in partitions {
            let name = self.name(partition);
            let (begin, end) = client.fetch_watermarks(&name, partition.number, PATIENCE)?;
            let told = committed.find_partition(&name, partition.number);
            let committed = told.and_then(|told| told.offset().to_raw()).filter(|offset| *offset >= 0);
            extents.push(Extent { partition, begin, end, committed });
        }
        Ok(extents)
    }

    fn first_since(&self, client: &Client, partition: Partition, moment: Timestamp) -> Answer<i64> {
        let asked = self.list([(partition, Offset::Offset(moment.micros() / 1_000))])?;
        let found = client.offsets_for_times(asked, PATIENCE)?;
        let found = found.find_partition(&self.name(partition), partition.number).map(|found| found.offset());
        if let Some(Offset::Offset(offset)) = found {
            return Ok(offset);
        }
        Ok(client.fetch_watermarks(&self.name(partition), partition.number, PATIENCE)?.1)
    }

    /// Reads a partition between two offsets until `each` has enough. Whether the end was reached; a broker that brings
    /// nothing for long is not waited for.
    fn read(
        &self,
        client: &Client,
        (partition, offsets): (Partition, Range<i64>),
        mut each: impl FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Answer<bool> {
        let (mut next, mut heard) = (offsets.start, Instant::now());
        if next < offsets.end {
            client.assign(&self.list([(partition, Offset::Offset(next))])?)?;
        }
        while next < offsets.end {
            let Some(message) = client.poll(POLL).transpose()? else {
                if heard.elapsed() > PATIENCE {
                    return Ok(false);
                }
                continue;
            };
            (next, heard) = (message.offset() + 1, Instant::now());
            if message.offset() < offsets.end && !each(&message) {
                return Ok(next >= offsets.end);
            }
        }
        Ok(true)
    }

    fn passage(&self, client: &Client, key: OffsetKey, offsets: Range<i64>) -> Answer<Passage> {
        let (mut passage, mut looked_at) = (Passage::default(), 0);
        passage.is_whole = self.read(client, (key.partition, offsets), |message| {
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

/// The record as an event that the group asks for.
fn passed(message: &BorrowedMessage<'_>, key: OffsetKey, source: &str) -> Option<Passed> {
    cloud_event::foreign(attribute(message, SOURCE_ATTRIBUTE), source).is_none().then_some(())?;
    let read = cloud_event::read(|name| attribute(message, name), message.payload());
    let Ok(Read::Event { id, event, at, .. }) = read else { return None };
    let kind = event.kind();
    // A copy for readers outside is passed by nobody who would have to read it.
    if !key.group.subscribes_to(kind) || key.partition.topic != Some(kind.topic()) {
        return None;
    }
    let (aggregate, about) = event.aggregate();
    let order = (aggregate == "order").then(|| about.into_owned());
    Some(Passed { offset: message.offset(), id, kind, key: event.key(), order, at })
}

impl LogInspector for KafkaInspector {
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>> {
        self.ask(group, move |book, client| book.all_extents(client, group))
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        // No group is spoken for: any will do.
        self.ask(Group::ALL[0], move |book, client| book.first_since(client, partition, moment))
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        self.ask(key.group, move |book, client| book.passage(client, key, offsets))
    }

    fn tell(&self, moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        let Some(first) = moves.first() else { return Box::pin(std::future::ready(Ok(()))) };
        self.ask(first.key.group, move |book, client| {
            let list = book.list(moves.iter().map(|moved| (moved.key.partition, Offset::Offset(moved.to))))?;
            match client.commit(&list, CommitMode::Sync) {
                // The group has members, who tell it themselves as soon as they begin there.
                Err(error) if has_members(&error) => Ok(()),
                told => told,
            }
        })
    }
}

fn has_members(error: &KafkaError) -> bool {
    const MEMBERS: [RDKafkaErrorCode; 3] =
        [RDKafkaErrorCode::UnknownMemberId, RDKafkaErrorCode::IllegalGeneration, RDKafkaErrorCode::RebalanceInProgress];
    error.rdkafka_error_code().is_some_and(|code| MEMBERS.contains(&code))
}
