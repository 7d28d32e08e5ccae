//! Work on many deliveries or events of the past: a command for each chunk.

use app::commands::answer::Answer;
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
#[derive(Clone, Copy, Default)]
pub(super) struct Done {
    pub(super) count: i64,
    /// Dead letters that are left out, because their event is archived.
    pub(super) archived: i64,
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
    let wanted = WantedDeliveries {
        webhook,
        state: Some(State::DeadLetter),
        event_type: None,
        from: Some(span.since),
        to: Some(span.until),
    };
    let (mut done, mut before) = (Done::default(), None);
    for chunk in 0.. {
        let found = shop.submitter.views.deliveries(wanted.clone(), before, CHUNK).await.map_err(unavailable)?;
        // The first chunk is submitted also if it is empty: the answer of a repeated request is there.
        if found.is_empty() && chunk > 0 {
            break;
        }
        let is_last = found.len() < CHUNK;
        before = found.last().map(|delivery| delivery.key.number);
        let mut numbers: Vec<i64> = vec![];
        for delivery in &found {
            match read_body(&shop.submitter, delivery).await.map_err(unavailable)? {
                Some(_) => numbers.push(delivery.key.number),
                None => done.archived += 1,
            }
        }
        let command = WebhookCommand::Resend { webhook, numbers, only_dead: true };
        done = submit(shop, command, of_chunk(idempotency, chunk), done).await?;
        if is_last {
            break;
        }
    }
    Ok(done)
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
    let (mut done, mut after) = (Done::default(), None);
    for chunk in 0.. {
        let past = WantedPast { since: span.since, kinds: kinds.clone(), after, limit: CHUNK };
        let past = if kinds.is_empty() {
            vec![]
        } else {
            shop.submitter.views.past_events(past).await.map_err(unavailable)?
        };
        let is_last = past.len() < CHUNK || past.iter().any(|event| event.at >= span.until);
        after = past.last().map(|event| event.position);
        let events: Vec<Outbound> = past.iter().filter(|event| event.at < span.until).filter_map(outbound).collect();
        let known = shop.submitter.views.delivered(webhook, events.iter().map(|event| event.id).collect());
        let known = known.await.map_err(unavailable)?;
        let replayed = |event: Outbound| {
            let number = known.iter().find(|(id, _)| *id == event.id).map(|(_, number)| *number);
            Replayed { event, number }
        };
        let events = events.into_iter().map(replayed).collect();
        let command = WebhookCommand::Replay(Box::new(Replay { webhook, events }));
        done = submit(shop, command, of_chunk(idempotency, chunk), done).await?;
        if is_last {
            break;
        }
    }
    Ok(done)
}

fn outbound(past: &PastEvent) -> Option<Outbound> {
    let PastEvent { slot, id, event, key, at, .. } = past;
    let event_type = EventType::of(event)?;
    Some(Outbound { id: *id, event_type: event_type.name(), key: key.clone(), slot: *slot, at: *at })
}

async fn submit(
    shop: &Shop,
    command: WebhookCommand,
    idempotency: Option<Idempotency>,
    so_far: Done,
) -> Result<Done, Problem> {
    let reply = shop.submitter.submit(Command::Webhook(command), idempotency).await;
    let answer = reply.result.map_err(|refusal| problem(&refusal))?;
    let count = if let Answer::WebhooksScheduled { count } = answer { count } else { 0 };
    Ok(Done { count: so_far.count + count, replayed: reply.replayed, ..so_far })
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
