//! The shipment of an order's goods to their receiver (P-04). An order has one shipment.

use std::sync::Arc;

use crate::ids::OrderId;
use crate::order::{Receiver, Status as OrderStatus, Whereabouts};
use crate::time::Timestamp;
use crate::word::words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Prepare {
        order: OrderId,
        receiver: Receiver,
    },
    /// Moves the shipment to its next state; may record the carrier's tracking number.
    Move {
        state: State,
        tracking: Option<Arc<str>>,
    },
    /// Changes the receiver of goods that have not left yet.
    Redirect {
        receiver: Receiver,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Redirected { receiver: Receiver },
    Prepared { order: OrderId, receiver: Receiver },
    Moved { state: State, tracking: Option<Arc<str>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The state table has no edge from `from` to the requested state.
    NoSuchEdge { from: State },
}

words! {
    pub enum State {
        Pending = "PENDING",
        Shipped = "SHIPPED",
        InTransit = "IN_TRANSIT",
        OutForDelivery = "OUT_FOR_DELIVERY",
        Delivered = "DELIVERED",
        Returned = "RETURNED",
        Canceled = "CANCELED",
        Delayed = "DELAYED",
        FailedDelivery = "FAILED_DELIVERY",
    }
}

impl State {
    /// The state table. Delayed goods continue in transit, so that the order never skips a status.
    pub const fn can_become(self, next: State) -> bool {
        use State::{
            Canceled, Delayed, Delivered, FailedDelivery, InTransit, OutForDelivery, Pending, Returned, Shipped,
        };
        match self {
            Pending => matches!(next, Shipped | Canceled),
            Shipped => matches!(next, InTransit | Delayed),
            InTransit => matches!(next, OutForDelivery | Delayed | Returned),
            OutForDelivery => matches!(next, Delivered | FailedDelivery | Delayed),
            Delayed => matches!(next, InTransit),
            FailedDelivery => matches!(next, OutForDelivery | Returned),
            Delivered => matches!(next, Returned),
            Returned | Canceled => false,
        }
    }

    /// The order's status for this state. A returned parcel requests a refund instead.
    pub const fn order_status(self) -> Option<OrderStatus> {
        match self {
            State::Shipped => Some(OrderStatus::ShipmentStarted),
            State::InTransit => Some(OrderStatus::InTransit),
            State::Delivered => Some(OrderStatus::Completed),
            State::Pending
            | State::OutForDelivery
            | State::Returned
            | State::Canceled
            | State::Delayed
            | State::FailedDelivery => None,
        }
    }

    /// The location of the goods.
    pub const fn whereabouts(self) -> Whereabouts {
        match self {
            State::Pending | State::Canceled => Whereabouts::InHouse,
            State::Shipped | State::InTransit | State::OutForDelivery | State::Delayed | State::FailedDelivery => {
                Whereabouts::OnTheWay
            }
            State::Delivered => Whereabouts::Delivered,
            State::Returned => Whereabouts::CameBack,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    pub order: OrderId,
    pub state: State,
    pub receiver: Receiver,
    /// The carrier's tracking number.
    pub tracking: Option<Arc<str>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Decides a command about an order's shipment; `None` is a shipment that does not exist yet.
///
/// # Errors
///
/// The state table has no such edge, or the goods to redirect have left.
pub fn decide(shipment: Option<&Shipment>, command: &Command) -> Result<Vec<Event>, Rejection> {
    match (shipment, command) {
        (Some(_), Command::Prepare { .. }) => Ok(vec![]),
        (None, Command::Prepare { order, receiver }) => {
            Ok(vec![Event::Prepared { order: *order, receiver: receiver.clone() }])
        }
        // Without a shipment, nothing moves.
        (None, Command::Move { .. } | Command::Redirect { .. }) => Ok(vec![]),
        (Some(shipment), Command::Redirect { receiver }) if shipment.receiver == *receiver => Ok(vec![]),
        (Some(shipment), Command::Redirect { receiver }) if shipment.state == State::Pending => {
            Ok(vec![Event::Redirected { receiver: receiver.clone() }])
        }
        (Some(shipment), Command::Redirect { .. }) => Err(Rejection::NoSuchEdge { from: shipment.state }),
        (Some(shipment), Command::Move { state, tracking }) => {
            let is_same = shipment.state == *state;
            if is_same && tracking.as_ref().is_none_or(|tracking| shipment.tracking.as_ref() == Some(tracking)) {
                return Ok(vec![]);
            }
            if !is_same && !shipment.state.can_become(*state) {
                return Err(Rejection::NoSuchEdge { from: shipment.state });
            }
            Ok(vec![Event::Moved { state: *state, tracking: tracking.clone() }])
        }
    }
}

/// Folds an event into the shipment.
pub fn evolve(shipment: &mut Option<Shipment>, event: &Event, at: Timestamp) {
    match event {
        Event::Prepared { order, receiver } => {
            *shipment = Some(Shipment {
                order: *order,
                state: State::Pending,
                receiver: receiver.clone(),
                tracking: None,
                created_at: at,
                updated_at: at,
            });
        }
        Event::Moved { state, tracking } => {
            let shipment = shipment.as_mut().expect("a shipment is prepared before it moves");
            shipment.state = *state;
            if let Some(tracking) = tracking {
                shipment.tracking = Some(Arc::clone(tracking));
            }
            shipment.updated_at = at;
        }
        Event::Redirected { receiver } => {
            let shipment = shipment.as_mut().expect("a shipment is prepared before it is redirected");
            shipment.receiver = receiver.clone();
            shipment.updated_at = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

    fn ann() -> Receiver {
        Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
    }

    fn prepare() -> Command {
        Command::Prepare { order: OrderId(1), receiver: ann() }
    }

    const fn to(state: State) -> Command {
        Command::Move { state, tracking: None }
    }

    #[track_caller]
    fn after(commands: &[Command]) -> Shipment {
        let mut shipment = None;
        for command in commands {
            for event in decide(shipment.as_ref(), command).unwrap() {
                evolve(&mut shipment, &event, NOON);
            }
        }
        shipment.unwrap()
    }

    #[test]
    fn an_order_has_one_shipment() {
        let shipment = after(&[prepare()]);
        assert_eq!((shipment.state, &shipment.receiver), (State::Pending, &ann()));
        assert_eq!(decide(Some(&shipment), &prepare()), Ok(vec![]));
    }

    #[test]
    fn a_step_that_is_no_edge_is_refused() {
        let pending = after(&[prepare()]);
        let refused = Err(Rejection::NoSuchEdge { from: State::Pending });
        assert_eq!(decide(Some(&pending), &to(State::Delivered)), refused);
        assert_eq!(decide(Some(&pending), &to(State::Pending)), Ok(vec![]));
    }

    #[test]
    fn the_carriers_number_may_come_at_any_step_or_alone() {
        let moved = |state| Command::Move { state, tracking: Some("KR-1".into()) };
        let shipped = after(&[prepare(), moved(State::Shipped), to(State::InTransit)]);
        assert_eq!(shipped.tracking.as_deref(), Some("KR-1"));
        assert_eq!(after(&[prepare(), moved(State::Pending)]).tracking.as_deref(), Some("KR-1"));
    }

    /// Every path of shipment states moves the order along the edges of its status table.
    #[test]
    fn no_path_of_shipment_states_makes_the_order_skip_a_status() {
        let mut seen: Vec<(State, OrderStatus)> = vec![(State::Pending, OrderStatus::Preparing)];
        let mut place = 0;
        while let Some((state, status)) = seen.get(place).copied() {
            place += 1;
            for next in State::ALL.into_iter().filter(|next| state.can_become(*next)) {
                let wanted = next.order_status().unwrap_or(status);
                assert!(wanted == status || status.can_become(wanted), "{} → {}", state.name(), next.name());
                if !seen.contains(&(next, wanted)) {
                    seen.push((next, wanted));
                }
            }
        }
        assert!(seen.contains(&(State::Delivered, OrderStatus::Completed)));
    }
}
