//! The context of one running command: the rows of its batch, and the services that it may reach.

use domain::coupon::Campaign;
use domain::order::saga::Step as SagaStep;
use domain::order::{Modes, Order};
use domain::stock::Product;
use domain::time::Timestamp;

use crate::commands::Reaction;
use crate::commands::answer::{Answer, Refusal};
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

/// Why a command stops early. Its changes are undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It needs a row that is not loaded.
    Missing(Missing),
    /// The domain refuses it.
    Refused(Refusal),
    /// An event could not be handled, and a retry would not help.
    Failed(String),
    /// A stored row names another one that does not exist. The command is not applied, a repeat would not help, and
    /// operators are told of the row once.
    Damaged(String),
    /// An invariant would be broken: this command is not applied, and operators see an error.
    Broken(String),
}

impl Halt {
    /// Returns the halt for a decision that would break an invariant.
    pub(crate) fn broken(invariant: &str) -> Halt {
        Halt::Broken(format!("an invariant is broken: {invariant}"))
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

/// Runs the reaction of an event; [`crate::commands::dispatch::react`] in the engine.
pub(crate) type React = fn(&mut Context<'_>, &Reaction) -> Handled;

pub(crate) struct Context<'a> {
    pub rows: &'a mut Rows,
    pub ids: &'a mut Ids,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// The name of the command or event that caused this, for the history.
    pub cause: &'static str,
    /// The trace of the command.
    pub trace: Option<TraceParent>,
    /// The number of events that were skipped because they had no effect.
    pub skipped: usize,
    pub react: React,
}

impl Context<'_> {
    /// Writes an event and, under the inline executor, runs its reactions.
    pub(crate) fn publish(&mut self, event: Event) -> Handled {
        self.publish_of_order(event, None)
    }

    /// Like [`Context::publish`], for an event that counts as a version of the order.
    pub(crate) fn publish_of(&mut self, event: Event, order: &Order) -> Handled {
        self.publish_of_order(event, Some((order.id(), Some(order.version))))
    }

    /// Like [`Context::publish`], for an event in an order's history that is no version of the order.
    pub(crate) fn publish_about(&mut self, event: Event, order: OrderId) -> Handled {
        self.publish_of_order(event, Some((order, None)))
    }

    /// Writes an event without running reactions: its effect is already in the rows.
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

    /// Runs `act` under another trace.
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
            (self.react)(self, &command)?;
        }
        self.cause = cause;
        Ok(())
    }

    fn inline_commands(&self, event: &Event) -> Vec<Reaction> {
        if self.settings.executor == Executor::Log {
            return vec![];
        }
        reactions::groups_of(event.kind())
            .filter_map(|group| reactions::command(group, event, self.now, &self.settings.codec))
            .collect()
    }

    /// Checks that the participant of a step accepts calls. `Err`: when to try again.
    pub(crate) fn ask(&self, step: SagaStep) -> Result<(), Timestamp> {
        self.settings.services.ask(step, self.now)
    }

    /// Returns the setting that chooses the mode of orders without one.
    pub(crate) fn modes(&self) -> Modes {
        match self.rows.modes.get(ModesKey) {
            Ok(Some(change)) => change.modes,
            // Only a command that changes the setting loads its row.
            Ok(None) | Err(Missing(_)) => self.settings.modes,
        }
    }

    /// Counts an event that was delivered again or too late: it changes and publishes nothing (O-16).
    pub(crate) const fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Returns the order, for participants, which do not change it.
    pub(crate) fn placed(&self, order: OrderId) -> Handled<Option<&Order>> {
        if self.rows.orders.is_loaded(&OrderKey(order)) {
            return Ok(self.rows.orders.get(OrderKey(order))?.map(|row| &row.order));
        }
        Ok(self.rows.placed.get(PlacedKey(order))?)
    }

    /// Returns the order of an id that came from outside.
    pub(crate) fn order(&self, order: OrderId) -> Handled<OrderRow> {
        self.rows.orders.get(OrderKey(order))?.cloned().ok_or(Halt::Refused(Refusal::OrderNotFound))
    }

    /// Returns a campaign's terms for the use of a coupon; the count in it may be outdated.
    pub(crate) fn campaign_snapshot(&self, campaign: CampaignId) -> Result<Option<&Campaign>, Missing> {
        if self.rows.campaigns.is_loaded(&campaign) {
            return self.rows.campaigns.get(campaign);
        }
        self.rows.campaign_snapshots.get(CampaignSnapshotKey(campaign))
    }

    /// Returns a product for a purchase; the counters in it may be outdated.
    pub(crate) fn product_snapshot(&self, product: ProductId) -> Result<Option<&Product>, Missing> {
        if self.rows.products.is_loaded(&product) {
            return self.rows.products.get(product);
        }
        self.rows.product_snapshots.get(ProductSnapshotKey(product))
    }

    /// Returns the customer, and creates it at its first write.
    pub(crate) fn customer(&mut self, user: UserId) -> Handled<Customer> {
        let known = self.rows.customers.get(CustomerKey(user))?.copied();
        Ok(known.unwrap_or_else(|| Customer::new(user, self.now)))
    }
}
