//! The clients in a build without the feature `kafka`: every call fails. The settings refuse brokers in such a build, so
//! none is called.

use std::collections::HashSet;
use std::future::ready;
use std::ops::Range;

use app::events::topic::{Spread, Topic, Wanted};
use app::log::groups::{Extent, LogInspector, Passage};
use app::log::reactions::Group;
use app::log::relay::{Outgoing, PublishError, Publisher, Record};
use app::ports::views::Reading;
use app::ports::{BoxFuture, EventLog, Fetched, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{EventId, OffsetKey, OffsetMove, Partition};
use domain::ids::OrderId;
use domain::time::Timestamp;

use super::cluster::Cluster;
use super::listener::Listener;
use super::plan::{BrokerError, ExaminedTopic, Plan};

const ABSENT: &str = "this program was built without Kafka";

fn absent<T: Send + 'static>() -> Reading<'static, T> {
    Box::pin(ready(Err(StoreError::Failed(ABSENT.to_owned()))))
}

fn absent_publisher<T: Send + 'static>() -> BoxFuture<'static, Result<T, PublishError>> {
    Box::pin(ready(Err(PublishError(ABSENT.to_owned()))))
}

impl Cluster {
    /// There is no library that could refuse its settings.
    ///
    /// # Errors
    ///
    /// None.
    pub const fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

#[derive(Clone)]
pub struct KafkaInspector;

impl KafkaInspector {
    pub fn new(_cluster: Cluster) -> KafkaInspector {
        KafkaInspector
    }

    pub fn present(&self, _topic: Topic, _since: Timestamp) -> Reading<'_, HashSet<EventId>> {
        absent()
    }

    pub fn stranger(&self) -> Reading<'_, Option<(Topic, String)>> {
        absent()
    }
}

impl LogInspector for KafkaInspector {
    fn extents(&self, _group: Group) -> Reading<'_, Vec<Extent>> {
        absent()
    }

    fn topics(&self) -> Reading<'_, Vec<Extent>> {
        absent()
    }

    fn offset_at(&self, _partition: Partition, _moment: Timestamp) -> Reading<'_, i64> {
        absent()
    }

    fn between(&self, _key: OffsetKey, _offsets: Range<i64>) -> Reading<'_, Passage> {
        absent()
    }

    fn publish_offsets(&self, _moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        absent()
    }
}

pub struct KafkaPublisher;

impl KafkaPublisher {
    pub fn new(_cluster: Cluster, _topics: Option<Vec<Wanted>>) -> KafkaPublisher {
        KafkaPublisher
    }
}

impl Publisher for KafkaPublisher {
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        absent_publisher()
    }

    fn publish<'a>(
        &'a mut self,
        _records: &'a [Record],
        _spread: &'a Spread,
    ) -> BoxFuture<'a, Result<(), PublishError>> {
        absent_publisher()
    }
}

/// Never made.
pub enum KafkaLog {}

impl KafkaLog {
    pub fn join(
        _cluster: &Cluster,
        _offsets: Box<dyn EventLog + Send>,
        _listener: &Listener,
    ) -> Result<KafkaLog, StoreError> {
        Err(StoreError::Failed(ABSENT.to_owned()))
    }
}

impl EventLog for KafkaLog {
    fn partitions(&mut self, _group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        match *self {}
    }

    fn position(&mut self, _key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>> {
        match *self {}
    }

    fn events_of(&mut self, _order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        match *self {}
    }

    fn written<'a>(&'a mut self, _slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        match *self {}
    }

    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        match *self {}
    }

    fn fetch(&mut self, _key: OffsetKey, _from: i64, _limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>> {
        match *self {}
    }
}

/// Never made.
pub enum Topics {}

impl Topics {
    pub fn connect(_cluster: &Cluster) -> Result<Topics, BrokerError> {
        Err(BrokerError::Failed(ABSENT.to_owned()))
    }

    pub fn sizes(&self) -> Result<Spread, BrokerError> {
        match *self {}
    }

    pub async fn examine(&self, _wanted: &[Wanted]) -> Result<Vec<ExaminedTopic>, BrokerError> {
        match *self {}
    }

    pub fn plan(&self, _wanted: &[Wanted], _spread: &Spread) -> Result<Plan, BrokerError> {
        match *self {}
    }

    pub async fn grow(&self, _sizes: &[(&str, i32)]) -> Result<(), BrokerError> {
        match *self {}
    }

    pub async fn complete(&self, _wanted: &[Wanted]) -> Result<usize, BrokerError> {
        match *self {}
    }

    pub async fn delete_all(&self) -> Result<(), BrokerError> {
        match *self {}
    }
}
