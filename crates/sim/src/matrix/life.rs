//! The requests of customers and admins about one order, in sequence.

use app::commands::{Command, PlaceOrder, ProcessOrder, RefundWanted};
use domain::ids::{CampaignId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Order, Outcome, Payment as Paying, Receiver, Status};
use domain::payment::{Method, Payment, State as Paid};
use domain::{shipment, warehouse};

use crate::disk::State;

pub(super) const ANN: UserId = UserId(1);

/// The course of an order without failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Paid and shipped in one step, then delivered.
    Sent,
    /// Paid and stored in one step, then removed from storage.
    Stored,
    /// Paid in a request of its own, repeated after a decline.
    Paid,
    /// Paid, and cancelled before its goods leave.
    TakenBack,
    /// Paid, and refunded in two parts.
    Refunded,
    /// Cancelled while its payment is under way.
    Withdrawn,
    /// Cancelled before it is paid.
    Cancelled,
    /// Never paid.
    Unpaid,
    /// Paid on delivery.
    OnDelivery,
}

/// The products and the campaign of an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goods {
    pub(super) products: [ProductId; 2],
    pub(super) campaign: CampaignId,
}

impl Life {
    pub const ALL: [Life; 9] = [
        Life::Sent,
        Life::Stored,
        Life::Paid,
        Life::TakenBack,
        Life::Refunded,
        Life::Withdrawn,
        Life::Cancelled,
        Life::Unpaid,
        Life::OnDelivery,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Life::Sent => "sent",
            Life::Stored => "stored",
            Life::Paid => "paid",
            Life::TakenBack => "cancelled after payment",
            Life::Refunded => "refunded",
            Life::Withdrawn => "withdrawn",
            Life::Cancelled => "cancelled",
            Life::Unpaid => "unpaid",
            Life::OnDelivery => "on delivery",
        }
    }

    /// The final outcome and status without failures.
    pub(super) const fn end(self) -> (Outcome, Status) {
        match self {
            Life::Sent | Life::Stored => (Outcome::Completed, Status::Completed),
            Life::Paid | Life::OnDelivery => (Outcome::Completed, Status::Preparing),
            Life::TakenBack => (Outcome::Completed, Status::Cancelled),
            Life::Refunded => (Outcome::Completed, Status::Refunded),
            Life::Withdrawn | Life::Cancelled | Life::Unpaid => (Outcome::Cancelled, Status::Cancelled),
        }
    }

    pub(super) fn place(self, goods: Goods) -> Command {
        let [first, last] = goods.products;
        Command::PlaceOrder(Box::new(PlaceOrder {
            user: ANN,
            items: vec![(first, 1), (last, 2)],
            coupon: Some((goods.campaign, None)),
            points: Money::won(300),
            payment: if self == Life::OnDelivery { Paying::OnDelivery } else { Paying::Prepaid },
            receiver: (!matches!(self, Life::Sent | Life::Stored)).then(receiver),
            warehouse_storage: false,
            total_shown: None,
            // The setting decides, so that the rules are tested as well.
            mode: None,
            tickets: vec![],
        }))
    }

    /// Returns the next request, if it is possible now; `done` counts the requests since the order was placed.
    pub(super) fn next(self, done: usize, state: &State, order: &Order) -> Option<Command> {
        let id = order.id();
        let payment = state.payments.get(&id);
        let is_due = order.outcome == Outcome::AwaitingPayment;
        let pay = Command::Pay { order: id, method: Method::Card, means: None, amount_shown: None };
        match (self, done) {
            (Life::Sent | Life::Stored, 0) => is_due.then(|| self.process(order)),
            (Life::Sent, _) => {
                let to = shipment_states().nth(done - 1)?;
                let shipment = state.shipments.get(&id)?;
                let goes = shipment.state.can_become(to);
                goes.then_some(Command::AdvanceShipment { order: id, state: to, tracking: None })
            }
            (Life::Stored, 1) => {
                let fetched = warehouse::State::RemovedFromStorage;
                state.storages.contains_key(&id).then_some(Command::AdvanceStorage { order: id, state: fetched })
            }
            (Life::Paid | Life::TakenBack | Life::Refunded | Life::Withdrawn, 0) => is_due.then_some(pay),
            (Life::Paid, 1) => {
                let is_refused = payment.is_some_and(|payment| matches!(payment.state, Paid::Declined | Paid::Voided));
                (is_due && is_refused).then_some(pay)
            }
            (Life::TakenBack, 1) => {
                let is_paid = payment.is_some_and(|payment| payment.state == Paid::Captured);
                is_paid.then_some(Command::CancelOrder { order: id, by: Canceller::Customer, note: None })
            }
            (Life::Refunded, 1 | 2) => {
                let lines = if done == 1 { order.created.lines.first().map(|line| (line.product, 1)) } else { None };
                // The second part is requested even while the first is under way or stuck.
                let is_paid = payment.is_some_and(|payment| !payment.captured.is_zero());
                is_paid.then(|| {
                    let lines = lines.into_iter().collect();
                    Command::RefundOrder(Box::new(RefundWanted { order: id, lines, note: None, by_shop: None }))
                })
            }
            (Life::Withdrawn, 1) => {
                let is_under_way = payment.is_some_and(Payment::is_under_way);
                is_under_way.then_some(Command::CancelOrder { order: id, by: Canceller::Customer, note: None })
            }
            (Life::Cancelled, 0) => {
                is_due.then_some(Command::CancelOrder { order: id, by: Canceller::Customer, note: None })
            }
            (
                Life::Stored
                | Life::Paid
                | Life::TakenBack
                | Life::Refunded
                | Life::Withdrawn
                | Life::Cancelled
                | Life::Unpaid
                | Life::OnDelivery,
                _,
            ) => None,
        }
    }

    /// Returns whether payments run only after the last request.
    pub(super) const fn is_before_payments(self) -> bool {
        matches!(self, Life::Withdrawn)
    }

    /// Total number of requests.
    pub(super) const fn acts(self) -> usize {
        match self {
            Life::Sent => 6,
            Life::Stored | Life::TakenBack | Life::Withdrawn => 3,
            Life::Refunded => 4,
            Life::Paid | Life::Cancelled => 2,
            Life::Unpaid | Life::OnDelivery => 1,
        }
    }

    fn process(self, order: &Order) -> Command {
        Command::ProcessOrder(Box::new(ProcessOrder {
            order: order.id(),
            method: Some(Method::Card),
            receiver: (self == Life::Sent).then(receiver),
            warehouse_storage: Some(self == Life::Stored),
        }))
    }
}

fn shipment_states() -> impl Iterator<Item = shipment::State> {
    use shipment::State::{Delivered, InTransit, OutForDelivery, Shipped};
    [Shipped, InTransit, OutForDelivery, Delivered].into_iter()
}

fn receiver() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}
