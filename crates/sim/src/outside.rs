//! Rebuilds stock, points and issued coupons from the topics alone, and compares them with the shop's own figures.

use std::collections::BTreeMap;

use app::events::event::{Event, EventKind};
use app::events::topic::Topic;
use app::log::replay;
use domain::ids::{CampaignId, ProductId, UserId};

use crate::checker::ensure;
use crate::disk::State;
use crate::model_log::outgoing;
use crate::world::Verdict;

/// What a reader of the topics adds up, an event that comes again left out.
#[derive(Default)]
struct Reader {
    /// On hand, reserved, sold.
    stock: BTreeMap<ProductId, [i64; 3]>,
    points: BTreeMap<UserId, i64>,
    issued: BTreeMap<CampaignId, i64>,
}

pub(crate) fn topics_tell_all(state: &State) -> Verdict {
    let mut reader = Reader::default();
    for row in &state.outbox {
        let outgoing = outgoing(row).map_err(|error| error.0)?;
        for (_, record) in replay::records(&[outgoing], None) {
            let kind = record.attributes.iter().find(|(name, _)| *name == "ce_type").map(|(_, kind)| kind.as_str());
            let kind = kind.and_then(EventKind::from_type).ok_or("a record is of no kind")?;
            let event = Event::parse(kind, &record.value).map_err(|error| error.to_string())?;
            reader.read(record.topic, &event);
        }
    }
    for (id, product) in &state.products {
        let told = reader.stock.get(id).copied().unwrap_or_default();
        let known = [product.on_hand, product.reserved, product.sold];
        ensure(told == known, || format!("of product {id} the topics tell {told:?}, and it is {known:?}"))?;
    }
    for (user, account) in &state.accounts {
        let told = reader.points.get(user).copied().unwrap_or(0);
        let known = account.balance.amount();
        ensure(told == known, || format!("of the points of {user} the topics tell {told}, and they are {known}"))?;
    }
    for (id, campaign) in &state.campaigns {
        let told = reader.issued.get(id).copied().unwrap_or(0);
        ensure(told == campaign.issued, || {
            format!("{told} coupons of {id} were told, {} were issued", campaign.issued)
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
