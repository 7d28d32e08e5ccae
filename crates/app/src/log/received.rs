//! Classifies a record that a broker delivers: another shop's, irrelevant, an event, or unreadable. Any writer to a topic
//! controls its contents, so everything that is kept of it is bounded.

use std::borrow::Cow;

use domain::time::Timestamp;

use crate::events::cloud_event::{self, Read, SOURCE_ATTRIBUTE};
use crate::events::event::EventKind;
use crate::events::topic::Topic;
use crate::events::wire_time;
use crate::ports::{Delivery, Origin, OutboxSlot, Poison};
use crate::state::rows::{EventId, Partition};

/// About twice the size of the largest order's event.
const VALUE_BYTES_MAX: usize = 256 * 1_024;
/// Keys of events are codes and numbers. Parked events and dead letters are stored under their key, in a bounded column.
const KEY_BYTES_MAX: usize = 256;
/// The bytes of an unreadable record that are kept for operators.
const KEPT_BYTES_MAX: usize = 16 * 1_024;
const KEPT_ERROR_BYTES_MAX: usize = 1_024;

/// A record without its attributes.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'r> {
    pub topic: Topic,
    pub number: i32,
    pub offset: i64,
    pub key: Option<&'r [u8]>,
    pub value: Option<&'r [u8]>,
    /// The broker's or the writer's timestamp.
    pub millis: i64,
}

/// The class of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Received<'r> {
    /// From another shop, with this source.
    Foreign(Cow<'r, str>),
    /// A copy for external consumers, or an event of an unknown type.
    Nothing,
    Delivery {
        delivery: Box<Delivery>,
        /// The order's version, if the event is one of an order's own.
        version: Option<i64>,
    },
}

/// Classifies a record for a shop with the source `own`. `attribute` finds one by its name.
pub fn receive<'r>(raw: Raw<'r>, attribute: impl Fn(&str) -> Option<&'r [u8]>, own: &str) -> Received<'r> {
    if let Some(source) = cloud_event::foreign(attribute(SOURCE_ATTRIBUTE), own) {
        return Received::Foreign(source);
    }
    let trace = cloud_event::trace(&attribute);
    match read(raw, &attribute) {
        // The group reads the event on its own topic.
        Ok(Read::Event { event, .. }) if event.kind().topic() != raw.topic => Received::Nothing,
        Ok(Read::Unknown) => Received::Nothing,
        Ok(Read::Event { id, event, at, version }) => {
            let origin = Origin::Record(slot(&attribute).unwrap_or(OutboxSlot::NOWHERE));
            let delivery = Delivery { event: Ok(*event), id, trace, at, origin, ..nothing(raw) };
            Received::Delivery { delivery: Box::new(delivery), version }
        }
        Err(error) => {
            let kind = text_of(attribute("ce_type"));
            let kind = EventKind::from_type(&kind).map_or(kind, |kind| kind.name().to_owned());
            let poison = Poison {
                topic: raw.topic,
                key: cut(text_of(raw.key), KEY_BYTES_MAX),
                kind: cut(kind, KEY_BYTES_MAX),
                payload: cut(text_of(raw.value), KEPT_BYTES_MAX),
                error: cut(error, KEPT_ERROR_BYTES_MAX),
            };
            let delivery = Delivery { event: Err(poison), trace, ..nothing(raw) };
            Received::Delivery { delivery: Box::new(delivery), version: None }
        }
    }
}

fn read<'r>(raw: Raw<'r>, attribute: impl Fn(&str) -> Option<&'r [u8]>) -> Result<Read, String> {
    let bytes = raw.value.map_or(0, <[u8]>::len);
    if bytes > VALUE_BYTES_MAX {
        return Err(format!("it has {bytes} bytes; no event has more than {VALUE_BYTES_MAX}"));
    }
    let read = cloud_event::read(attribute, raw.value)?;
    match &read {
        Read::Event { event, .. } if event.key().len() > KEY_BYTES_MAX => {
            Err(format!("its key has more than {KEY_BYTES_MAX} bytes"))
        }
        Read::Event { .. } | Read::Unknown => Ok(read),
    }
}

/// Returns a delivery without an event: its id is none, and its time is the record's.
fn nothing(raw: Raw<'_>) -> Delivery {
    let poison = Poison {
        topic: raw.topic,
        key: String::new(),
        kind: String::new(),
        payload: String::new(),
        error: String::new(),
    };
    Delivery {
        partition: Partition { topic: Some(raw.topic), number: raw.number },
        offset: raw.offset,
        id: EventId::NONE,
        event: Err(poison),
        at: wire_time::nearest(Timestamp::from_micros(raw.millis.saturating_mul(1_000))),
        trace: None,
        gap: None,
        origin: Origin::Record(OutboxSlot::NOWHERE),
    }
}

fn slot<'r>(attribute: impl Fn(&str) -> Option<&'r [u8]>) -> Option<OutboxSlot> {
    let number = |name| std::str::from_utf8(attribute(name)?).ok()?.parse().ok();
    Some(OutboxSlot { shard: number("ce_shard")?, seq: number("ce_seq")? })
}

/// Returns the text, or other bytes in hexadecimal.
fn text_of(bytes: Option<&[u8]>) -> String {
    let bytes = bytes.unwrap_or_default();
    // No more bytes are converted than are kept.
    let shown = &bytes[..bytes.len().min(KEPT_BYTES_MAX)];
    let hexadecimal = || shown.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"));
    std::str::from_utf8(bytes).map_or_else(|_| hexadecimal(), str::to_owned)
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let bytes = text.len();
        let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push_str(&format!("… ({bytes} bytes)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::event::{CouponIssued, Event};
    use crate::events::outbox::uuid;
    use crate::events::outgoing::Outgoing;
    use crate::log::reactions::{Moved, report_event};
    use domain::ids::{CampaignId, Code, UserId};
    use domain::order::saga::{Report, Step};

    const OWN: &str = "/doorbuster/A";

    fn receive_with(event: Event, change: impl Fn(&mut Vec<(String, Vec<u8>)>, &mut Vec<u8>)) -> Received<'static> {
        let topic = event.kind().topic();
        let outgoing =
            Outgoing { shard: 3, seq: 9, id: uuid(7), event, version: None, trace: None, at: Timestamp::default() };
        let attributes = cloud_event::attributes(&outgoing);
        let mut headers: Vec<(String, Vec<u8>)> =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        let mut value = outgoing.event.payload().into_bytes();
        change(&mut headers, &mut value);
        // The test ends with what it reads.
        let (headers, value) = (&*headers.leak(), &*value.leak());
        let find = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice());
        let raw = Raw { topic, number: 1, offset: 5, key: Some(b"k"), value: Some(value), millis: i64::MAX };
        receive(raw, find, OWN)
    }

    fn issued() -> Event {
        Event::CouponIssued(CouponIssued {
            user_coupon_id: Code::from("UC-1"),
            user_id: UserId(1),
            coupon_id: CampaignId(1),
            coupon_name: "Drop".into(),
            issue_number: 1,
            request_id: None,
            issued_at: Timestamp::default(),
        })
    }

    fn set(headers: &mut [(String, Vec<u8>)], name: &str, to: &str) {
        headers.iter_mut().find(|(known, _)| known == name).unwrap().1 = to.as_bytes().to_vec();
    }

    #[track_caller]
    fn poison(received: Received<'_>) -> (Poison, Timestamp) {
        let Received::Delivery { delivery, .. } = received else { panic!("{received:?}") };
        (delivery.event.unwrap_err(), delivery.at)
    }

    #[test]
    fn an_event_says_where_the_store_has_it() {
        let Received::Delivery { delivery, .. } = receive_with(issued(), |_, _| ()) else { panic!() };
        assert_eq!(delivery.origin, Origin::Record(OutboxSlot { shard: 3, seq: 9 }));
        assert_eq!((delivery.id, delivery.event), (EventId(7), Ok(issued())));
        let Received::Delivery { delivery, .. } = receive_with(issued(), |headers, _| set(headers, "ce_seq", "-"))
        else {
            panic!()
        };
        assert_eq!(delivery.origin, Origin::Record(OutboxSlot::NOWHERE));
    }

    #[test]
    fn a_record_of_another_shop_is_not_read() {
        let received = receive_with(issued(), |headers, value| {
            set(headers, "ce_source", "/doorbuster/B");
            value.truncate(3);
        });
        assert_eq!(received, Received::Foreign("/doorbuster/B".into()));
    }

    /// A dead letter is published on a topic, with the time of its event.
    #[test]
    fn no_moment_is_one_that_cannot_be_written() {
        for at in ["9223372036854775807", "-9223372036854775808", "253402300800000000"] {
            let (poison, taken_at) = poison(receive_with(issued(), |headers, _| set(headers, "ce_time", at)));
            assert!(poison.error.contains("is not a time"), "{}", poison.error);
            assert_eq!(wire_time::parse(&wire_time::format(taken_at)), Ok(taken_at));
        }
    }

    /// A store's columns have bounds: what cannot be written down could never be passed.
    #[test]
    fn what_is_kept_of_a_record_has_a_bound() {
        let long = "é".repeat(100_000);
        let report = report_event(Step::Coupon, Report::Completed, Moved::Nothing, Code::from(long.as_str()));
        let (named, _) = poison(receive_with(report, |_, _| ()));
        assert!(named.error.contains("its key has more than"), "{}", named.error);
        assert!(named.payload.len() < KEPT_BYTES_MAX + 32, "{}", named.payload.len());
        let (huge, _) = poison(receive_with(issued(), |_, value| value.resize(VALUE_BYTES_MAX + 1, b' ')));
        assert!(huge.error.contains("no event has more"), "{}", huge.error);
        let (nameless, _) = poison(receive_with(issued(), |headers, value| {
            set(headers, "ce_id", &long);
            set(headers, "ce_type", &long);
            *value = vec![0xff; 100_000];
        }));
        let lengths = [nameless.error.len(), nameless.kind.len(), nameless.payload.len()];
        assert!(lengths.iter().zip([1_100, 300, 17_000]).all(|(length, max)| *length < max), "{lengths:?}");
    }
}
