//! The topics for external consumers: an AsyncAPI 3 document, generated from the tables of topics, events and
//! reactions.

use serde_json::{Map, Value, json};

use crate::events::event::EventKind;
use crate::events::topic::{Topic, Wanted};
use crate::log::group::Group;

/// The remark on requests: the inline executor decides them where they are made.
pub const ONLY_WITH_LOG: &str =
    "Published only with engine.executor = \"log\": inline, a request is part of the decision that answers it.";
/// The message on every dead-letter topic.
const DEAD_LETTER: &str = "DeadLetter";

/// Returns the whole document for topics of these sizes. It includes the schemas of all messages, and refers to nothing
/// outside of itself.
pub fn document(wanted: &[Wanted]) -> Value {
    let (dead, alive): (Vec<&Wanted>, Vec<&Wanted>) = wanted.iter().partition(|wanted| wanted.is_of_dead_letters());
    let channels = alive.iter().map(|wanted| channel(wanted)).chain(dead.iter().map(|wanted| dead_channel(wanted)));
    let sent = alive.iter().map(|wanted| send(wanted.topic)).chain(dead.iter().map(|wanted| send_dead(wanted)));
    let mut messages = named(published().map(|kind| (kind.name().to_owned(), message(kind))));
    messages[DEAD_LETTER] = dead_letter();
    let mut schemas = named(published().map(|kind| (kind.name().to_owned(), payload(kind))));
    schemas["Attributes"] = attributes();
    schemas["DeadLetterAttributes"] = dead_letter_attributes();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doorbuster events",
            "version": "1",
            "description": "What the shop tells: CloudEvents 1.0 in binary mode. Everything with one key is in order; an event \
                            may come more than once, under the same ce_id. Fields may be added, none is taken away.",
        },
        "defaultContentType": "application/json",
        "channels": named(channels),
        "operations": named(sent.chain(receives())),
        "components": {"messages": messages, "schemas": schemas},
    })
}

/// Returns the events that are published on some topic.
fn published() -> impl Iterator<Item = EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::DeadLettered)
}

fn named(entries: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.collect::<Map<String, Value>>())
}

/// Returns the events on a topic: its own, and copies from other topics.
pub fn carried(topic: Topic) -> impl Iterator<Item = EventKind> {
    published().filter(move |kind| kind.topic() == topic || kind.copied_to().contains(&topic))
}

fn channel(wanted: &Wanted) -> (String, Value) {
    let message = |kind: EventKind| {
        let reference = format!("#/components/messages/{}", kind.name());
        (kind.name().to_owned(), json!({"$ref": reference}))
    };
    let description = format!("{}, by {}", wanted.topic.carries(), wanted.topic.keyed_by().name());
    (wanted.name.to_owned(), described(wanted, &description, named(carried(wanted.topic).map(message))))
}

fn dead_channel(wanted: &Wanted) -> (String, Value) {
    let description = format!("dead letters of {}, by their original key", wanted.topic.name());
    let messages = json!({DEAD_LETTER: {"$ref": format!("#/components/messages/{DEAD_LETTER}")}});
    (wanted.name.to_owned(), described(wanted, &description, messages))
}

fn described(wanted: &Wanted, description: &str, messages: Value) -> Value {
    json!({
        "address": wanted.name,
        "description": description,
        "messages": messages,
        "bindings": {"kafka": {
            "topic": wanted.name,
            "partitions": wanted.partitions,
            "replicas": wanted.replicas,
            "topicConfiguration": {"retention.ms": i64::from(wanted.retention_days) * 86_400_000},
            "bindingVersion": "0.5.0",
        }},
    })
}

fn operation(action: &str, topic: Topic, kinds: impl Iterator<Item = EventKind>) -> Value {
    let channel = format!("#/channels/{}", topic.name());
    let message = |kind: EventKind| json!({"$ref": format!("{channel}/messages/{}", kind.name())});
    json!({"action": action, "channel": {"$ref": channel}, "messages": kinds.map(message).collect::<Vec<_>>()})
}

fn send(topic: Topic) -> (String, Value) {
    (format!("send.{}", topic.name()), operation("send", topic, carried(topic)))
}

fn send_dead(wanted: &Wanted) -> (String, Value) {
    let channel = format!("#/channels/{}", wanted.name);
    let messages = [json!({"$ref": format!("{channel}/messages/{DEAD_LETTER}")})];
    let operation = json!({"action": "send", "channel": {"$ref": channel}, "messages": messages});
    (format!("send.{}", wanted.name), operation)
}

/// Returns the receiving operation of each consumer group.
fn receives() -> impl Iterator<Item = (String, Value)> {
    let of_topic = |group: Group, topic: Topic| {
        let kinds = group.kinds().filter(move |kind| kind.topic() == topic);
        let mut operation = operation("receive", topic, kinds);
        operation["bindings"] = json!({"kafka": {
            "groupId": {"type": "string", "enum": [group.name()]},
            "bindingVersion": "0.5.0",
        }});
        (format!("receive.{}.{}", group.name(), topic.name()), operation)
    };
    Group::CARRIED.iter().flat_map(move |group| group.topics().into_iter().map(move |topic| of_topic(*group, topic)))
}

fn message(kind: EventKind) -> Value {
    let mut message = json!({
        "name": kind.name(),
        "title": kind.name(),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Attributes"},
        "payload": {"$ref": format!("#/components/schemas/{}", kind.name())},
        "bindings": {"kafka": {
            "key": {"type": "string", "description": kind.topic().keyed_by().name()},
            "bindingVersion": "0.5.0",
        }},
    });
    if kind.is_request() {
        message["description"] = json!(ONLY_WITH_LOG);
    }
    message
}

/// Returns the event's schema without the fields that only a stand-alone schema needs.
fn payload(kind: EventKind) -> Value {
    let mut schema: Value = serde_json::from_str(kind.schema()).unwrap_or_default();
    if let Some(fields) = schema.as_object_mut() {
        fields.retain(|name, _| !name.starts_with('$'));
    }
    schema
}

fn dead_letter() -> Value {
    json!({
        "name": DEAD_LETTER,
        "title": DEAD_LETTER,
        "description": "A dead letter: the record that a group gave up, with its original key and value.",
        "headers": {"$ref": "#/components/schemas/DeadLetterAttributes"},
        "payload": {},
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
    })
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn dead_letter_attributes() -> Value {
    json!({
        "type": "object",
        "required": [
            "ce_id", "ce_type", "dlq_letter_id", "dlq_group", "dlq_origin_topic", "dlq_origin_partition",
            "dlq_origin_offset", "dlq_attempts", "dlq_error", "dlq_first_failed_at",
        ],
        "properties": {
            "ce_id": text("The original record's; several groups may have given it up."),
            "ce_type": text("The original record's, or the text in its place."),
            "ce_traceparent": text("The original record's, if it had one."),
            "dlq_letter_id": text("The letter's number, for `doorbuster dlq show` and `/api/admin/dead-letters`."),
            "dlq_group": text("The group that gave it up."),
            "dlq_origin_topic": text("The original topic."),
            "dlq_origin_partition": text("The original partition."),
            "dlq_origin_offset": text("The original offset; 0 if the group read the event before it was published."),
            "dlq_attempts": text("The number of the group's attempts."),
            "dlq_error": text("The error of the last attempt."),
            "dlq_first_failed_at": text("When the first attempt failed (RFC 3339)."),
            "dlq_is_cut": text("Present if the value was too long for a record; the letter has all of it."),
        },
    })
}

fn attributes() -> Value {
    json!({
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": text("The event's id, a UUID; the same in repeated deliveries."),
            "ce_source": text("The shop that published the event."),
            "ce_type": {"type": "string", "enum": published().map(EventKind::ce_type).collect::<Vec<_>>()},
            "ce_time": text("When it happened (RFC 3339)."),
            "ce_shard": text("Its shard of the outbox."),
            "ce_seq": text("Its number in the shard, from 1 without gap."),
            "ce_version": text("The order's version, counted over all of the order's own events; absent in other events."),
            "ce_origin": text("The ce_id of the event that this movement is derived from; absent in other events."),
            "ce_traceparent": text("The W3C trace context of the request that caused it; absent without a traced request."),
            "content-type": text("application/json"),
        },
    })
}
