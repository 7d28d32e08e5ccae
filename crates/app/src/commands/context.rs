//! One command at work: the rows of its batch, and what it may reach.

use domain::coupon::Campaign;
use domain::order::saga::Step as SagaStep;
use domain::order::{Modes, Order};
use domain::stock::Product;
use domain::time::Timestamp;

use crate::commands::answer::{Answer, Refusal};
use crate::commands::dispatch;
use crate::events::event::Event;
use crate::events::trace::TraceParent;
use crate::log::reactions;
use crate::state::ids::Ids;
use crate::state::rows::{
    CampaignSnapshotKey, Customer, CustomerKey, ModesKey, NewEvent, OrderKey, OrderRow, PlacedKey, ProductSnapshotKey,
    Rows,
};
use crate::state::settings::{Executor, Settings};
use crate::state::table::Missing;
use domain::ids::{CampaignId, OrderId, ProductId, UserId};

/// Why a command stops before its end. Its changes are undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It needs a row that was not loaded.
    Missing(Missing),
    /// The domain says no.
    Refused(Refusal),
    /// An event could not be handled, and trying again would not help.
    Failed(String),
    /// Something that always holds would not hold any more: this one thing is not done, and operators learn of it.
    Broken(String),
}

impl Halt {
    /// The decision would break an invariant.
    pub(crate) fn broken(invariant: &str) -> Halt {
        Halt::Broken(format!("this must always hold, and does not: {invariant}"))
    }
}

impl From<Missing> for Halt {
    fn from(missing: Missing) -> Halt {
        Halt::Missing(missing)
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Halt {
        Halt::Refused(refusal)
    }
}

pub(crate) type Answered = Result<Answer, Halt>;
pub(crate) type Handled<T = ()> = Result<T, Halt>;

pub(crate) struct Context<'a> {
    pub rows: &'a mut Rows,
    pub ids: &'a mut Ids,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// What made it happen: a command's or an event's name, for the history.
    pub cause: &'static str,
    /// The trace that this belongs to.
    pub trace: Option<TraceParent>,
    /// Events that were skipped, because they changed nothing that had not been changed before.
    pub skipped: usize,
}

impl Context<'_> {
    /// Writes an event down and, under the inline executor, follows what it leads to.
    pub(crate) fn publish(&mut self, event: Event) -> Handled {
        self.publish_of_order(event, None)
    }

    /// The same for an event of the order's own, which counts its version.
    pub(crate) fn publish_of(&mut self, event: Event, order: &Order) -> Handled {
        self.publish_of_order(event, Some((order.id(), Some(order.version))))
    }

    /// The same for what belongs to an order's history and is no change of the order itself.
    pub(crate) fn publish_about(&mut self, event: Event, order: OrderId) -> Handled {
        self.publish_of_order(event, Some((order, None)))
    }

    /// Writes an event down and leads nowhere: its effect is already in the rows.
    pub(crate) fn record(&mut self, event: Event, of: Option<(OrderId, Option<i64>)>) {
        if event.kind().is_request() && self.settings.executor == Executor::Inline {
            return;
        }
        let id = self.ids.event(self.now);
        let (order, version) = of.map_or((None, None), |(order, version)| (Some(order), version));
        self.rows.events.push(NewEvent {
            id,
            event,
            order,
            version,
            cause: self.cause,
            trace: self.trace,
            at: self.now,
        });
    }

    /// Does something that belongs to another trace.
    pub(crate) fn within<T>(&mut self, trace: Option<TraceParent>, act: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.trace, trace);
        let done = act(self);
        self.trace = own;
        done
    }

    fn publish_of_order(&mut self, event: Event, of: Option<(OrderId, Option<i64>)>) -> Handled {
        let kind = event.kind();
        let commands = self.inline_commands(&event);
        let of = of.or_else(|| {
            let report = reactions::step_report(&event).map(|(report, _)| &report.order_id);
            let delayed = if let Event::DelayedProcessing(delayed) = &event { Some(&delayed.order_id) } else { None };
            let code = report.or(delayed)?;
            self.settings.codec.order_id(code.as_str()).map(|order| (order, None))
        });
        self.record(event, of);
        let cause = std::mem::replace(&mut self.cause, kind.name());
        for command in commands {
            dispatch::react(self, &command)?;
        }
        self.cause = cause;
        Ok(())
    }

    fn inline_commands(&self, event: &Event) -> Vec<crate::commands::Reaction> {
        if self.settings.executor == Executor::Log {
            return vec![];
        }
        reactions::groups_of(event.kind())
            .filter_map(|group| reactions::command(group, event, self.now, &self.settings.codec))
            .collect()
    }

    /// Asks the participant of a step whether he can be asked. `Err`: when to ask again.
    pub(crate) fn ask(&self, step: SagaStep) -> Result<(), Timestamp> {
        self.settings.services.ask(step, self.now)
    }

    /// What chooses the mode of orders that do not name one.
    pub(crate) fn modes(&self) -> Modes {
        match self.rows.modes.get(ModesKey) {
            Ok(Some(change)) => change.modes,
            // Only who changes the setting has it read with the batch.
            Ok(None) | Err(Missing(_)) => self.settings.modes,
        }
    }

    /// An event was handed over again, or too late: it changes nothing and publishes nothing (O-16).
    pub(crate) const fn skip(&mut self) {
        self.skipped += 1;
    }

    /// The order as those see it who work for it and do not change it.
    pub(crate) fn placed(&self, order: OrderId) -> Handled<Option<&Order>> {
        if self.rows.orders.is_loaded(&OrderKey(order)) {
            return Ok(self.rows.orders.get(OrderKey(order))?.map(|row| &row.order));
        }
        Ok(self.rows.placed.get(PlacedKey(order))?)
    }

    /// The order of an id that came from outside.
    pub(crate) fn order(&self, order: OrderId) -> Handled<OrderRow> {
        self.rows.orders.get(OrderKey(order))?.cloned().ok_or(Halt::Refused(Refusal::OrderNotFound))
    }

    /// A campaign as far as whoever uses a coupon of it needs to know: how much is left of it may have changed since.
    pub(crate) fn terms(&self, campaign: CampaignId) -> Result<Option<&Campaign>, Missing> {
        if self.rows.campaigns.is_loaded(&campaign) {
            return self.rows.campaigns.get(campaign);
        }
        self.rows.terms.get(CampaignSnapshotKey(campaign))
    }

    /// The same for a product that is to be bought.
    pub(crate) fn offer(&self, product: ProductId) -> Result<Option<&Product>, Missing> {
        if self.rows.products.is_loaded(&product) {
            return self.rows.products.get(product);
        }
        self.rows.offers.get(ProductSnapshotKey(product))
    }

    /// The customer, made known to the shop by his first write.
    pub(crate) fn customer(&mut self, user: UserId) -> Handled<Customer> {
        let known = self.rows.customers.get(CustomerKey(user))?.copied();
        Ok(known.unwrap_or_else(|| Customer::new(user, self.now)))
    }
}
