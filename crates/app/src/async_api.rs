//! The topics for those outside who read them: an AsyncAPI 3 document, made of the tables of topics, events and reactions.

use serde_json::{Map, Value, json};

use crate::event::EventKind;
use crate::reactions::Group;
use crate::topic::{Topic, Wanted};

/// The whole document about topics of these sizes; payloads are described by the JSON Schemas beside it, in `events/`.
pub fn document(wanted: &[Wanted]) -> Value {
    let wanted: Vec<&Wanted> = wanted.iter().filter(|wanted| !wanted.is_of_dead_letters()).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doorbuster events",
            "version": "1",
            "description": "What the shop tells: CloudEvents 1.0 in binary mode. Everything with one key is in order; an event \
                            may come more than once, under the same ce_id. Fields may be added, none is taken away.",
        },
        "defaultContentType": "application/json",
        "channels": named(wanted.iter().map(|wanted| (wanted.name.to_owned(), channel(wanted)))),
        "operations": named(wanted.iter().map(|wanted| send(wanted.topic)).chain(receives())),
        "components": {
            "messages": named(EventKind::ALL.iter().map(|kind| (kind.name().to_owned(), message(*kind)))),
            "schemas": {"Attributes": attributes()},
        },
    })
}

fn named(entries: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.collect::<Map<String, Value>>())
}

/// The events on a topic: those at home there, and copies.
pub fn carried(topic: Topic) -> impl Iterator<Item = EventKind> {
    EventKind::ALL.iter().copied().filter(move |kind| kind.topic() == topic || kind.copied_to().contains(&topic))
}

fn channel(wanted: &Wanted) -> Value {
    let message = |kind: EventKind| {
        let reference = format!("#/components/messages/{}", kind.name());
        (kind.name().to_owned(), json!({"$ref": reference}))
    };
    json!({
        "address": wanted.name,
        "description": format!("{}, by {}", wanted.topic.carries(), wanted.topic.keyed_by().name()),
        "messages": named(carried(wanted.topic).map(message)),
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
        "payload": {"$ref": format!("./events/{}.json", kind.name())},
        "bindings": {"kafka": {
            "key": {"type": "string", "description": kind.topic().keyed_by().name()},
            "bindingVersion": "0.5.0",
        }},
    })
}

fn attributes() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": text("The event's identity, a UUID; the same however often it comes."),
            "ce_source": text("Where all events of the shop come from."),
            "ce_type": {"type": "string", "enum": EventKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>()},
            "ce_time": text("When it happened, by RFC 3339."),
            "ce_shard": text("The shard of the outbox that it is in."),
            "ce_seq": text("Its number in that shard, from 1 without gap."),
            "ce_version": text("The order's, counted over all of its own events; others have none."),
            "content-type": text("application/json"),
        },
    })
}
