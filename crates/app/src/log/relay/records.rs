//! The records of an event: itself on every topic that carries it, and the movements that happened with it.

use super::{Outgoing, Record, dead_letters, movements};
use crate::events::cloud_event;
use crate::events::event::Event;

/// Returns the records of one event.
pub(crate) fn records(outgoing: &Outgoing) -> Vec<Record> {
    if let Event::DeadLettered(letter) = &outgoing.event {
        return vec![dead_letters::record(letter, outgoing.trace)];
    }
    let kind = outgoing.event.kind();
    let topics = std::iter::once(kind.topic()).chain(kind.copied_to().iter().copied());
    let itself = topics.map(|topic| Record {
        topic,
        is_dead_letter: false,
        key: outgoing.event.key_on(topic),
        value: outgoing.event.payload(),
        attributes: cloud_event::attributes(outgoing),
    });
    let moved = movements::of(&outgoing.event, outgoing.at).into_iter().enumerate();
    let moved = moved.map(|(place, event)| Record {
        topic: event.kind().topic(),
        is_dead_letter: false,
        key: event.key(),
        value: event.payload(),
        attributes: cloud_event::derived(outgoing, &event, place),
    });
    itself.chain(moved).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ids::{Code, ProductId, UserId};
    use domain::money::Money;
    use domain::order::saga::{Report, Step};
    use domain::time::Timestamp;

    use super::*;
    use crate::events::event::{
        DeadLettered, OrderReturned, PointsCharged, PointsMoved, Sold, StockAdjusted, StockMoved,
    };
    use crate::events::outbox::uuid;
    use crate::events::topic::Topic;
    use crate::events::trace::TraceParent;
    use crate::log::reactions::{Moved, report_event};

    const ANN: UserId = UserId(7);
    const LAMP: ProductId = ProductId(3);

    fn outgoing(event: Event) -> Outgoing {
        Outgoing { shard: 1, seq: 9, id: uuid(5), event, version: Some(2), trace: None, at: Timestamp::default() }
    }

    /// Returns the changes of stock and of points on the topics of movements.
    fn moved(event: Event) -> Vec<[i64; 4]> {
        let records = records(&outgoing(event)).into_iter();
        let change = |record: Record| {
            if let Ok(stock) = serde_json::from_str::<StockMoved>(&record.value) {
                assert_eq!((record.topic, record.key), (Topic::StockEvents, stock.product_id.to_string()));
                return Some([stock.on_hand_change, stock.reserved_change, stock.sold_change, 0]);
            }
            let points = serde_json::from_str::<PointsMoved>(&record.value).ok()?;
            assert_eq!((record.topic, record.key), (Topic::PointEvents, points.user_id.to_string()));
            Some([0, 0, 0, points.change])
        };
        records.filter_map(change).collect()
    }

    fn order() -> Code {
        Code::from("ORD-4F7K2M9Q")
    }

    fn report(step: Step, report: Report, moved: Moved) -> Event {
        report_event(step, report, moved, order())
    }

    fn returned() -> Event {
        Event::OrderReturned(OrderReturned {
            order_id: order(),
            user_id: ANN,
            products: vec![Sold { id: LAMP, qty: 2 }, Sold { id: ProductId(4), qty: 1 }],
            refund_amount: Money::won(100),
            product_amounts: vec![],
            no_longer_due: Money::ZERO,
            points_restored: Money::won(30),
            is_last: true,
            refund_reason: None,
            goods: domain::order::fulfilment::Goods::Returned,
            sold_at: None,
            coupon_restored: None,
        })
    }

    #[test]
    fn every_movement_is_published_with_its_event() {
        let adjusted = |delta| {
            Event::StockAdjusted(StockAdjusted { product_id: LAMP, delta, reason: "counted".into(), on_hand: 5 })
        };
        assert_eq!(moved(adjusted(3)), [[3, 0, 0, 0]]);
        assert_eq!(moved(adjusted(-3)), [[-3, 0, 0, 0]]);
        let stock = Step::Stock(LAMP);
        assert_eq!(moved(report(stock, Report::Completed, Moved::Units(2))), [[0, 2, 0, 0]]);
        assert_eq!(moved(report(stock, Report::Restored, Moved::Units(2))), [[0, -2, 0, 0]]);
        let points = Moved::Points(ANN, Money::won(30));
        assert_eq!(moved(report(Step::Point, Report::Completed, points.clone())), [[0, 0, 0, -30]]);
        assert_eq!(moved(report(Step::Point, Report::Restored, points)), [[0, 0, 0, 30]]);
        assert_eq!(moved(returned()), [[2, 0, -2, 0], [1, 0, -1, 0], [0, 0, 0, 30]]);
        let charged = PointsCharged { user_id: ANN, amount: Money::won(9), balance: Money::won(10) };
        assert_eq!(moved(Event::PointsCharged(charged)), [[0, 0, 0, 9]]);
    }

    #[test]
    fn a_repeated_report_moves_nothing() {
        for step in [Step::Stock(LAMP), Step::Point] {
            for said in [Report::Completed, Report::Restored] {
                assert!(moved(report(step, said, Moved::Nothing)).is_empty());
            }
        }
    }

    #[test]
    fn derived_events_have_stable_identities_of_their_own() {
        let ids = |_round| -> Vec<String> {
            let records = records(&outgoing(returned())).into_iter();
            let id = |record: Record| record.attributes.into_iter().find(|(name, _)| *name == "ce_id").unwrap().1;
            records.map(id).collect()
        };
        let first = ids(1);
        assert_eq!(first[0], uuid(5));
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 4);
        assert_eq!(first, ids(2));
        let of_order = |record: &&Record| record.attributes.iter().any(|(name, _)| *name == "ce_version");
        assert_eq!(
            records(&outgoing(returned())).iter().filter(of_order).count(),
            1,
            "movements are no versions of the order"
        );
    }

    fn letter(payload: &str) -> Event {
        Event::DeadLettered(DeadLettered {
            letter_id: 17,
            group: "notice-group".into(),
            topic: "coupon-issued".into(),
            partition: 3,
            offset: 41,
            event_id: uuid(77).into(),
            key: "42".into(),
            kind: "CouponIssued".into(),
            payload: payload.into(),
            attempts: 4,
            error: "a constraint".into(),
            first_failed_at: Timestamp::default(),
            occurred_at: Timestamp::default(),
        })
    }

    #[test]
    fn a_dead_letter_is_the_original_record_with_its_failure_in_headers() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let given_up = outgoing(letter("{\"userCouponId\":"));
        let records = records(&Outgoing { trace: TraceParent::parse(trace.as_bytes()), ..given_up });
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.topic, record.is_dead_letter), (Topic::CouponIssued, true));
        assert_eq!((record.key.as_str(), record.value.as_str()), ("42", "{\"userCouponId\":"));
        let said =
            |name: &str| record.attributes.iter().find(|(known, _)| *known == name).map(|(_, said)| said.as_str());
        for (name, expected) in [
            ("ce_id", uuid(77).as_str()),
            ("ce_type", "dev.doorbuster.CouponIssued.v1"),
            ("ce_traceparent", trace),
            ("dlq_letter_id", "17"),
            ("dlq_group", "notice-group"),
            ("dlq_origin_topic", "coupon-issued"),
            ("dlq_origin_partition", "3"),
            ("dlq_origin_offset", "41"),
            ("dlq_attempts", "4"),
            ("dlq_error", "a constraint"),
        ] {
            assert_eq!(said(name), Some(expected), "{name}");
        }
        assert_eq!(said("dlq_is_cut"), None);
    }

    /// A record that the broker refuses would block everything after it.
    #[test]
    fn a_dead_letter_is_never_longer_than_a_broker_takes() {
        let records = records(&outgoing(letter(&"한".repeat(400_000))));
        assert!(records[0].value.len() <= 900_000 && records[0].value.len() > 899_900);
        assert!(records[0].attributes.iter().any(|(name, _)| *name == "dlq_is_cut"));
    }
}
