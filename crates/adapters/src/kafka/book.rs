//! Kafka as operators ask about it: how far topics reach, what lies between two offsets, and what its tools are told.

use std::ops::Range;
use std::time::{Duration, Instant};

use app::cloud_event::{self, Read};
use app::groups::{COUNTED_MAX, Extent, LogBook, Passage, Passed, SHOWN_MAX};
use app::ports::StoreError;
use app::reactions::Group;
use app::rows::{OffsetKey, OffsetMove, Partition};
use app::topic::Topic;
use app::views::Reading;
use domain::time::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{Cluster, Quiet};
use super::membership::attribute;

/// Brokers that say nothing for so long are away.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// Asks with clients of its own, each for one question, on threads that may block.
#[derive(Clone)]
pub struct KafkaBook {
    cluster: Cluster,
}

impl ConsumerContext for Quiet {}

type Client = BaseConsumer<Quiet>;
type Answer<T> = Result<T, KafkaError>;

impl KafkaBook {
    pub const fn new(cluster: Cluster) -> KafkaBook {
        KafkaBook { cluster }
    }

    fn ask<T: Send + 'static>(
        &self,
        group: Group,
        ask: impl FnOnce(&KafkaBook, &Client) -> Answer<T> + Send + 'static,
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
        self.cluster.consumer(group.name()).create_with_context(Quiet)
    }

    fn name(&self, partition: Partition) -> String {
        self.cluster.prefixed(partition.topic.map_or("", Topic::name))
    }

    /// All partitions of a group's topics that are there.
    fn partitions(&self, client: &Client, group: Group) -> Answer<Vec<Partition>> {
        let mut found = vec![];
        for topic in group.topics() {
            let name = self.cluster.prefixed(topic.name());
            let metadata = client.fetch_metadata(Some(&name), PATIENCE)?;
            let of_topic = metadata.topics().iter().flat_map(|topic| topic.partitions());
            found.extend(of_topic.map(|partition| Partition { topic: Some(topic), number: partition.id() }));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn list(&self, places: impl IntoIterator<Item = (Partition, Offset)>) -> Answer<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places {
            list.add_partition_offset(&self.name(partition), partition.number, offset)?;
        }
        Ok(list)
    }

    fn all_extents(&self, client: &Client, group: Group) -> Answer<Vec<Extent>> {
        let partitions = self.partitions(client, group)?;
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

    fn passage(&self, client: &Client, key: OffsetKey, offsets: &Range<i64>) -> Answer<Passage> {
        let mut passage = Passage { is_whole: true, ..Passage::default() };
        let mut looked_at = 0;
        let begun = Instant::now();
        client.assign(&self.list([(key.partition, Offset::Offset(offsets.start))])?)?;
        let mut next = offsets.start;
        while next < offsets.end {
            if looked_at == COUNTED_MAX || begun.elapsed() > PATIENCE {
                passage.is_whole = false;
                break;
            }
            let Some(message) = client.poll(POLL) else { continue };
            let message = message?;
            (next, looked_at) = (message.offset() + 1, looked_at + 1);
            let Ok(Read::Event { id, event, at, .. }) =
                cloud_event::read(|name| attribute(&message, name), message.payload())
            else {
                continue;
            };
            if message.offset() >= offsets.end || !key.group.subscribes_to(event.kind()) {
                continue;
            }
            passage.events += 1;
            if passage.shown.len() < SHOWN_MAX {
                let (aggregate, about) = event.aggregate();
                let order = (aggregate == "order").then(|| about.into_owned());
                let (offset, kind, key) = (message.offset(), event.kind(), event.key());
                passage.shown.push(Passed { offset, id, kind, key, order, at });
            }
        }
        Ok(passage)
    }
}

impl LogBook for KafkaBook {
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>> {
        self.ask(group, move |book, client| book.all_extents(client, group))
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        // No group is spoken for: any will do.
        self.ask(Group::ALL[0], move |book, client| book.first_since(client, partition, moment))
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        self.ask(key.group, move |book, client| book.passage(client, key, &offsets))
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
