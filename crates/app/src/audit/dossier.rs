//! One order's facts with its events parsed, as the laws about orders read them.

use domain::claim::Claim;
use domain::order::saga::{Step, StepState};
use domain::order::{Order, Outcome};
use domain::time::Timestamp;

use super::snapshot::OrderFacts;
use crate::events::event::{Event, EventKind};

pub(super) struct Dossier {
    /// The order's name in complaints.
    pub(super) name: String,
    pub(super) facts: OrderFacts,
    history: Vec<(Event, Timestamp)>,
    /// The error of the first event that could not be parsed.
    pub(super) unreadable: Option<String>,
    /// True if its first events are in an archive, so that nothing can be computed from all of them.
    pub(super) is_cut: bool,
}

impl Dossier {
    /// `archived_before`: older events may be in an archive.
    pub(super) fn new(facts: OrderFacts, archived_before: Option<Timestamp>) -> Dossier {
        let number = facts.row.as_ref().map(|row| row.order.created.number.to_string());
        let name = number.unwrap_or_else(|| format!("order {}", facts.id));
        let mut history = Vec::with_capacity(facts.events.len());
        let mut unreadable = None;
        for stored in &facts.events {
            let read = EventKind::from_name(&stored.kind).map(|kind| Event::parse(kind, &stored.payload));
            match read {
                Some(Ok(event)) => history.push((event, stored.at)),
                Some(Err(error)) => unreadable = unreadable.or_else(|| Some(format!("{}: {error}", stored.kind))),
                None => unreadable = unreadable.or_else(|| Some(stored.kind.clone())),
            }
        }
        let first = facts.events.iter().find_map(|event| event.version);
        let placed = facts.row.as_ref().map(|row| row.order.created.at);
        let is_cut = first != Some(1) && placed.is_some_and(|at| archived_before.is_some_and(|before| at < before));
        Dossier { name, facts, history, unreadable, is_cut }
    }

    pub(super) fn order(&self) -> Option<&Order> {
        self.facts.row.as_ref().map(|row| &row.order)
    }

    /// The order's events in commit order.
    pub(super) fn history(&self) -> impl Iterator<Item = (&Event, Timestamp)> {
        self.history.iter().map(|(event, at)| (event, *at))
    }

    /// Returns true if a step's participant holds something for the order now: by its claim while the saga lives, by
    /// the order's own outcome afterwards. Until a restoration, what a lost claim held counts as held: the loss is
    /// reported by law 2 alone.
    pub(super) fn holds(&self, order: &Order, step: Step) -> bool {
        let record = order.saga.steps.iter().find(|record| record.step == step);
        let is_completed = record.is_some_and(|record| record.state == StepState::Completed);
        let claim = self.claim(step);
        match order.outcome {
            Outcome::Cancelled => false,
            Outcome::Completed => is_completed && !(step == Step::Coupon && order.is_all_returned()),
            Outcome::Pending | Outcome::AwaitingPayment => claim.map_or(is_completed, |claim| claim == Claim::Held),
            Outcome::Compensating | Outcome::CompensationStuck => claim == Some(Claim::Held),
        }
    }

    pub(super) fn claim(&self, step: Step) -> Option<Claim> {
        self.facts.claims.iter().find(|(of, _)| *of == step).map(|(_, claim)| *claim)
    }
}
