//! Compares histories with what was read: after every tick, each thing that is rebuilt from the events so far equals its
//! row.

use std::collections::BTreeMap;

use app::events::event::{Event, EventKind};
use app::history::Fold;
use app::history::campaign::CampaignPast;
use app::history::customer::CustomerPast;
use app::history::order::OrderPast;
use app::history::product::ProductPast;
use app::state::rows::Fulfilment;
use app::state::settings::Executor;
use domain::coupon::Campaign;
use domain::ids::{CampaignId, Code, OrderId, ProductId, UserId};
use domain::order::{Created, Order};
use domain::payment::Payment;

use crate::disk::{OutboxRow, State};
use crate::process::CODEC;
use crate::verdict::{Verdict, ensure};

/// Everything of a shop, rebuilt from its events.
#[derive(Default)]
pub(crate) struct Past {
    /// Outbox rows so far.
    seen: usize,
    campaigns: BTreeMap<CampaignId, CampaignPast>,
    products: BTreeMap<ProductId, ProductPast>,
    customers: BTreeMap<UserId, CustomerPast>,
    orders: BTreeMap<OrderId, OrderPast>,
}

impl Past {
    /// Takes the events since the last call, and compares the result with the committed state.
    pub(crate) fn follow(&mut self, state: &State, executor: Executor) -> Verdict {
        let new = state.outbox.get(self.seen..).unwrap_or_default();
        self.seen = state.outbox.len();
        let mut changed = vec![];
        for row in new {
            self.take(row)?;
            changed.extend(row.order);
        }
        campaigns_are_equal(state, &self.campaigns)?;
        products_are_equal(state, &self.products)?;
        customers_are_equal(state, &self.customers)?;
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().try_for_each(|order| order_is_equal(state, executor, order, self.orders.get(&order)))
    }

    fn meet(&mut self, user: UserId) {
        self.customers.entry(user).or_insert_with(|| CustomerPast::new(user));
    }

    fn take(&mut self, row: &OutboxRow) -> Verdict {
        let kind = EventKind::from_name(row.record.kind).ok_or("an event has an unknown type")?;
        let event = Event::parse(kind, &row.record.payload).map_err(|error| error.to_string())?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events begin nothing")]
        match &event {
            Event::CampaignCreated(new) => {
                self.campaigns.insert(new.coupon_id, CampaignPast::new(new.coupon_id));
            }
            Event::ProductRegistered(new) => {
                self.products.insert(new.product_id, ProductPast::new(new.product_id));
            }
            Event::CouponIssued(issued) => self.meet(issued.user_id),
            Event::PointsCharged(charged) => self.meet(charged.user_id),
            _ => {}
        }
        self.campaigns.values_mut().for_each(|past| past.take(&event, row.at));
        self.products.values_mut().for_each(|past| past.take(&event, row.at));
        self.customers.values_mut().for_each(|past| past.take(&event, row.at));
        if let Some(order) = row.order {
            self.orders.entry(order).or_insert_with(|| OrderPast::new(order)).take(&event, row.at);
        }
        Ok(())
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: impl std::fmt::Display, read: &T, rebuilt: &T) -> Verdict {
    ensure(read == rebuilt, || format!("the history of {what} is {rebuilt:?}, but {read:?} was read"))
}

fn campaigns_are_equal(state: &State, pasts: &BTreeMap<CampaignId, CampaignPast>) -> Verdict {
    let rebuilt: BTreeMap<CampaignId, Campaign> =
        pasts.iter().filter_map(|(id, past)| Some((*id, past.state()?.clone()))).collect();
    equal("campaigns", &state.campaigns, &rebuilt)
}

fn products_are_equal(state: &State, pasts: &BTreeMap<ProductId, ProductPast>) -> Verdict {
    let rebuilt = pasts.iter().filter_map(|(id, past)| Some((*id, past.state()?.clone()))).collect();
    equal("products", &state.products, &rebuilt)?;
    for (id, past) in pasts {
        let details = state.details.get(id).cloned().unwrap_or_default();
        equal(format_args!("the details of {id}"), &details, past.details())?;
    }
    Ok(())
}

fn customers_are_equal(state: &State, pasts: &BTreeMap<UserId, CustomerPast>) -> Verdict {
    for (user, past) in pasts {
        let balance = state.accounts.get(user).map_or(0, |account| account.balance.amount());
        equal(format_args!("the points of {user}"), &balance, &past.points())?;
        let mut held: Vec<(Code, Option<Code>)> = vec![];
        for holding in state.holdings.values().filter(|holding| holding.user == *user) {
            let coupons = holding.coupons.iter();
            held.extend(coupons.map(|coupon| (coupon.code.clone(), coupon.used_order.map(|order| CODEC.order(order)))));
        }
        let coupons = past.coupons().iter();
        let mut rebuilt: Vec<(Code, Option<Code>)> =
            coupons.map(|coupon| (coupon.code.clone(), coupon.used_order.clone())).collect();
        held.sort_unstable();
        rebuilt.sort_unstable();
        equal(format_args!("the coupons of {user}"), &held, &rebuilt)?;
    }
    Ok(())
}

fn order_is_equal(state: &State, executor: Executor, id: OrderId, past: Option<&OrderPast>) -> Verdict {
    let read = state.orders.get(&id).map(|row| &row.order);
    let rebuilt = past.map(OrderPast::state).transpose().map_err(|broken| format!("order {id}: {broken}"))?.flatten();
    let Some((read, (rebuilt, of_it))) = read.zip(rebuilt) else {
        return ensure(read.is_none() && rebuilt.is_none(), || format!("order {id} is only in one of row and events"));
    };
    equal(format_args!("order {id}"), &shown(read, read, executor), &shown(rebuilt, read, executor))?;
    let stored = Fulfilment {
        payment: state.payments.get(&id).cloned(),
        shipment: state.shipments.get(&id).cloned(),
        storage: state.storages.get(&id).copied(),
    };
    equal(format_args!("what belongs to order {id}"), &shown_of_it(&stored), &shown_of_it(of_it))
}

/// Returns the order without what events do not tell: its receiver, and the coupon's own number. Over the log, an order
/// learns of a report after it was made.
fn shown(order: &Order, read: &Order, executor: Executor) -> Order {
    let created = &order.created;
    let created = Created {
        receiver: None,
        coupon: created.coupon.map(|wanted| domain::order::CouponWanted { coupon: None, ..wanted }),
        ..(**created).clone()
    };
    let saga = if executor == Executor::Log { read.saga.clone() } else { order.saga.clone() };
    Order { created: created.into(), saga, ..order.clone() }
}

/// Returns what is shown of a payment, a shipment and a storage.
fn shown_of_it(of_it: &Fulfilment) -> impl PartialEq + std::fmt::Debug {
    let payment = of_it.payment.as_ref().map(|payment| {
        let Payment { attempt, method, amount, captured, refunded, resolved, refusal, .. } = payment;
        let returned = *refunded + *resolved;
        (*attempt, *method, *amount, *captured, returned, refusal.clone(), payment.state.shown())
    });
    let shipment = of_it.shipment.as_ref().map(|parcel| (parcel.state, parcel.tracking.clone(), parcel.updated_at));
    (payment, shipment, of_it.storage)
}
