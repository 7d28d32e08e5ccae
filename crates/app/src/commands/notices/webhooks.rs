//! Webhooks: endpoints, deliveries of events to them, and the results of attempts.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{
    Attempt, Change, Delivery, DeliveryKey, Endpoint, Failing, Next, Slot, State, Status, Taken, Term,
};

use crate::commands::Command;
use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, PartEnd, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::events::event::{Event, WebhookDisabled};
use crate::state::rows::{Key, Keys};
use crate::webhooks::fan_out::{FanOut, Outbound};

#[derive(Clone, Debug, PartialEq)]
pub enum WebhookCommand {
    Create(Box<NewWebhook>),
    Change {
        webhook: WebhookId,
        change: Box<Change>,
    },
    Remove {
        webhook: WebhookId,
    },
    Rotate {
        webhook: WebhookId,
        secret: Arc<str>,
    },
    /// Stores secrets of the endpoint in another form.
    RenewSecrets {
        webhook: WebhookId,
        renewed: Vec<RenewedSecret>,
    },
    Test(Box<TestDelivery>),
    /// Schedules deliveries of events to the endpoints that want them.
    FanOut(Arc<FanOut>),
    /// Schedules deliveries of past events to one endpoint, whatever it subscribed to then.
    Replay(Box<Replay>),
    /// Schedules deliveries again; only dead ones, or all.
    Resend {
        webhook: WebhookId,
        numbers: Vec<i64>,
        only_dead: bool,
        /// Of a request for many deliveries.
        end: Option<PartEnd>,
    },
    /// Takes due deliveries for an attempt; they count as lost after `until`.
    Take {
        deliveries: Vec<DeliveryKey>,
        until: Timestamp,
    },
    Answered(Box<DeliveryAnswered>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewWebhook {
    pub url: Arc<str>,
    pub description: Arc<str>,
    /// An empty list means all event types.
    pub event_types: Vec<Arc<str>>,
    pub secret: Arc<str>,
    pub ordered: bool,
    pub rate_per_second: Option<i64>,
}

/// The same secret as it is stored, and as it will be.
#[derive(Clone, Debug, PartialEq)]
pub struct RenewedSecret {
    pub stored: Arc<str>,
    pub by: Arc<str>,
}

/// A delivery of no event.
#[derive(Clone, Debug, PartialEq)]
pub struct TestDelivery {
    pub webhook: WebhookId,
    pub event_type: &'static str,
    pub body: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub webhook: WebhookId,
    pub events: Vec<Replayed>,
    pub end: PartEnd,
}

/// A past event, and the number of its delivery, if it was delivered before.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    pub event: Outbound,
    pub number: Option<i64>,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryAnswered {
    pub key: DeliveryKey,
    /// The number of the attempt.
    pub number: i64,
    pub attempt: Attempt,
    pub next: Next,
    /// How long an endpoint may fail before it is disabled.
    pub disable_after: Duration,
}

impl From<WebhookCommand> for Command {
    fn from(command: WebhookCommand) -> Command {
        Command::Webhook(command)
    }
}

impl WebhookCommand {
    /// Declares the rows that the command reads.
    pub(crate) fn declare(&self, keys: &mut Keys) {
        match self {
            WebhookCommand::Create(_) => {}
            WebhookCommand::Change { webhook, .. }
            | WebhookCommand::Remove { webhook }
            | WebhookCommand::Rotate { webhook, .. }
            | WebhookCommand::RenewSecrets { webhook, .. } => {
                keys.insert((*webhook).into());
            }
            WebhookCommand::Test(test) => {
                keys.insert(test.webhook.into());
            }
            WebhookCommand::FanOut(wanted) => keys.extend(wanted.endpoints.iter().map(|id| Key::from(*id))),
            WebhookCommand::Replay(replay) => {
                let webhook = replay.webhook;
                keys.insert(webhook.into());
                let known = replay.events.iter().filter_map(|replayed| replayed.number);
                keys.extend(known.map(|number| Key::from(DeliveryKey { webhook, number })));
            }
            WebhookCommand::Resend { webhook, numbers, .. } => {
                keys.insert((*webhook).into());
                let key = |number: &i64| Key::from(DeliveryKey { webhook: *webhook, number: *number });
                keys.extend(numbers.iter().map(key));
            }
            WebhookCommand::Take { deliveries, .. } => keys.extend(deliveries.iter().map(|key| Key::from(*key))),
            WebhookCommand::Answered(answered) => {
                keys.insert(answered.key.webhook.into());
                keys.insert(answered.key.into());
            }
        }
    }
}

pub(crate) fn handle(context: &mut Context<'_>, command: &WebhookCommand) -> Answered {
    match command {
        WebhookCommand::Create(new) => Ok(create(context, new)),
        WebhookCommand::Change { webhook, change } => {
            edit(context, *webhook, |endpoint, now| endpoint.change(change, now))
        }
        WebhookCommand::Remove { webhook } => edit(context, *webhook, Endpoint::remove),
        WebhookCommand::Rotate { webhook, secret } => {
            edit(context, *webhook, |endpoint, now| endpoint.rotate(Arc::clone(secret), now))
        }
        WebhookCommand::RenewSecrets { webhook, renewed } => renew_secrets(context, *webhook, renewed),
        WebhookCommand::Test(test) => schedule_test(context, test),
        WebhookCommand::FanOut(wanted) => {
            fan_out(context, wanted).map(|count| Answer::WebhooksScheduled { count, end: None })
        }
        WebhookCommand::Replay(replay) => {
            let count = schedule_past(context, replay)?;
            Ok(Answer::WebhooksScheduled { count, end: Some(replay.end) })
        }
        WebhookCommand::Resend { webhook, numbers, only_dead, end } => {
            let count = resend(context, *webhook, numbers, *only_dead)?;
            Ok(Answer::WebhooksScheduled { count, end: *end })
        }
        WebhookCommand::Take { deliveries, until } => take(context, deliveries, *until),
        WebhookCommand::Answered(answered) => conclude(context, answered).map(|()| Answer::Done),
    }
}

fn create(context: &mut Context<'_>, new: &NewWebhook) -> Answer {
    let (id, now) = (context.ids.webhook(), context.now);
    context.rows.webhooks.known_absent(id);
    let endpoint = Endpoint {
        description: Arc::clone(&new.description),
        event_types: new.event_types.clone(),
        ordered: new.ordered,
        rate_per_second: new.rate_per_second,
        terms: vec![Term { from: now, event_types: Some(new.event_types.clone()) }],
        ..Endpoint::new(id, Arc::clone(&new.url), Arc::clone(&new.secret), now)
    };
    context.rows.webhooks.put(id, endpoint.clone());
    Answer::changed(Changed::Webhook(endpoint))
}

/// Returns an endpoint that is not removed.
fn endpoint(context: &Context<'_>, id: WebhookId) -> Handled<Endpoint> {
    let known = context.rows.webhooks.get(id)?.filter(|endpoint| endpoint.status != Status::Removed);
    known.cloned().ok_or(Halt::Refused(Refusal::WebhookNotFound))
}

fn edit(context: &mut Context<'_>, id: WebhookId, edit: impl FnOnce(&mut Endpoint, Timestamp)) -> Answered {
    let mut changed = endpoint(context, id)?;
    let was_enabled = changed.is_enabled();
    edit(&mut changed, context.now);
    context.rows.webhooks.put(id, changed.clone());
    if was_enabled && changed.status == Status::Disabled {
        announce_disabled(context, &changed)?;
    }
    Ok(Answer::changed(Changed::Webhook(changed)))
}

fn renew_secrets(context: &mut Context<'_>, id: WebhookId, renewed: &[RenewedSecret]) -> Answered {
    let mut changed = endpoint(context, id)?;
    renewed.iter().for_each(|RenewedSecret { stored, by }| changed.renew_secret(stored, by));
    context.rows.webhooks.put(id, changed);
    Ok(Answer::Done)
}

fn announce_disabled(context: &mut Context<'_>, endpoint: &Endpoint) -> Handled {
    context.publish(Event::WebhookDisabled(WebhookDisabled {
        webhook_id: endpoint.id,
        url: Arc::clone(&endpoint.url),
        reason: endpoint.disabled_reason.map_or("", |reason| reason.name()).into(),
        failing_since: endpoint.failing_since,
        disabled_at: context.now,
    }))
}

/// Adds a delivery as the endpoint's next one.
fn add(context: &mut Context<'_>, endpoint: &mut Endpoint, event: &Outbound) {
    let order_key = endpoint.ordered.then(|| Arc::clone(&event.key));
    let delivery = Delivery { order_key, slot: Some(event.slot), ..next_delivery(context, endpoint, event) };
    context.rows.deliveries.known_absent(delivery.key);
    context.rows.deliveries.put(delivery.key, delivery);
}

fn next_delivery(context: &Context<'_>, endpoint: &mut Endpoint, event: &Outbound) -> Delivery {
    endpoint.deliveries += 1;
    Delivery {
        key: DeliveryKey { webhook: endpoint.id, number: endpoint.deliveries },
        event: event.id.0,
        event_type: event.event_type.into(),
        order_key: None,
        slot: None,
        payload: None,
        state: State::Pending,
        tries: 0,
        attempts: 0,
        due: Some(context.now),
        last_status: None,
        created_at: context.now,
        log: vec![],
    }
}

fn schedule_test(context: &mut Context<'_>, test: &TestDelivery) -> Answered {
    let mut endpoint = endpoint(context, test.webhook)?;
    let event = Outbound {
        id: context.ids.event(context.now),
        event_type: test.event_type,
        key: "".into(),
        slot: Slot { shard: 0, seq: 0 },
        at: context.now,
    };
    let delivery = next_delivery(context, &mut endpoint, &event);
    let delivery = Delivery { payload: Some(Arc::clone(&test.body)), ..delivery };
    let number = delivery.key.number;
    context.rows.deliveries.known_absent(delivery.key);
    context.rows.deliveries.put(delivery.key, delivery);
    context.rows.webhooks.put(endpoint.id, endpoint);
    Ok(Answer::WebhookTested { webhook: test.webhook, number })
}

/// Schedules deliveries of events to the endpoints that were subscribed to them when they happened.
pub(crate) fn fan_out(context: &mut Context<'_>, wanted: &FanOut) -> Handled<i64> {
    let mut count = 0;
    for id in &wanted.endpoints {
        let known = context.rows.webhooks.get(*id)?.filter(|endpoint| endpoint.status != Status::Removed);
        let Some(mut endpoint) = known.cloned() else { continue };
        let before = endpoint.deliveries;
        for event in &wanted.events {
            if !endpoint.wants(event.event_type, event.at) || wanted.known.contains(&(*id, event.id)) {
                continue;
            }
            add(context, &mut endpoint, event);
        }
        if endpoint.deliveries > before {
            count += endpoint.deliveries - before;
            context.rows.webhooks.put(*id, endpoint);
        }
    }
    Ok(count)
}

fn schedule_past(context: &mut Context<'_>, replay: &Replay) -> Handled<i64> {
    let mut endpoint = endpoint(context, replay.webhook)?;
    let mut count = 0;
    for Replayed { event, number } in &replay.events {
        match number {
            Some(number) => count += i64::from(schedule(context, replay.webhook, *number)?),
            None => {
                add(context, &mut endpoint, event);
                count += 1;
            }
        }
    }
    context.rows.webhooks.put(endpoint.id, endpoint);
    Ok(count)
}

fn schedule(context: &mut Context<'_>, webhook: WebhookId, number: i64) -> Handled<bool> {
    let key = DeliveryKey { webhook, number };
    let known = context.rows.deliveries.get(key)?.cloned();
    let mut delivery = known.ok_or(Halt::Refused(Refusal::WebhookDeliveryNotFound))?;
    let is_scheduled = delivery.schedule(context.now);
    if is_scheduled {
        context.rows.deliveries.put(key, delivery);
    }
    Ok(is_scheduled)
}

fn resend(context: &mut Context<'_>, webhook: WebhookId, numbers: &[i64], only_dead: bool) -> Handled<i64> {
    endpoint(context, webhook)?;
    let mut count = 0;
    for number in numbers {
        let key = DeliveryKey { webhook, number: *number };
        let state = context.rows.deliveries.get(key)?.map(|delivery| delivery.state);
        if only_dead && state != Some(State::DeadLetter) {
            continue;
        }
        count += i64::from(schedule(context, webhook, *number)?);
    }
    Ok(count)
}

fn take(context: &mut Context<'_>, deliveries: &[DeliveryKey], until: Timestamp) -> Answered {
    let mut taken: Vec<Taken> = vec![];
    for key in deliveries {
        let Some(mut delivery) = context.rows.deliveries.get(*key)?.cloned() else { continue };
        if let Some(attempt) = delivery.take(context.now, until) {
            taken.push(attempt);
            context.rows.deliveries.put(*key, delivery);
        }
    }
    Ok(Answer::WebhooksTaken { taken })
}

fn conclude(context: &mut Context<'_>, answered: &DeliveryAnswered) -> Handled {
    let DeliveryAnswered { key, number, attempt, next, disable_after } = answered;
    let Some(mut delivery) = context.rows.deliveries.get(*key)?.cloned() else { return Ok(()) };
    if !delivery.conclude(*number, attempt.clone(), *next) {
        return Ok(());
    }
    context.rows.deliveries.put(*key, delivery);
    let Some(mut endpoint) = context.rows.webhooks.get(key.webhook)?.cloned() else { return Ok(()) };
    if attempt.is_without_event() {
        // Nothing was sent: this says nothing about the receiver.
        return Ok(());
    }
    if *next == Next::Done {
        if endpoint.failing_since.take().is_some() {
            context.rows.webhooks.put(key.webhook, endpoint);
        }
        return Ok(());
    }
    match endpoint.note_failure(*next == Next::Gone, *disable_after, context.now) {
        Failing::Known => Ok(()),
        Failing::Noted => {
            context.rows.webhooks.put(key.webhook, endpoint);
            Ok(())
        }
        Failing::Disabled(_) => {
            announce_disabled(context, &endpoint)?;
            context.rows.webhooks.put(key.webhook, endpoint);
            Ok(())
        }
    }
}
