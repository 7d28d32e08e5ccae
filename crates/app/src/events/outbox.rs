//! The permanent place of an event: its shard by its key, its gapless number in the shard, and the hash chain over all
//! earlier events.

use domain::ids::OrderId;
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::events::partitioner::murmur2;
use crate::events::topic::Topic;
use crate::events::wire_time;
use crate::state::rows::NewEvent;

/// The number of the outbox's shards. All events with one key are in one shard, in commit order.
pub const SHARDS: usize = 16;
/// Room for an event's fields beside its payload.
const FIELDS_BYTES: usize = 512;

/// The last number and hash of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardHead {
    pub seq: i64,
    pub hash: [u8; 32],
}

/// An event with its place, as columns of the outbox table.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: String,
    pub shard: usize,
    pub seq: i64,
    pub aggregatetype: &'static str,
    pub aggregateid: String,
    pub topic: Topic,
    pub key: String,
    pub kind: &'static str,
    pub payload: String,
    pub trace: Option<String>,
}

/// All published fields of an event, as the chain covers them. Its shard and number are implied by its place in the
/// chain.
#[derive(Clone, Copy, Debug)]
pub struct Chained<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub payload: &'a str,
    pub aggregatetype: &'a str,
    pub aggregateid: &'a str,
    pub topic: &'a str,
    pub key: &'a str,
    pub cause: &'a str,
    pub trace: Option<&'a str>,
    pub order: Option<OrderId>,
    pub version: Option<i64>,
    pub at: Timestamp,
}

/// Assigns places to the events of a commit, in order, and moves the heads of the touched shards.
pub fn seal(heads: &mut [ShardHead; SHARDS], events: &[NewEvent]) -> Vec<Record> {
    let mut input = Vec::new();
    events.iter().map(|event| seal_one(heads, event, &mut input)).collect()
}

fn seal_one(heads: &mut [ShardHead; SHARDS], event: &NewEvent, input: &mut Vec<u8>) -> Record {
    let key = event.event.key();
    let shard = shard_of(&key);
    let head = &mut heads[shard];
    let (aggregatetype, aggregateid) = event.event.aggregate();
    let record = Record {
        id: uuid(event.id.0),
        shard,
        seq: head.seq + 1,
        aggregatetype,
        aggregateid: aggregateid.into_owned(),
        topic: event.event.kind().topic(),
        key,
        kind: event.event.kind().name(),
        payload: event.event.payload(),
        trace: event.trace.map(|trace| trace.to_string()),
    };
    *head = ShardHead { seq: record.seq, hash: chain_with(input, &head.hash, &record.chained(event)) };
    record
}

impl Record {
    /// Returns the chained fields, from the record and the event.
    fn chained<'a>(&'a self, event: &'a NewEvent) -> Chained<'a> {
        Chained {
            id: &self.id,
            kind: self.kind,
            payload: &self.payload,
            aggregatetype: self.aggregatetype,
            aggregateid: &self.aggregateid,
            topic: self.topic.name(),
            key: &self.key,
            cause: event.cause,
            trace: self.trace.as_deref(),
            order: event.order,
            version: event.version,
            at: event.at,
        }
    }
}

/// Returns the hash of a shard after one more event. Changing, dropping or adding an event changes every later hash.
pub fn chain(before: &[u8; 32], event: &Chained<'_>) -> [u8; 32] {
    chain_with(&mut Vec::new(), before, event)
}

/// The same with a buffer that is reused: two dozen small pieces cost more in the hasher than in a buffer.
fn chain_with(input: &mut Vec<u8>, before: &[u8; 32], event: &Chained<'_>) -> [u8; 32] {
    let Chained { id, kind, payload, aggregatetype, aggregateid, topic, key, cause, trace, order, version, at } =
        *event;
    input.clear();
    input.reserve(FIELDS_BYTES + payload.len());
    input.extend_from_slice(before);
    let mut add = |text: &str| {
        input.extend_from_slice(&(text.len() as u32).to_be_bytes());
        input.extend_from_slice(text.as_bytes());
    };
    [id, kind, payload, aggregatetype, aggregateid, topic, key, cause].into_iter().for_each(&mut add);
    for number in [order.map(|order| order.0), version, Some(at.micros())] {
        input.push(u8::from(number.is_some()));
        input.extend_from_slice(&number.unwrap_or_default().to_be_bytes());
    }
    // Older versions wrote no trace, and their events keep their hashes.
    if let Some(trace) = trace {
        input.extend_from_slice(&(trace.len() as u32).to_be_bytes());
        input.extend_from_slice(trace.as_bytes());
    }
    Sha256::digest(input.as_slice()).into()
}

/// Returns the hash of older versions, which covers less of an event.
pub fn legacy_chain(before: &[u8; 32], id: &str, kind: &str, payload: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    for part in [id, kind, payload] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Returns the shard of a key: the Java client's murmur2, unsigned, so that the extreme hashes have shards too (T5).
pub fn shard_of(key: &str) -> usize {
    (murmur2(key.as_bytes()) & 0x7fff_ffff) as usize % SHARDS
}

/// Returns the text of an event's identity.
pub fn uuid(id: u128) -> String {
    const HYPHENS_BEFORE: [usize; 4] = [4, 6, 8, 10];
    let mut text = String::with_capacity(36);
    for (place, byte) in id.to_be_bytes().into_iter().enumerate() {
        if HYPHENS_BEFORE.contains(&place) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0xf] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

/// Parses the identity in a UUID's text.
pub fn parse_uuid(text: &str) -> Option<u128> {
    u128::from_str_radix(&text.replace('-', ""), 16).ok()
}

/// Returns the UTC day of a moment, `2026-11-21`, under which a daily root is kept.
pub fn day(at: domain::time::Timestamp) -> String {
    wire_time::format(at).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes of stores that exist: they must never change.
    #[test]
    fn the_chain_stays_as_it_is() {
        let event = Chained {
            id: "0192f3a1-7bcd-7000-8000-000000000001",
            kind: "OrderCreated",
            payload: "{}",
            aggregatetype: "order",
            aggregateid: "ORD-7M3K9Q2X",
            topic: "order-events",
            key: "1",
            cause: "PlaceOrder",
            trace: None,
            order: Some(OrderId(7)),
            version: None,
            at: Timestamp::from_micros(1_795_262_400_000_000),
        };
        let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let hex = |hash: [u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let first = chain(&[0; 32], &event);
        assert_eq!(hex(first), "a113d8c4def684f48403d0bd0e7f27092685a2bc3bff56b83362844b93a4c00b");
        assert_eq!(
            hex(chain(&first, &Chained { trace, ..event })),
            "40d17b01ec799bb60d7474bafb4871e29883a74ed7114db23c6c7e0b3e7e87ce"
        );
    }

    #[test]
    fn a_uuid_is_parsed_from_its_text() {
        let id = 0x0192_f3a1_7bcd_7000_8000_0000_0000_0001;
        assert_eq!(parse_uuid(&uuid(id)), Some(id));
        assert_eq!(uuid(id), "0192f3a1-7bcd-7000-8000-000000000001");
    }
}
