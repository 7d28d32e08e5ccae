//! Work on many deliveries or events of the past: a command for each chunk.

use app::commands::answer::{Answer, PartEnd};
use app::commands::{Command, Idempotency, Replay, Replayed, WebhookCommand};
use app::events::event::EventKind;
use app::ports::views::{PastEvent, WantedDeliveries, WantedPast};
use app::state::rows::AnswerKey;
use app::webhooks::catalogue::EventType;
use app::webhooks::fan_out::Outbound;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::State;
use sha2::{Digest as _, Sha256};

use crate::api::Shop;
use crate::api::request::checks::check_moment;
use crate::api::response::refusals::{problem, unavailable};
use crate::api::texts::values;
use crate::http::{Problem, Violations};
use crate::runtime::outward::webhook_loop::read_body;

/// Events or deliveries of one command.
const CHUNK: usize = 500;

/// The result of all chunks.
#[derive(Clone, Copy)]
pub(super) struct Done {
    pub(super) count: i64,
    /// Dead letters that are left out, because their event is archived.
    pub(super) archived: i64,
    /// True if an earlier request had this answer: none of the chunks was new.
    pub(super) replayed: bool,
}

pub(super) struct Wanted {
    pub(super) span: Span,
    pub(super) types: Vec<EventType>,
}

/// Schedules the dead letters that were created in a part of the past, and whose event is still in the store.
pub(super) async fn recover(
    shop: &Shop,
    webhook: WebhookId,
    span: Span,
    idempotency: Option<Idempotency>,
) -> Result<Done, Problem> {
    let mut wanted = WantedDeliveries {
        webhook,
        state: Some(State::DeadLetter),
        event_type: None,
        from: Some(span.since),
        to: Some(span.until),
    };
    let (mut chunks, mut before) = (Chunks::new(shop, idempotency, span), None);
    loop {
        let found = shop.submitter.views.deliveries(wanted.clone(), before, CHUNK).await.map_err(unavailable)?;
        let (mut numbers, mut archived) = (vec![], 0);
        for delivery in &found {
            match read_body(&shop.submitter, delivery).await.map_err(unavailable)? {
                Some(_) => numbers.push(delivery.key.number),
                None => archived += 1,
            }
        }
        let next = found.last().filter(|_| found.len() == CHUNK).map(|delivery| delivery.key.number);
        let end = chunks.end(next, archived);
        let command = WebhookCommand::Resend { webhook, numbers, only_dead: true, end: Some(end) };
        before = chunks.submit(command, end).await?;
        if before.is_none() {
            return Ok(chunks.done);
        }
        wanted.to = Some(chunks.until);
    }
}

/// Schedules deliveries of the events of a part of the past.
pub(super) async fn replay(
    shop: &Shop,
    webhook: WebhookId,
    wanted: Wanted,
    idempotency: Option<Idempotency>,
) -> Result<Done, Problem> {
    let Wanted { span, types } = wanted;
    let is_wanted = |kind: &EventKind| EventType::of_kind(*kind).is_some_and(|of| types.contains(&of));
    let kinds: Vec<EventKind> = EventKind::ALL.iter().copied().filter(is_wanted).collect();
    let (mut chunks, mut after) = (Chunks::new(shop, idempotency, span), None);
    loop {
        let past = WantedPast { since: span.since, kinds: kinds.clone(), after, limit: CHUNK };
        let past = if kinds.is_empty() {
            vec![]
        } else {
            shop.submitter.views.past_events(past).await.map_err(unavailable)?
        };
        let is_before = |event: &&PastEvent| event.at < chunks.until;
        let is_last = past.len() < CHUNK || !past.iter().all(|event| is_before(&event));
        let events: Vec<Outbound> = past.iter().filter(is_before).filter_map(outbound).collect();
        let known = shop.submitter.views.delivered(webhook, events.iter().map(|event| event.id).collect());
        let known = known.await.map_err(unavailable)?;
        let replayed = |event: Outbound| {
            let number = known.iter().find(|(id, _)| *id == event.id).map(|(_, number)| *number);
            Replayed { event, number }
        };
        let events = events.into_iter().map(replayed).collect();
        let end = chunks.end(past.last().filter(|_| !is_last).map(|event| event.position), 0);
        after = chunks.submit(WebhookCommand::Replay(Box::new(Replay { webhook, events, end })), end).await?;
        if after.is_none() {
            return Ok(chunks.done);
        }
    }
}

fn outbound(past: &PastEvent) -> Option<Outbound> {
    let PastEvent { slot, id, event, key, at, .. } = past;
    let event_type = EventType::of(event)?;
    Some(Outbound { id: *id, event_type: event_type.name(), key: key.clone(), slot: *slot, at: *at })
}

/// The chunks of a request. Each has an answer of its own, which says where the next one begins: a repeated request gets the
/// same chunks, whatever is in the store by then.
struct Chunks<'a> {
    shop: &'a Shop,
    idempotency: Option<Idempotency>,
    number: u64,
    until: Timestamp,
    done: Done,
}

impl Chunks<'_> {
    const fn new(shop: &Shop, idempotency: Option<Idempotency>, span: Span) -> Chunks<'_> {
        let done = Done { count: 0, archived: 0, replayed: true };
        Chunks { shop, idempotency, number: 0, until: span.until, done }
    }

    const fn end(&self, next: Option<i64>, archived: i64) -> PartEnd {
        PartEnd { next, until: self.until, archived }
    }

    /// Submits the next chunk; a repeated request gets the stored answer instead. Returns the place after which the next
    /// chunk begins, if there is one.
    async fn submit(&mut self, command: WebhookCommand, end: PartEnd) -> Result<Option<i64>, Problem> {
        let idempotency = of_chunk(self.idempotency, self.number);
        let reply = self.shop.submitter.submit(Command::Webhook(command), idempotency).await;
        let answer = reply.result.map_err(|refusal| problem(&refusal))?;
        let (count, stored) =
            if let Answer::WebhooksScheduled { count, end } = answer { (count, end) } else { (0, None) };
        let end = stored.unwrap_or(end);
        self.number += 1;
        self.until = end.until;
        self.done.count += count;
        self.done.archived += end.archived;
        self.done.replayed &= reply.replayed;
        Ok(end.next)
    }
}

/// Returns the key of a chunk: the first chunk has the request's own.
fn of_chunk(idempotency: Option<Idempotency>, chunk: u64) -> Option<Idempotency> {
    let Idempotency { key, fingerprint } = idempotency?;
    if chunk == 0 {
        return Some(Idempotency { key, fingerprint });
    }
    let hash = Sha256::new().chain_update(key.0).chain_update(chunk.to_be_bytes()).finalize();
    Some(Idempotency { key: AnswerKey(hash.into()), fingerprint })
}

/// A part of the past.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

pub(super) fn span(shop: &Shop, since: &str, until: Option<&str>) -> Result<Span, Problem> {
    let mut violations = Violations::default();
    let since = check_moment("#/since", since, &mut violations);
    let now = shop.submitter.clock.now();
    if until.is_none() && since > now {
        violations.push("#/since", "out_of_order", values::NOT_IN_THE_FUTURE);
    }
    let until = until.map(|until| check_moment("#/until", until, &mut violations));
    if until.is_some_and(|until| until < since) {
        violations.push("#/until", "out_of_order", values::NOT_BEFORE.with("since"));
    }
    violations.into_result()?;
    Ok(Span { since, until: until.unwrap_or(now) })
}
