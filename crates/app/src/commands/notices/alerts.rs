//! Alerts: raised once and cleared once, whichever processes observe the situation.

use std::sync::Arc;
use std::time::Duration;

use domain::alert::{Alert, Code, Measure, Severity};
use domain::ids::AlertId;
use domain::time::Timestamp;

use crate::commands::answer::Answer;
use crate::commands::context::{Answered, Context};
use crate::events::event::{AlertCleared, AlertRaised, Event};
use crate::state::rows::{AlertKey, Keys};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertCommand {
    /// Raises an alert, unless it is open; then its reporter renews it.
    Raise(Box<Sighting>),
    /// Clears an open alert, unless another process that is alive observes it.
    Clear { key: AlertKey, id: AlertId, reporter: Option<i64> },
}

/// A situation that a process observes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub code: Code,
    pub scope: Arc<str>,
    pub subject: Arc<str>,
    pub severity: Severity,
    pub value: Measure,
    pub threshold: Measure,
    /// The observing process, if only it can observe the situation.
    pub reporter: Option<i64>,
    /// For how long it reports it.
    pub reported_for: Duration,
    pub next_try: Option<Timestamp>,
}

impl Sighting {
    pub fn key(&self) -> AlertKey {
        AlertKey::new(self.code, &self.scope)
    }
}

impl AlertCommand {
    pub(crate) fn key(&self) -> AlertKey {
        match self {
            AlertCommand::Raise(sighting) => sighting.key(),
            AlertCommand::Clear { key, .. } => *key,
        }
    }

    pub(crate) fn declare(&self, keys: &mut Keys) {
        keys.insert(self.key().into());
    }
}

pub(crate) fn handle(context: &mut Context<'_>, command: &AlertCommand) -> Answered {
    let key = command.key();
    let known = context.rows.alerts.get(key)?.cloned();
    match (command, known) {
        (AlertCommand::Raise(sighting), None) => raise(context, key, sighting),
        (AlertCommand::Raise(sighting), Some(alert)) => {
            renew(context, key, sighting, alert);
            Ok(Answer::Done)
        }
        (AlertCommand::Clear { id, reporter, .. }, Some(alert)) if alert.id == *id && alert.is_open() => {
            if alert.belongs_to_other(*reporter, context.now) { Ok(Answer::Done) } else { clear(context, key, alert) }
        }
        (AlertCommand::Clear { .. }, _) => Ok(Answer::Done),
    }
}

fn raise(context: &mut Context<'_>, key: AlertKey, sighting: &Sighting) -> Answered {
    let alert = Alert {
        id: context.ids.alert(),
        code: sighting.code,
        scope: Arc::clone(&sighting.scope),
        subject: Arc::clone(&sighting.subject),
        severity: sighting.severity,
        value: sighting.value,
        threshold: sighting.threshold,
        since: context.now,
        cleared_at: None,
        reporter: sighting.reporter,
        reported_until: sighting.reporter.map(|_| context.now + sighting.reported_for),
        next_try: sighting.next_try,
    };
    context.publish(Event::AlertRaised(AlertRaised {
        alert_id: alert.id,
        code: alert.code,
        severity: alert.severity,
        subject: subject(&alert),
        value: alert.value,
        threshold: alert.threshold,
        since: alert.since,
    }))?;
    context.rows.alerts.put(key, alert);
    Ok(Answer::Done)
}

/// The reporter renews an open alert; another process takes it over only when the reporter has ended.
fn renew(context: &mut Context<'_>, key: AlertKey, sighting: &Sighting, alert: Alert) {
    if !alert.is_open() || sighting.reporter.is_none() || alert.belongs_to_other(sighting.reporter, context.now) {
        return;
    }
    let reported_until = Some(context.now + sighting.reported_for);
    let renewed = Alert { reporter: sighting.reporter, reported_until, next_try: sighting.next_try, ..alert };
    context.rows.alerts.put(key, renewed);
}

fn clear(context: &mut Context<'_>, key: AlertKey, alert: Alert) -> Answered {
    context.publish(Event::AlertCleared(AlertCleared {
        alert_id: alert.id,
        code: alert.code,
        severity: alert.severity,
        subject: subject(&alert),
        value: alert.value,
        threshold: alert.threshold,
        since: alert.since,
        cleared_at: context.now,
    }))?;
    context.rows.alerts.put(key, Alert { cleared_at: Some(context.now), ..alert });
    Ok(Answer::Done)
}

fn subject(alert: &Alert) -> Option<Arc<str>> {
    (!alert.subject.is_empty()).then(|| Arc::clone(&alert.subject))
}
