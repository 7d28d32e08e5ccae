//! An event between processes: its JSON as the record's value, and its metadata as attributes in headers (CloudEvents
//! 1.0, binary mode).

use std::borrow::Cow;
use std::sync::Arc;

use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::events::event::{Event, EventKind};
use crate::events::outbox::{parse_uuid, uuid};
use crate::events::outgoing::Outgoing;
use crate::events::trace::TraceParent;
use crate::events::wire_time;
use crate::state::rows::EventId;

/// The source of events from before shops had names.
pub const SOURCE: &str = "/doorbuster";
/// The attribute with the source of an event. The publisher sets it to the shop's own source.
pub const SOURCE_ATTRIBUTE: &str = "ce_source";
/// The attribute with the trace of an event (CloudEvents' extension for distributed tracing).
pub const TRACE_ATTRIBUTE: &str = "ce_traceparent";

/// Returns the source of a shop's events: shops may share brokers, and none handles another's events.
pub fn source(shop: &str) -> Arc<str> {
    format!("{SOURCE}/{shop}").into()
}

/// Returns the source of a record if it belongs to another shop. A record without a source, or with that of unnamed
/// shops, counts as this shop's: it is compared with the orders that it names in any case.
pub fn foreign<'s>(source: Option<&'s [u8]>, own: &str) -> Option<Cow<'s, str>> {
    let source = source.filter(|source| *source != own.as_bytes() && *source != SOURCE.as_bytes())?;
    Some(String::from_utf8_lossy(source))
}

/// Returns the event's attributes, under their header names.
pub fn attributes(event: &Outgoing) -> Vec<(&'static str, String)> {
    let mut attributes = of_kind(event, event.event.kind(), event.id.clone());
    // The order's version, counted over all of its own events; other events have none.
    attributes.extend(event.version.map(|version| ("ce_version", version.to_string())));
    attributes
}

/// Returns the attributes of an event that is derived from another one; its identity follows from the other's.
pub fn derived(from: &Outgoing, event: &Event, place: usize) -> Vec<(&'static str, String)> {
    let mut attributes = of_kind(from, event.kind(), derived_id(&from.id, place));
    attributes.push(("ce_origin", from.id.clone()));
    attributes
}

fn of_kind(event: &Outgoing, kind: EventKind, id: String) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", id),
        (SOURCE_ATTRIBUTE, SOURCE.to_owned()),
        ("ce_type", kind.ce_type().to_owned()),
        ("ce_time", wire_time::format(event.at)),
        // Its number in the outbox, gapless in its shard.
        ("ce_shard", event.shard.to_string()),
        ("ce_seq", event.seq.to_string()),
        ("content-type", "application/json".to_owned()),
    ];
    attributes.extend(event.trace.map(|trace| (TRACE_ATTRIBUTE, trace.to_string())));
    attributes
}

/// Returns the same id for the same event, on every relay and repetition. It is a UUID of version 8, whose content is
/// free.
fn derived_id(from: &str, place: usize) -> String {
    let mut hasher = Sha256::new();
    hasher.update(from);
    hasher.update((place as u64).to_be_bytes());
    let hash: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = 0x80 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    uuid(u128::from_be_bytes(bytes))
}

/// Returns the trace of a record. An invalid `traceparent` is ignored: the event is valid without it.
pub fn trace<'a>(attribute: impl Fn(&str) -> Option<&'a [u8]>) -> Option<TraceParent> {
    attribute(TRACE_ATTRIBUTE).and_then(TraceParent::parse)
}

/// The result of reading a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    Event {
        id: EventId,
        event: Box<Event>,
        at: Timestamp,
        /// The order's version, if the event is one of an order's own.
        version: Option<i64>,
    },
    /// From another shop, or of a later version: a well-formed event that this program does not know.
    Unknown,
}

/// Reads a record. `attribute` finds one by its name; the error says why the record is unreadable.
pub fn read<'a>(attribute: impl Fn(&str) -> Option<&'a [u8]>, value: Option<&[u8]>) -> Result<Read, String> {
    let text = |name: &str| {
        let bytes = attribute(name).ok_or_else(|| format!("the attribute {name} is missing"))?;
        std::str::from_utf8(bytes).map_err(|_| format!("the attribute {name} is not UTF-8 text"))
    };
    let id = text("ce_id")?;
    let id = parse_uuid(id).ok_or_else(|| format!("the attribute ce_id is {id:?}; it must be a UUID"))?;
    let at = moment(text("ce_time")?)?;
    let Some(kind) = EventKind::from_type(text("ce_type")?) else { return Ok(Read::Unknown) };
    let value = value.ok_or_else(|| "the record has no value".to_owned())?;
    let value = std::str::from_utf8(value).map_err(|_| "the value is not UTF-8 text".to_owned())?;
    let event = Event::parse(kind, value)
        .map_err(|error| format!("the value is not a {}: {}", kind.name(), printable(&error.to_string())))?;
    let version = match attribute("ce_version") {
        Some(_) => {
            Some(text("ce_version")?.parse().map_err(|_| "the attribute ce_version is not a number".to_owned())?)
        }
        None => None,
    };
    Ok(Read::Event { id: EventId(id), event: Box::new(event), at, version })
}

/// Escapes what would begin a new line or move a terminal's cursor: the text may quote a foreign record.
fn printable(text: &str) -> String {
    let escaped = |char: char| if char.is_control() { char.escape_default().to_string() } else { char.to_string() };
    text.chars().map(escaped).collect()
}

/// Parses RFC 3339, or microseconds since 1970 as a connector copies them from the outbox.
fn moment(text: &str) -> Result<Timestamp, String> {
    let copied = text.parse().ok().map(Timestamp::from_micros);
    // A dead letter is published with this time, and must be readable.
    let copied = copied.filter(|at| wire_time::nearest(*at) == *at);
    copied.or_else(|| wire_time::parse(text).ok()).ok_or_else(|| format!("{text:?} is not a time: use RFC 3339"))
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use domain::money::Money;

    use super::*;
    use crate::events::event::PointsCharged;
    use crate::events::outbox::uuid;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn outgoing() -> Outgoing {
        let event =
            Event::PointsCharged(PointsCharged { user_id: UserId(7), amount: Money::won(1), balance: Money::won(2) });
        let at = Timestamp::from_micros(1_795_262_400_123_456);
        Outgoing {
            shard: 3,
            seq: 9,
            id: uuid(77),
            event,
            version: Some(2),
            trace: TraceParent::parse(TRACE.as_bytes()),
            at,
        }
    }

    fn read_with(change: impl Fn(&str, &str) -> Option<String>, value: Option<&[u8]>) -> Result<Read, String> {
        let attributes: Vec<(&str, Option<String>)> =
            attributes(&outgoing()).into_iter().map(|(name, value)| (name, change(name, &value))).collect();
        let find = |name: &str| {
            let found = attributes.iter().find(|(known, _)| *known == name);
            found.and_then(|(_, value)| value.as_deref()).map(str::as_bytes)
        };
        read(find, value)
    }

    fn as_it_is(_name: &str, value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let Outgoing { event, at, .. } = outgoing();
        let payload = event.payload();
        let expected = Read::Event { id: EventId(77), event: Box::new(event), at, version: Some(2) };
        assert_eq!(read_with(as_it_is, Some(payload.as_bytes())), Ok(expected.clone()));
        let micros = |name: &str, value: &str| {
            Some(if name == "ce_time" { "1795262400123456".to_owned() } else { value.to_owned() })
        };
        assert_eq!(read_with(micros, Some(payload.as_bytes())), Ok(expected));
    }

    #[test]
    fn an_event_and_its_derived_events_carry_its_trace() {
        let caused = outgoing();
        let made = derived(&caused, &caused.event, 0);
        for attributes in [attributes(&caused), made] {
            let find = |name: &str| {
                let found = attributes.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.as_bytes())
            };
            assert_eq!(find("ce_traceparent"), Some(TRACE.as_bytes()));
            assert_eq!(trace(find), caused.trace);
        }
        let without = attributes(&Outgoing { trace: None, ..caused });
        assert!(without.iter().all(|(name, _)| *name != "ce_traceparent"));
        assert_eq!(trace(|_| Some(b"no trace")), None);
        assert_eq!(trace(|_| None), None);
    }

    #[test]
    fn only_another_shops_source_is_foreign() {
        let own = source("0CRKD3J4");
        assert_eq!(&*own, "/doorbuster/0CRKD3J4");
        for source in [None, Some(&b"/doorbuster"[..]), Some(own.as_bytes())] {
            assert_eq!(foreign(source, &own), None, "{source:?}");
        }
        assert_eq!(foreign(Some(b"/doorbuster/OTHER"), &own).as_deref(), Some("/doorbuster/OTHER"));
        assert_eq!(foreign(Some(b"/else\xff"), &own).as_deref(), Some("/else\u{fffd}"));
    }

    #[test]
    fn an_unknown_event_type_is_no_poison() {
        let renamed =
            |name: &str, value: &str| Some(if name == "ce_type" { "NotYet".to_owned() } else { value.to_owned() });
        assert_eq!(read_with(renamed, Some(b"{}")), Ok(Read::Unknown));
    }

    #[test]
    fn an_unreadable_record_has_a_reason() {
        let without = |missing: &'static str| {
            move |name: &str, value: &str| if name == missing { None } else { Some(value.to_owned()) }
        };
        for missing in ["ce_id", "ce_time", "ce_type"] {
            let why = read_with(without(missing), Some(b"{}")).unwrap_err();
            assert!(why.contains(missing), "{why}");
        }
        for value in [None, Some(&b"{}"[..]), Some(b"\xff"), Some(b"")] {
            assert!(read_with(as_it_is, value).is_err(), "{value:?}");
        }
        let bad_id = |name: &str, value: &str| Some(if name == "ce_id" { "x".to_owned() } else { value.to_owned() });
        assert!(read_with(bad_id, Some(b"{}")).is_err());
        let payload = outgoing().event.payload();
        let odd =
            |name: &str, value: &str| Some(if name == "ce_version" { "two".to_owned() } else { value.to_owned() });
        assert!(read_with(odd, Some(payload.as_bytes())).unwrap_err().contains("ce_version"));
    }
}
