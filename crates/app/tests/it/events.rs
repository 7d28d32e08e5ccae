//! Names, topics, keys and JSON of events never change (C-08, C-20, O-13, O-29): a changed snapshot breaks a consumer.

use std::fmt::Write as _;

use app::events::event::{Event, EventKind};

use crate::samples::samples;

#[test]
fn every_event_keeps_its_wire_format() {
    let mut promise = String::new();
    for event in samples() {
        let kind = event.kind();
        let request = if kind.is_request() { ", a request" } else { "" };
        writeln!(promise, "{} on {} by {}{request}", kind.name(), kind.topic().name(), event.key()).unwrap();
        writeln!(promise, "    {}", event.payload()).unwrap();
    }
    insta::assert_snapshot!("events", promise);
}

#[test]
fn every_event_is_parsed_as_it_was_written() {
    for event in samples() {
        assert_eq!(Event::parse(event.kind(), &event.payload()).unwrap(), event);
    }
}

#[test]
fn every_kind_of_event_is_among_the_samples() {
    let shown: Vec<EventKind> = samples().iter().map(Event::kind).collect();
    for kind in EventKind::ALL {
        assert!(shown.contains(kind), "{} has no sample", kind.name());
        assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
    }
}

/// A field that a later version adds must not break this version's parser.
#[test]
fn an_unknown_field_is_ignored() {
    for event in samples() {
        let payload = event.payload().replacen('{', "{\"fromTheFuture\":{\"a\":[1]},", 1);
        assert_eq!(Event::parse(event.kind(), &payload).unwrap(), event);
    }
}

#[test]
fn an_invalid_payload_is_an_error_and_no_panic() {
    for kind in EventKind::ALL {
        for payload in ["", "{}", "null", "[]", "{\"orderId\":7}", "\u{0}"] {
            assert!(Event::parse(*kind, payload).is_err(), "{} from {payload:?}", kind.name());
        }
    }
}
