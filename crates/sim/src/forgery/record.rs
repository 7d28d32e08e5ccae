//! A record on a topic, of the shop or of any other client.

use std::fmt;

use app::events::cloud_event::{self, SOURCE_ATTRIBUTE};
use app::events::event::{Event, EventKind};
use app::events::outbox::{shard_of, uuid};
use app::events::topic::Topic;
use app::log::reactions::Group;
use app::log::received::{Raw, Received, receive};
use app::state::rows::Partition;

use super::dice::Dice;
use crate::disk::OutboxRow;
use crate::model_log::outgoing;

/// The source attribute of the model shop's events.
pub(crate) const OWN: &str = "/doorbuster/model";

/// Most bytes of a header or value in messages.
const SHOWN_BYTES_MAX: usize = 2_000;

/// A record on a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub topic: Topic,
    pub key: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub value: Option<Vec<u8>>,
    /// The writer's timestamp, in milliseconds since 1970.
    pub millis: i64,
}

impl Record {
    pub(super) fn of(row: &OutboxRow) -> Option<Record> {
        let event = outgoing(row).ok()?;
        let attributes = cloud_event::attributes(&event).into_iter();
        let mut headers: Vec<(String, Vec<u8>)> =
            attributes.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        set(&mut headers, SOURCE_ATTRIBUTE, OWN);
        let key = row.record.key.clone().into_bytes();
        let value = Some(row.record.payload.clone().into_bytes());
        Some(Record { topic: row.record.topic, key, headers, value, millis: row.at.micros() / 1_000 })
    }

    /// Returns the partition that a publisher chooses.
    pub fn partition(&self) -> Partition {
        let number = shard_of(&String::from_utf8_lossy(&self.key));
        Partition { topic: Some(self.topic), number: i32::try_from(number).expect("there are few shards") }
    }

    /// Returns the record as a group of the shop receives it.
    pub fn received(&self, offset: i64) -> Received<'_> {
        let Partition { number, .. } = self.partition();
        let (key, value, millis) = (Some(self.key.as_slice()), self.value.as_deref(), self.millis);
        receive(Raw { topic: self.topic, number, offset, key, value, millis }, |name| self.header(name), OWN)
    }

    /// Returns whether a group must handle it. An unreadable record is for every group that reads the topic.
    pub fn is_for(&self, group: Group) -> bool {
        let reads = group.topics().contains(&self.topic);
        match self.received(0) {
            Received::Foreign(_) | Received::Nothing => false,
            Received::Delivery { delivery, .. } => {
                reads && delivery.event.as_ref().map_or(true, |event| group.subscribes_to(event.kind()))
            }
        }
    }

    pub fn is_foreign(&self) -> bool {
        matches!(self.received(0), Received::Foreign(_))
    }

    pub fn is_unreadable(&self) -> bool {
        matches!(self.received(0), Received::Delivery { delivery, .. } if delivery.event.is_err())
    }

    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    fn kind(&self) -> Option<EventKind> {
        EventKind::from_type(std::str::from_utf8(self.header("ce_type")?).ok()?)
    }

    pub(super) fn become_kind(&mut self, kind: EventKind) {
        self.set_header("ce_type", kind.ce_type());
        self.topic = kind.topic();
    }

    /// Gives it a new event id.
    pub(super) fn take_fresh_identity(&mut self, dice: &mut Dice<'_>) {
        let id = u128::from(dice.byte()) << 8 | u128::from(dice.byte());
        self.set_header("ce_id", uuid(0xf0_0000_0000 | id));
    }

    pub(super) fn set_header(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        set(&mut self.headers, name, value);
    }

    /// Sets the key that a publisher derives from the event.
    pub(super) fn update_key(&mut self) {
        let text = self.value.as_deref().and_then(|value| std::str::from_utf8(value).ok());
        let event = self.kind().zip(text).and_then(|(kind, text)| Event::parse(kind, text).ok());
        if let Some(event) = event {
            self.key = event.key().into_bytes();
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES_MAX)]).into_owned();
        write!(f, "{} on {}:", text(&self.key), self.topic.name())?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " {name}={}", text(value)))?;
        write!(f, " {}", self.value.as_deref().map_or_else(|| "nothing".into(), text))
    }
}

fn set(headers: &mut Vec<(String, Vec<u8>)>, name: &str, value: impl Into<Vec<u8>>) {
    headers.retain(|(known, _)| known != name);
    headers.push((name.to_owned(), value.into()));
}
