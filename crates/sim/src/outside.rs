//! Rebuilds stock, points and issued coupons from the topics alone, and compares them with the shop's own figures.

use std::collections::BTreeMap;

use app::events::event::{Event, EventKind};
use app::events::topic::Topic;
use app::log::replay;
use domain::ids::{CampaignId, ProductId, UserId};

use crate::disk::State;
use crate::model_log::outgoing;
use crate::verdict::{Verdict, ensure};

/// The sums of a consumer that ignores repeated events.
#[derive(Default)]
struct Reader {
    /// On hand, reserved, sold.
    stock: BTreeMap<ProductId, [i64; 3]>,
    points: BTreeMap<UserId, i64>,
    issued: BTreeMap<CampaignId, i64>,
}

pub(crate) fn topics_equal_the_state(state: &State) -> Verdict {
    let mut reader = Reader::default();
    for row in &state.outbox {
        let outgoing = outgoing(row).map_err(|error| error.text().to_owned())?;
        for (_, record) in replay::records(&[outgoing], None) {
            let kind = record.attributes.iter().find(|(name, _)| *name == "ce_type").map(|(_, kind)| kind.as_str());
            let kind = kind.and_then(EventKind::from_type).ok_or("a record has no known event type")?;
            let event = Event::parse(kind, &record.value).map_err(|error| error.to_string())?;
            reader.read(record.topic, &event);
        }
    }
    for (id, product) in &state.products {
        let summed = reader.stock.get(id).copied().unwrap_or_default();
        let known = [product.on_hand, product.reserved, product.sold];
        ensure(summed == known, || format!("product {id} is {summed:?} by the topics, and {known:?} in the shop"))?;
    }
    for (user, account) in &state.accounts {
        let summed = reader.points.get(user).copied().unwrap_or(0);
        let known = account.balance.amount();
        ensure(summed == known, || format!("user {user} has {summed} points by the topics, and {known} in the shop"))?;
    }
    for (id, campaign) in &state.campaigns {
        let summed = reader.issued.get(id).copied().unwrap_or(0);
        ensure(summed == campaign.issued, || {
            format!("{summed} coupons of {id} were published, {} were issued", campaign.issued)
        })?;
    }
    Ok(())
}

impl Reader {
    fn read(&mut self, on: Topic, event: &Event) {
        match (on, event) {
            (Topic::StockEvents, Event::StockMoved(moved)) => {
                let changes = [moved.on_hand_change, moved.reserved_change, moved.sold_change];
                let figures = self.stock.entry(moved.product_id).or_default();
                figures.iter_mut().zip(changes).for_each(|(figure, change)| *figure += change);
            }
            (Topic::PointEvents, Event::PointsMoved(moved)) => {
                *self.points.entry(moved.user_id).or_default() += moved.change;
            }
            (Topic::CouponEvents, Event::CouponIssued(issued)) => {
                *self.issued.entry(issued.coupon_id).or_default() += 1;
            }
            _ => {}
        }
    }
}
