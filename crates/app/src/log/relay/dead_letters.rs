//! A dead letter as a record on its topic's dead-letter topic: its original key and value, and its failure in headers.

use super::Record;
use crate::events::event::{DeadLettered, EventKind};
use crate::events::topic::Topic;
use crate::events::trace::TraceParent;
use crate::events::{cloud_event, wire_time};

/// The bytes of a record with its headers. The broker accepted key and value once; headers must not make the record too
/// long.
const BYTES_MAX: usize = 900_000;
const ATTRIBUTE_MAX: usize = 1_000;

pub(super) fn record(letter: &DeadLettered, trace: Option<TraceParent>) -> Record {
    // A topic of another version is named in a header, because it may not exist here.
    let topic = Topic::from_name(&letter.topic).unwrap_or(Topic::ExternalEvents);
    let kind = match EventKind::from_type(&letter.kind) {
        Some(kind) => kind.ce_type(),
        None => first(&letter.kind, ATTRIBUTE_MAX),
    };
    let key = first(&letter.key, ATTRIBUTE_MAX.max(BYTES_MAX / 2));
    let value = first(&letter.payload, BYTES_MAX - key.len());
    let is_cut = key.len() < letter.key.len() || value.len() < letter.payload.len();
    let mut attributes = vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", letter.event_id.to_string()),
        ("ce_source", cloud_event::SOURCE.to_owned()),
        ("ce_type", kind.to_owned()),
        ("ce_time", wire_time::format(letter.occurred_at)),
        ("content-type", "application/json".to_owned()),
        ("dlq_letter_id", letter.letter_id.to_string()),
        ("dlq_group", letter.group.to_string()),
        ("dlq_origin_topic", letter.topic.to_string()),
        ("dlq_origin_partition", letter.partition.to_string()),
        ("dlq_origin_offset", letter.offset.to_string()),
        ("dlq_attempts", letter.attempts.to_string()),
        ("dlq_error", first(&letter.error, ATTRIBUTE_MAX).to_owned()),
        ("dlq_first_failed_at", wire_time::format(letter.first_failed_at)),
    ];
    attributes.extend(trace.map(|trace| (cloud_event::TRACE_ATTRIBUTE, trace.to_string())));
    attributes.extend(is_cut.then(|| ("dlq_is_cut", "true".to_owned())));
    let (key, value) = (key.to_owned(), value.to_owned());
    Record { topic, is_dead_letter: true, key, value, attributes }
}

/// Returns the longest start of a text that fits into `bytes`.
fn first(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
