//! Law 17: every event has one delivery for each endpoint that was subscribed to it, and each delivery is in a legal
//! state.

use std::collections::BTreeMap;

use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, Endpoint, State, Status};
use rustc_hash::FxHashSet;

use crate::audit::report::{Findings, Law, Verdict, ensure};
use crate::audit::snapshot::{EventFacts, LogFacts, Snapshot, WebhookFact};
use crate::events::event::{Event, EventKind};
use crate::events::outbox::parse_uuid;
use crate::events::wire_time;
use crate::log::group::Group;
use crate::ports::StoreError;
use crate::webhooks::catalogue::EventType;

/// The endpoints, and what was scheduled for them.
#[derive(Debug, Default)]
pub(in crate::audit) struct WebhookBooks {
    /// Deliveries of earlier events may have been deleted.
    pruned_before: Option<Timestamp>,
    endpoints: BTreeMap<WebhookId, Endpoint>,
    /// Endpoints and events with a delivery.
    scheduled: FxHashSet<(WebhookId, u128)>,
    counts: BTreeMap<WebhookId, i64>,
    /// Wanted events without a delivery; those that the group has not reached yet are in flight.
    missing: Vec<Missing>,
}

#[derive(Debug)]
struct Missing {
    webhook: WebhookId,
    event: String,
    position: i64,
    shard: usize,
    seq: i64,
}

impl WebhookBooks {
    /// Reads the endpoints and deliveries, and checks each delivery.
    pub(in crate::audit) fn read(snapshot: &mut dyn Snapshot, to: &mut Findings) -> Result<WebhookBooks, StoreError> {
        let mut books = WebhookBooks::default();
        snapshot.webhooks(&mut |fact| match fact {
            WebhookFact::PrunedBefore(moment) => books.pruned_before = Some(moment),
            WebhookFact::Endpoint(endpoint) => {
                books.endpoints.insert(endpoint.id, endpoint);
            }
            WebhookFact::Delivery(delivery) => {
                to.note(Law::Webhooks, books.enter(&delivery));
            }
        })?;
        for endpoint in books.endpoints.values() {
            let count = books.counts.get(&endpoint.id).copied().unwrap_or(0);
            to.note(
                Law::Webhooks,
                ensure(books.has_all(count, endpoint.deliveries), || {
                    format!("webhook {}: it counts {} deliveries, and has {count}", endpoint.id, endpoint.deliveries)
                }),
            );
        }
        Ok(books)
    }

    /// Old deliveries are deleted, so there may be fewer than were ever made.
    const fn has_all(&self, found: i64, made: i64) -> bool {
        found == made || self.pruned_before.is_some() && found < made
    }

    fn enter(&mut self, delivery: &Delivery) -> Verdict {
        let key = delivery.key;
        let name = || format!("delivery {}-{}", key.webhook, key.number);
        *self.counts.entry(key.webhook).or_default() += 1;
        ensure(self.endpoints.contains_key(&key.webhook), || format!("{}: it has no endpoint", name()))?;
        ensure(self.scheduled.insert((key.webhook, delivery.event)), || {
            format!("{}: the endpoint has another delivery of its event", name())
        })?;
        ensure(delivery.state.is_open() == delivery.due.is_some(), || {
            let due =
                delivery.due.map_or_else(|| "not planned".to_owned(), |due| format!("at {}", wire_time::format(due)));
            format!("{}: it is {}, and its next attempt is {due}", name(), delivery.state.name())
        })?;
        let was_tried = matches!(delivery.state, State::InProgress | State::Completed | State::Failed);
        ensure(delivery.attempts >= delivery.tries.max(i64::from(was_tried)) && delivery.tries >= 0, || {
            format!("{}: it is {} after {} attempts", name(), delivery.state.name(), delivery.attempts)
        })
    }

    /// Looks for the deliveries of an event.
    pub(in crate::audit) fn see(&mut self, facts: &EventFacts) {
        if self.endpoints.is_empty() || self.pruned_before.is_some_and(|moment| facts.at < moment) {
            return;
        }
        let kind = EventKind::from_name(&facts.kind).filter(|kind| EventType::of_kind(*kind).is_some());
        let event = kind.and_then(|kind| Event::parse(kind, &facts.payload).ok());
        let (Some(event_type), Some(id)) = (event.as_ref().and_then(EventType::of), parse_uuid(&facts.id)) else {
            return;
        };
        // What was on its way to a removed endpoint need not arrive.
        let wants =
            |endpoint: &&Endpoint| endpoint.status != Status::Removed && endpoint.wants(event_type.name(), facts.at);
        for endpoint in self.endpoints.values().filter(wants) {
            if !self.scheduled.contains(&(endpoint.id, id)) {
                self.missing.push(Missing {
                    webhook: endpoint.id,
                    event: facts.id.clone(),
                    position: facts.position,
                    shard: facts.shard,
                    seq: facts.seq,
                });
            }
        }
    }

    /// Reports events that the group has passed without scheduling their deliveries.
    pub(in crate::audit) fn judge(&self, kept: &LogFacts, to: &mut Findings) {
        let offset = |number: usize| {
            let of_group = kept.positions.iter().find(|(key, _)| {
                key.group == Group::Webhooks && key.partition.topic.is_none() && key.partition.number == number as i32
            });
            of_group.map_or(0, |(_, offset)| *offset)
        };
        for Missing { webhook, event, position, shard, seq } in &self.missing {
            let is_passed = if kept.trail_end.is_some() { *position < offset(0) } else { *seq < offset(*shard) };
            if is_passed {
                to.note(Law::Webhooks, Err(format!("webhook {webhook}: event {event} has no delivery")));
            }
        }
    }
}
