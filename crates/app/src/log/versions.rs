//! Detects gaps in the versions of an order's own events, on the topic that carries them all.
//!
//! The memory is bounded and is lost with the process. So a gap is only a suspicion: the store has all events, and each
//! group's inbox those that it has handled (`docs/decisions/0022`).

use std::collections::HashMap;
use std::mem;

use domain::ids::Code;

use crate::events::event::Event;
use crate::events::topic::Topic;

/// The approximate number of orders that are remembered for a partition; beyond it the oldest are forgotten.
const ORDERS_MAX: usize = 4_096;
/// No order has a longer code.
const CODE_BYTES_MAX: usize = 64;

/// The missing events of an order: those with versions between these two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub order: Code,
    pub after: i64,
    pub before: i64,
}

/// The place of an event in its order's versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    InTurn,
    /// It, or a record that claims to be later, arrived before. That record may be forged, so a late event is not dropped.
    Late,
    Behind(Gap),
}

/// The versions that have arrived in one partition.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    recent: HashMap<Code, i64>,
    earlier: HashMap<Code, i64>,
}

impl Versions {
    /// Judges an event by its version. An event without version, or from a topic that carries only some of an order's
    /// events, counts as in turn.
    pub fn judge(&mut self, topic: Topic, event: &Event, version: Option<i64>) -> Arrival {
        let (aggregate, order) = event.aggregate();
        let is_judged = topic == Topic::OrderEvents && aggregate == "order" && order.len() <= CODE_BYTES_MAX;
        let Some(version) = version.filter(|_| is_judged) else {
            return Arrival::InTurn;
        };
        let order = Code(order.into());
        let seen = self.recent.get(&order).or_else(|| self.earlier.get(&order)).copied().unwrap_or(0);
        if version <= seen {
            return Arrival::Late;
        }
        self.remember(order.clone(), version);
        if version == seen + 1 { Arrival::InTurn } else { Arrival::Behind(Gap { order, after: seen, before: version }) }
    }

    fn remember(&mut self, order: Code, version: i64) {
        if self.recent.len() >= ORDERS_MAX / 2 {
            self.earlier = mem::take(&mut self.recent);
        }
        self.recent.insert(order, version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::event::OrderNote;

    fn event(order: &str) -> Event {
        Event::CompensationStuck(OrderNote { order_id: Code::from(order), user_id: None, status: None })
    }

    #[track_caller]
    fn check(versions: &[i64], expected: &[Arrival]) {
        let mut seen = Versions::default();
        let judge = |version: &i64| seen.judge(Topic::OrderEvents, &event("A"), Some(*version));
        assert_eq!(versions.iter().map(judge).collect::<Vec<_>>(), expected);
    }

    fn behind(after: i64, before: i64) -> Arrival {
        Arrival::Behind(Gap { order: Code::from("A"), after, before })
    }

    #[test]
    fn gaps_are_noticed_and_late_events_are_dropped() {
        use Arrival::{InTurn, Late};
        check(&[1, 2, 3], &[InTurn, InTurn, InTurn]);
        check(&[1, 3, 2, 4], &[InTurn, behind(1, 3), Late, InTurn]);
        check(&[1, 1, 2, 1], &[InTurn, Late, InTurn, Late]);
        check(&[3, 4], &[behind(0, 3), InTurn]);
    }

    #[test]
    fn only_the_topic_with_all_events_is_judged() {
        let mut seen = Versions::default();
        assert_eq!(seen.judge(Topic::CompensationEvents, &event("A"), Some(7)), Arrival::InTurn);
        assert_eq!(seen.judge(Topic::OrderEvents, &event("A"), None), Arrival::InTurn);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let mut seen = Versions::default();
        for number in 0..3 * ORDERS_MAX {
            let order = event(&format!("ORD-{number}"));
            assert_eq!(seen.judge(Topic::OrderEvents, &order, Some(1)), Arrival::InTurn);
            if let Some(before) = number.checked_sub(ORDERS_MAX / 2 - 1) {
                let order = event(&format!("ORD-{before}"));
                assert_eq!(seen.judge(Topic::OrderEvents, &order, Some(1)), Arrival::Late);
            }
        }
        assert!(seen.recent.len() + seen.earlier.len() <= ORDERS_MAX);
    }
}
