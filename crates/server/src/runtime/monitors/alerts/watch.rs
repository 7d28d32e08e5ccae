//! Decides when an alert is raised, renewed and cleared, from what is measured and which alerts are open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use app::commands::{AlertCommand, Sighting};
use app::state::rows::AlertKey;
use domain::alert::{Alert, Code, Measure, Severity};
use domain::time::Timestamp;

/// For how long a process reports what only it observes. An alert that is not renewed is cleared by another process.
const REPORTED_FOR: Duration = Duration::from_secs(30);
/// A report is renewed when it ends within this time.
const RENEWED_BEFORE: Duration = Duration::from_secs(20);
/// After another process has cleared an alert, a situation must last for this time to be raised again: that process may
/// only have noticed the end earlier.
const AGAIN_AFTER: Duration = Duration::from_secs(15);

/// One measured situation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub code: Code,
    pub scope: Arc<str>,
    pub subject: Arc<str>,
    pub severity: Severity,
    pub value: Measure,
    pub threshold: Measure,
    pub is_over: bool,
    /// True if it is so far under the threshold that an alert may be cleared.
    pub is_clear: bool,
    /// How long it must be over the threshold.
    pub hold: Duration,
    /// True if only this process can observe it.
    pub is_local: bool,
    pub next_try: Option<Timestamp>,
}

impl Reading {
    /// A value that must not be above a threshold. An alert is cleared at this share of the threshold, in percent.
    pub fn above(code: Code, value: Measure, threshold: Measure, clear_percent: i64) -> Reading {
        Reading {
            code,
            scope: "".into(),
            subject: "".into(),
            severity: code.severity(),
            value,
            threshold,
            is_over: value > threshold,
            is_clear: value <= threshold.percent(clear_percent),
            hold: Duration::ZERO,
            is_local: false,
            next_try: None,
        }
    }

    /// A count that must be 0.
    pub fn any(code: Code, count: i64) -> Reading {
        Reading::above(code, Measure::whole(count), Measure::default(), 100)
    }

    /// A value that must not be below a threshold.
    pub fn below(code: Code, value: Measure, threshold: Measure) -> Reading {
        let (is_over, is_clear) = (value < threshold, value >= threshold);
        Reading { is_over, is_clear, ..Reading::above(code, value, threshold, 100) }
    }

    /// Tells it apart from others of the same code.
    #[must_use]
    pub fn about(self, subject: impl Into<Arc<str>>) -> Reading {
        let subject = subject.into();
        Reading { scope: Arc::clone(&subject), subject, ..self }
    }

    #[must_use]
    pub fn held(self, hold: Duration) -> Reading {
        Reading { hold, ..self }
    }

    #[must_use]
    pub fn local(self) -> Reading {
        Reading { is_local: true, ..self }
    }

    /// Returns the reading of an alert whose subject is not there any more.
    fn gone(alert: &Alert) -> Reading {
        Reading { scope: Arc::clone(&alert.scope), is_local: alert.reporter.is_some(), ..Reading::any(alert.code, 0) }
    }
}

/// The measurements of one round.
#[derive(Debug, Default)]
pub struct Round {
    pub readings: Vec<Reading>,
    /// The codes that could be measured: an open alert of one of them that has no reading is over.
    pub observed: BTreeSet<Code>,
}

impl Round {
    pub fn observe(&mut self, code: Code, readings: impl IntoIterator<Item = Reading>) {
        self.observed.insert(code);
        self.readings.extend(readings);
    }
}

/// Since when a situation is over or under its threshold.
#[derive(Debug)]
struct Watched {
    code: Code,
    over_since: Option<Timestamp>,
    under_since: Option<Timestamp>,
    /// The moment before which it is not raised again.
    not_before: Option<Timestamp>,
    was_open: bool,
}

/// The situations that this process watches.
#[derive(Debug)]
pub struct Watches {
    reporter: i64,
    clear_after: Duration,
    watched: BTreeMap<AlertKey, Watched>,
}

impl Watches {
    pub fn new(reporter: i64, clear_after: Duration) -> Watches {
        Watches { reporter, clear_after, watched: BTreeMap::new() }
    }

    /// Returns the commands for one round, given the open alerts of all processes.
    pub fn decide(&mut self, round: &Round, open: &[Alert], now: Timestamp) -> Vec<AlertCommand> {
        let open: BTreeMap<AlertKey, &Alert> = open.iter().map(|alert| (AlertKey::of(alert), alert)).collect();
        let mut readings: BTreeMap<AlertKey, Reading> = round
            .readings
            .iter()
            .map(|reading| (AlertKey::new(reading.code, &reading.scope), reading.clone()))
            .collect();
        for (key, alert) in open.iter().filter(|(_, alert)| round.observed.contains(&alert.code)) {
            readings.entry(*key).or_insert_with(|| Reading::gone(alert));
        }
        let mut commands = vec![];
        for (key, reading) in &readings {
            let watched = self.watched.entry(*key).or_insert_with(|| Watched::new(reading.code));
            watched.note(reading, now);
            let alert = open.get(key).copied();
            let reporter = reading.is_local.then_some(self.reporter);
            let (clear_after, again_after) =
                if is_exact(reading.code) { Default::default() } else { (self.clear_after, AGAIN_AFTER) };
            commands.extend(watched.step(reading, alert, Moment { now, reporter, clear_after, again_after }));
            watched.was_open = alert.is_some();
        }
        // What could not be measured this time keeps its state.
        self.watched.retain(|key, watched| match readings.get(key) {
            Some(_) => watched.over_since.is_some() || watched.was_open,
            None => !round.observed.contains(&watched.code),
        });
        commands
    }
}

/// Returns true for the result of an audit: it does not swing, and it is observed in one round only. The next audit may be
/// long in coming, so that a raise or clear cannot wait for a second look.
fn is_exact(code: Code) -> bool {
    code == Code::AuditViolation
}

#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    reporter: Option<i64>,
    clear_after: Duration,
    again_after: Duration,
}

impl Watched {
    const fn new(code: Code) -> Watched {
        Watched { code, over_since: None, under_since: None, not_before: None, was_open: false }
    }

    fn note(&mut self, reading: &Reading, now: Timestamp) {
        if reading.is_over {
            self.over_since.get_or_insert(now);
        } else {
            self.over_since = None;
        }
        if reading.is_clear {
            self.under_since.get_or_insert(now);
        } else {
            self.under_since = None;
        }
    }

    fn step(&mut self, reading: &Reading, alert: Option<&Alert>, at: Moment) -> Option<AlertCommand> {
        let Moment { now, reporter, clear_after, again_after } = at;
        let Some(alert) = alert else {
            if self.was_open && self.over_since.is_some() {
                self.not_before = Some(now + again_after);
            }
            let is_due = self.over_since.is_some_and(|since| now - since >= reading.hold)
                && self.not_before.is_none_or(|not_before| not_before <= now);
            return is_due.then(|| raise(reading, reporter));
        };
        if alert.belongs_to_other(reporter, now) {
            return None;
        }
        if self.under_since.is_some_and(|since| now - since >= clear_after) {
            return Some(AlertCommand::Clear { key: AlertKey::of(alert), id: alert.id, reporter });
        }
        let ends_soon = alert.reported_until.is_some_and(|until| until <= now + RENEWED_BEFORE);
        let is_ours = alert.reporter == reporter;
        let is_renewed = reporter.is_some()
            && (ends_soon || is_ours && alert.next_try != reading.next_try)
            && (is_ours || reading.is_over);
        is_renewed.then(|| raise(reading, reporter))
    }
}

fn raise(reading: &Reading, reporter: Option<i64>) -> AlertCommand {
    AlertCommand::Raise(Box::new(Sighting {
        code: reading.code,
        scope: Arc::clone(&reading.scope),
        subject: Arc::clone(&reading.subject),
        severity: reading.severity,
        value: reading.value,
        threshold: reading.threshold,
        reporter,
        reported_for: REPORTED_FOR,
        next_try: reading.next_try,
    }))
}

#[cfg(test)]
mod tests;
