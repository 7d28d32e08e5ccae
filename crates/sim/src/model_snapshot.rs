//! The audit's view of a model disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use app::audit::{
    ABOUT_PRODUCTS, CampaignFact, CouponFacts, CustomerFacts, DropFact, EventFacts, Fulfilment, KeptFigures, Link,
    LogFacts, NoticeLink, OrderEventFacts, OrderFacts, ProductFacts, ShardFacts, Snapshot, StatisticsFacts,
    WebhookFact,
};
use app::events::outbox::uuid;
use app::ports::StoreError;
use app::state::rows::{AnswerKey, Counted, Resolution, StoredAnswer, WHOLE_SHOP};
use domain::ids::{CampaignId, OrderId, UserId};
use domain::stock::Product;
use domain::time::Timestamp;

use crate::disk::{Disk, OutboxRow, State};

/// A copy of a disk's state at one moment.
#[derive(Clone, Debug)]
pub struct ModelSnapshot(State);

impl ModelSnapshot {
    pub fn of(disk: &Disk) -> ModelSnapshot {
        ModelSnapshot(disk.state())
    }

    fn product(&self, product: &Product) -> ProductFacts {
        let receipts = self.0.receipts.values().filter(|receipt| receipt.product == product.id);
        let deltas: Vec<i64> = receipts.map(|receipt| receipt.delta).collect();
        ProductFacts {
            product: product.clone(),
            received: deltas.iter().filter(|delta| **delta > 0).sum(),
            written_off: -deltas.iter().filter(|delta| **delta < 0).sum::<i64>(),
        }
    }

    fn coupons(&self) -> impl Iterator<Item = CouponFacts> {
        self.0.holdings.values().flat_map(|holding| {
            let (campaign, user) = (holding.campaign, holding.user);
            holding.coupons.iter().map(move |coupon| CouponFacts { campaign, user, coupon: coupon.clone() })
        })
    }

    fn order_ids(&self) -> BTreeSet<OrderId> {
        let state = &self.0;
        let mut ids: BTreeSet<OrderId> = state.orders.keys().chain(state.timers.keys()).copied().collect();
        ids.extend(state.payments.keys().chain(state.shipments.keys()).chain(state.storages.keys()));
        ids.extend(state.claims.keys().map(|key| key.order));
        ids.extend(self.coupons().filter_map(|facts| facts.coupon.used_order));
        ids.extend(state.entries.values().filter_map(|entry| entry.order));
        ids.extend(state.outbox.iter().filter_map(|row| row.order));
        ids
    }

    fn order(&self, id: OrderId, events: Vec<OrderEventFacts>) -> OrderFacts {
        let state = &self.0;
        let claims = state.claims.iter().filter(|(key, _)| key.order == id);
        let entries = state.entries.values().filter(|entry| entry.order == Some(id));
        OrderFacts {
            id,
            row: state.orders.get(&id).cloned(),
            claims: claims.map(|(key, claim)| (key.step, *claim)).collect(),
            timer: state.timers.get(&id).copied(),
            fulfilment: Fulfilment {
                payment: state.payments.get(&id).cloned(),
                shipment: state.shipments.get(&id).cloned(),
                storage: state.storages.get(&id).copied(),
            },
            events,
            coupons: self.coupons().filter(|facts| facts.coupon.used_order == Some(id)).collect(),
            entries: entries.copied().collect(),
        }
    }

    fn user_ids(&self) -> BTreeSet<UserId> {
        let state = &self.0;
        let mut ids: BTreeSet<UserId> = state.customers.keys().chain(state.accounts.keys()).copied().collect();
        ids.extend(state.entries.values().map(|entry| entry.user));
        ids.extend(state.orders.values().map(|row| row.order.user()));
        ids.extend(state.holdings.keys().map(|key| key.user));
        ids.extend(state.notices.values().map(|notice| notice.user));
        ids
    }

    fn customer(&self, user: UserId) -> CustomerFacts {
        let state = &self.0;
        let orders = state.orders.values().filter(|row| row.order.user() == user);
        let coupons = state.coupons.iter().filter(|(_, (key, _))| key.user == user);
        let notices = state.notices.values().filter(|notice| notice.user == user);
        CustomerFacts {
            user,
            customer: state.customers.get(&user).copied(),
            account: state.accounts.get(&user).copied(),
            entries: state.entries.values().filter(|entry| entry.user == user).copied().collect(),
            orders: orders.map(Link::order).collect(),
            coupons: coupons.map(|(id, (_, previous))| Link::coupon(*id, *previous)).collect(),
            notices: notices
                .map(|notice| NoticeLink {
                    number: notice.number,
                    link: Link { id: notice.id.0, previous: notice.previous.map(|id| id.0) },
                })
                .collect(),
        }
    }
}

impl ModelSnapshot {
    /// Of minutes and hours, the earliest that is left may have lost some of its figures.
    fn kept_figures(&self, counted: Counted, resolution: Resolution) -> Option<KeptFigures> {
        let of = || self.0.figures.iter().filter(|(key, _)| (key.counted, key.resolution) == (counted, resolution));
        let earliest = of().map(|(key, _)| key.began_at).min();
        let since = match resolution {
            Resolution::Day => Timestamp::from_micros(i64::MIN),
            Resolution::Minute | Resolution::Hour => {
                of().map(|(key, _)| key.began_at).filter(|began_at| Some(*began_at) > earliest).min()?
            }
        };
        let mut sums: BTreeMap<(i64, Arc<str>), i64> = BTreeMap::new();
        for (key, amount) in of().filter(|(key, _)| key.began_at >= since) {
            let is_product = counted == Counted::Orders && key.subject != WHOLE_SHOP;
            let subject = if is_product { ABOUT_PRODUCTS } else { key.subject };
            *sums.entry((subject, key.figure.clone())).or_default() += amount;
        }
        let rows = sums.into_iter().map(|((subject, figure), amount)| (subject, figure, amount)).collect();
        Some(KeptFigures::new(counted, resolution, since, rows))
    }
}

fn order_event(row: &OutboxRow) -> OrderEventFacts {
    let (kind, payload) = (row.record.kind.to_owned(), row.record.payload.clone());
    OrderEventFacts { kind, payload, version: row.version, at: row.at }
}

impl Snapshot for ModelSnapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> Result<(), StoreError> {
        self.0.products.values().map(|product| self.product(product)).for_each(each);
        Ok(())
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), StoreError> {
        let mut ids: BTreeSet<CampaignId> = self.0.campaigns.keys().copied().collect();
        ids.extend(self.0.holdings.keys().map(|key| key.campaign));
        ids.extend(self.0.requests.values().map(|request| request.campaign));
        for id in ids {
            each(CampaignFact::Begins(id, self.0.campaigns.get(&id).cloned()));
            let mut coupons: Vec<CouponFacts> = self.coupons().filter(|facts| facts.campaign == id).collect();
            coupons.sort_by_key(|facts| facts.coupon.issue_number);
            coupons.into_iter().map(CampaignFact::Coupon).for_each(&mut *each);
            let requests = self.0.requests.values().filter(|request| request.campaign == id);
            requests.cloned().map(CampaignFact::Request).for_each(&mut *each);
        }
        Ok(())
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), StoreError> {
        let mut events: BTreeMap<OrderId, Vec<OrderEventFacts>> = BTreeMap::new();
        for row in &self.0.outbox {
            let Some(order) = row.order else { continue };
            events.entry(order).or_default().push(order_event(row));
        }
        let facts = |id| self.order(id, events.remove(&id).unwrap_or_default());
        self.order_ids().into_iter().map(facts).for_each(each);
        Ok(())
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), StoreError> {
        self.user_ids().into_iter().map(|user| self.customer(user)).for_each(each);
        Ok(())
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError> {
        self.0.answers.iter().for_each(|(key, stored)| each(*key, stored.clone()));
        Ok(())
    }

    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> Result<(), StoreError> {
        self.0.deliveries_pruned_before.map(WebhookFact::PrunedBefore).into_iter().for_each(&mut *each);
        self.0.webhooks.values().cloned().map(WebhookFact::Endpoint).for_each(&mut *each);
        self.0.deliveries.values().cloned().map(WebhookFact::Delivery).for_each(each);
        Ok(())
    }

    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> Result<(), StoreError> {
        self.0.drops.values().cloned().map(Box::new).map(DropFact::Drop).for_each(&mut *each);
        self.0.buyers.values().cloned().map(DropFact::Buyer).for_each(&mut *each);
        self.0.cards.values().copied().map(DropFact::Card).for_each(&mut *each);
        self.0.drop_links.values().cloned().map(DropFact::Link).for_each(each);
        Ok(())
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts, StoreError> {
        for (position, OutboxRow { record, order, version, cause, at }) in (1..).zip(&self.0.outbox) {
            each(EventFacts {
                id: record.id.clone(),
                shard: record.shard,
                seq: record.seq,
                key: record.key.clone(),
                kind: record.kind.to_owned(),
                payload: record.payload.clone(),
                at: *at,
                aggregatetype: record.aggregatetype.to_owned(),
                aggregateid: record.aggregateid.clone(),
                topic: record.topic.name().to_owned(),
                order: *order,
                version: *version,
                cause: (*cause).to_owned(),
                trace: record.trace.clone(),
                is_covered_whole: true,
                root: None,
                position,
            });
        }
        let heads = self.0.heads.iter().enumerate();
        let ids: BTreeSet<&str> = self.0.outbox.iter().map(|row| row.record.id.as_str()).collect();
        let taken = self.0.inbox.iter().map(|key| (key.group.name().to_owned(), uuid(key.event.0)));
        Ok(LogFacts {
            shards: heads.map(|(shard, head)| ShardFacts { shard, head: *head, roots: 0 }).collect(),
            positions: self.0.offsets.iter().map(|(key, position)| (*key, *position)).collect(),
            trail_end: i64::try_from(self.0.outbox.len()).ok(),
            strangers: taken.filter(|(_, id)| !ids.contains(id.as_str())).collect(),
            ..LogFacts::default()
        })
    }

    fn statistics(&mut self) -> Result<StatisticsFacts, StoreError> {
        let positions = self.0.offsets.iter().filter(|(key, _)| key.group.is_trailing());
        let positions = positions.map(|(key, position)| (*key, *position)).collect();
        let all = Counted::ALL.iter().flat_map(|counted| Resolution::ALL.iter().map(|it| (*counted, *it)));
        let kept = all.filter_map(|(counted, resolution)| self.kept_figures(counted, resolution)).collect();
        Ok(StatisticsFacts { positions, is_whole: true, kept })
    }

    fn integrity(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }
}
