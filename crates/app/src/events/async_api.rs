//! The topics for those outside who read them: an AsyncAPI 3 document, made of the tables of topics, events and reactions.

use serde_json::{Map, Value, json};

use crate::events::event::EventKind;
use crate::events::topic::{Topic, Wanted};
use crate::log::reactions::Group;

/// The message on every topic of dead letters.
const DEAD_LETTER: &str = "DeadLetter";

/// The whole document about topics of these sizes. It holds the schemas of everything that is carried, and refers to nothing
/// outside itself.
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

/// Everything that is on some topic.
fn published() -> impl Iterator<Item = EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::DeadLettered)
}

fn named(entries: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.collect::<Map<String, Value>>())
}

/// The events on a topic: those at home there, and copies.
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
    let description = format!("records of {} that a group gave up, by the key that they had", wanted.topic.name());
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

/// What each consumer group of the shop reads.
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
    Group::ALL.iter().flat_map(move |group| group.topics().into_iter().map(move |topic| of_topic(*group, topic)))
}

fn message(kind: EventKind) -> Value {
    json!({
        "name": kind.name(),
        "title": kind.name(),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Attributes"},
        "payload": {"$ref": format!("#/components/schemas/{}", kind.name())},
        "bindings": {"kafka": {
            "key": {"type": "string", "description": kind.topic().keyed_by().name()},
            "bindingVersion": "0.5.0",
        }},
    })
}

/// The event's schema without what says where it stands by itself.
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
        "description": "A record that a group gave up, with its key and its value as they were.",
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
            "ce_id": text("The record's own; several groups may have given it up."),
            "ce_type": text("The record's own, or what stood in its place."),
            "ce_traceparent": text("The record's own, where it had one."),
            "dlq_letter_id": text("The letter's number: `doorbuster dlq show` and `/api/admin/dead-letters` know it by this."),
            "dlq_group": text("The group that gave it up."),
            "dlq_origin_topic": text("The topic that it came from."),
            "dlq_origin_partition": text("Its partition there."),
            "dlq_origin_offset": text("Its offset there; 0 where the group read it before it was published."),
            "dlq_attempts": text("How often the group tried."),
            "dlq_error": text("Why the last attempt failed."),
            "dlq_first_failed_at": text("When the first attempt failed, by RFC 3339."),
            "dlq_is_cut": text("Present where the value was longer than a record may be; the letter has all of it."),
        },
    })
}

fn attributes() -> Value {
    json!({
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": text("The event's identity, a UUID; the same however often it comes."),
            "ce_source": text("Where all events of the shop come from."),
            "ce_type": {"type": "string", "enum": published().map(EventKind::ce_type).collect::<Vec<_>>()},
            "ce_time": text("When it happened, by RFC 3339."),
            "ce_shard": text("The shard of the outbox that it is in."),
            "ce_seq": text("Its number in that shard, from 1 without gap."),
            "ce_version": text("The order's, counted over all of its own events; others have none."),
            "ce_origin": text("The ce_id of the event that this one was made of; only movements have one."),
            "ce_traceparent": text("The W3C trace context of the request that caused it; what no traced request caused has none."),
            "content-type": text("application/json"),
        },
    })
}
