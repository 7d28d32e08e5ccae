//! Law 22: the figures of the statistics are the sums of the events that their groups have digested.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audit::report::{Findings, Law, ensure};
use crate::audit::snapshot::{EventFacts, KeptFigures, StatisticsFacts};
use crate::events::event::{Event, EventKind};
use crate::log::group::Group;
use crate::log::trailing::figures;
use crate::state::rows::{Counted, WHOLE_SHOP};

/// Counts events as the groups do, up to their offsets.
#[derive(Debug, Default)]
pub(in crate::audit) struct Recount {
    facts: StatisticsFacts,
    /// The expected sums, in the order of [`StatisticsFacts::kept`].
    expected: Vec<BTreeMap<(i64, Arc<str>), i64>>,
}

impl Recount {
    pub(in crate::audit) fn new(facts: StatisticsFacts) -> Recount {
        let expected = facts.kept.iter().map(|_| BTreeMap::new()).collect();
        Recount { facts, expected }
    }

    pub(in crate::audit) fn take(&mut self, facts: &EventFacts) {
        let Some(kind) = EventKind::from_name(&facts.kind) else { return };
        let is_read =
            |group: Group, kinds: &[EventKind]| kinds.contains(&kind) && self.facts.has_digested(group, facts);
        let of_coupons = is_read(Group::CouponStatistics, figures::OF_COUPONS);
        let of_orders = is_read(Group::OrderStatistics, figures::OF_ORDERS);
        if !of_coupons && !of_orders {
            return;
        }
        // An event that cannot be read is not counted, and law 20 is about it.
        let Ok(event) = Event::parse(kind, &facts.payload) else { return };
        for (kept, expected) in self.facts.kept.iter().zip(&mut self.expected) {
            if facts.at < kept.since {
                continue;
            }
            let mut add = |subject: i64, figure: Arc<str>, amount: i64| {
                let sum = expected.entry((subject, figure)).or_default();
                *sum = sum.saturating_add(amount);
            };
            match kept.counted {
                Counted::Coupons if of_coupons => {
                    let Some((campaign, figure)) = figures::of_coupon(&event) else { continue };
                    add(campaign.0, Arc::clone(&figure), 1);
                    add(WHOLE_SHOP, figure, 1);
                }
                Counted::Orders if of_orders => {
                    figures::of_order(&event, |figure, amount| add(WHOLE_SHOP, figure, amount));
                }
                Counted::Coupons | Counted::Orders => {}
            }
        }
    }

    pub(in crate::audit) fn judge(self, to: &mut Findings) {
        for (kept, expected) in self.facts.kept.iter().zip(self.expected) {
            compare(kept, expected, to);
            for figure in [figures::REVENUE, figures::DISCOUNT, figures::POINTS, figures::REFUNDED_AMOUNT] {
                let whole = kept.of(WHOLE_SHOP, figure);
                let verdict = ensure(kept.counted == Counted::Coupons || whole == kept.of_products(figure), || {
                    let (name, products) = (kept.resolution.name(), kept.of_products(figure));
                    format!("orders by {name}: {figure} is {whole}, but {products} for all products together")
                });
                to.note(Law::Statistics, verdict);
            }
        }
    }
}

fn compare(kept: &KeptFigures, mut expected: BTreeMap<(i64, Arc<str>), i64>, to: &mut Findings) {
    let name = || format!("{} by {}", kept.counted.name(), kept.resolution.name());
    for (subject, figure, amount) in &kept.sums {
        let counted = expected.remove(&(*subject, Arc::clone(figure))).unwrap_or_default();
        // Most refusals leave no event: they are counted where they are given.
        let is_right = if figure.starts_with(figures::REFUSED) { *amount >= counted } else { *amount == counted };
        let verdict = ensure(is_right, || {
            format!("{}: {figure} of {subject} is {amount}, but the events add up to {counted}", name())
        });
        to.note(Law::Statistics, verdict);
    }
    for ((subject, figure), counted) in expected.into_iter().filter(|(_, counted)| *counted != 0) {
        let verdict = Err(format!("{}: {figure} of {subject} is missing, but the events add up to {counted}", name()));
        to.note(Law::Statistics, verdict);
    }
}
