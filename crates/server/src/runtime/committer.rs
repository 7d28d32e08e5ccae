//! Makes written batches durable and answers their commands, while the engine decides the next batch.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use app::engine::{DeadLettered, PendingCommit, Report, WebhookOff};
use app::ports::{Notifier, Ranking, Wake};
use domain::ids::WebhookId;
use domain::webhook::DisabledReason;
use tokio::sync::Notify;

use crate::live::subscriptions::Subscriptions;
use crate::live::waiting::Waiting;
use crate::metrics::EngineMetrics;
use crate::runtime::health::{AtWork, Health};
use crate::system::logging;
use crate::system::spans::batches::Batch;

/// Batches that may be written before an earlier one is durable. One is enough to keep the disk busy; more would only
/// delay answers.
const WRITTEN_AHEAD_MAX: usize = 1;

/// Parts that are notified of a committed batch, in addition to the senders of its commands.
pub struct Listeners {
    pub waiting: Arc<Waiting>,
    pub subscriptions: Arc<Subscriptions>,
    pub metrics: Arc<EngineMetrics>,
    /// Notified when a payment call is due.
    pub due: Arc<Notify>,
    /// Notified when a webhook is due.
    pub webhooks_due: Arc<Notify>,
    /// Notified when a notification is due.
    pub notifications_due: Arc<Notify>,
    /// Wakes subscribers at other processes.
    pub notifier: Option<Arc<dyn Notifier>>,
    pub ranking: Option<Arc<dyn Ranking>>,
    pub health: Arc<Health>,
}

/// A batch that is written and not durable yet.
pub(crate) struct Written {
    pub(crate) commit: PendingCommit,
    /// When it was begun.
    pub(crate) started: Instant,
    /// Its spans, if one of its commands is traced.
    pub(crate) spans: Option<Batch>,
}

/// The thread that completes batches, in the order in which they were written.
pub(crate) struct Committer {
    sender: SyncSender<Written>,
    thread: JoinHandle<()>,
    shared: Arc<Shared>,
}

struct Shared {
    listeners: Listeners,
    /// Batches that were handed over and are not complete.
    open: AtomicUsize,
    is_broken: AtomicBool,
}

impl Committer {
    pub(crate) fn start(listeners: Listeners) -> io::Result<Committer> {
        let (sender, receiver) = sync_channel(WRITTEN_AHEAD_MAX);
        let at_work = AtWork::new(&listeners.health, "The thread that completes commits has panicked.");
        let shared = Arc::new(Shared { listeners, open: AtomicUsize::new(0), is_broken: AtomicBool::new(false) });
        let of_thread = Arc::clone(&shared);
        let run = move || {
            let _at_work = at_work;
            of_thread.run(&receiver);
        };
        let thread = std::thread::Builder::new().name("committer".to_owned()).spawn(run)?;
        Ok(Committer { sender, thread, shared })
    }

    /// Completes a batch: here if there is nothing else to do, else on the thread. Waits while too many batches are
    /// pending.
    pub(crate) fn take(&self, written: Written, is_more_waiting: bool) {
        if !is_more_waiting && self.shared.open.load(Ordering::Acquire) == 0 {
            return self.shared.complete(written);
        }
        self.shared.open.fetch_add(1, Ordering::AcqRel);
        if let Err(SendError(written)) = self.sender.send(written) {
            self.shared.complete(written);
        }
    }

    /// True if syncing written data to the disk failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.shared.is_broken.load(Ordering::Acquire)
    }

    /// Returns when every batch is complete.
    pub(crate) fn finish(self) {
        drop(self.sender);
        if self.thread.join().is_err() {
            tracing::error!("The thread that completes commits panicked.");
        }
    }
}

impl Shared {
    fn run(&self, receiver: &Receiver<Written>) {
        for written in receiver {
            self.complete(written);
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn complete(&self, Written { commit, started, spans }: Written) {
        let Listeners {
            waiting, subscriptions, metrics, due, webhooks_due, notifications_due, notifier, ranking, ..
        } = &self.listeners;
        if let Some(ranking) = ranking {
            // Before any answer: an answered customer must not read an older ranking.
            ranking.apply(&commit.report.sold);
        }
        let report: Report = commit.complete();
        if let Some(spans) = spans {
            spans.end(report.is_broken || report.commit_failures > 0);
        }
        log_alarms(&report);
        if report.is_broken {
            self.is_broken.store(true, Ordering::Release);
        }
        metrics.observe_batch(&report, started.elapsed());
        if report.has_due_payments {
            due.notify_one();
        }
        if report.has_due_webhooks {
            webhooks_due.notify_one();
        }
        if report.has_due_notifications {
            notifications_due.notify_one();
        }
        let Report { orders, requests, noticed: users, .. } = report;
        let wake = Wake { users, orders, requests };
        waiting.wake(&wake);
        subscriptions.wake(&wake.users);
        if let Some(notifier) = notifier.as_ref().filter(|_| !wake.is_empty()) {
            notifier.notify(wake);
        }
    }
}

/// Logs what an operator must act on.
fn log_alarms(report: &Report) {
    for error in &report.errors {
        logging::error("The engine met an error", error);
    }
    for order in &report.stuck {
        tracing::error!(
            %order,
            "COMPENSATION_STUCK: no participant restores what order {order} holds; see `doorbuster order stuck`."
        );
    }
    for stuck in &report.payments_stuck {
        tracing::error!(
            payment = stuck.payment_id.as_str(),
            order = stuck.order_id.as_str(),
            amount = stuck.amount.amount(),
            "PAYMENT_STUCK: the provider declined the {} of {} for the last time: {}; see `doorbuster payment stuck`.",
            stuck.operation.name(),
            stuck.payment_id,
            stuck.code
        );
    }
    log_webhooks(report);
    log_events(report);
    log_alerts(report);
}

/// Logs alerts that were raised or cleared; any process may have observed them.
fn log_alerts(report: &Report) {
    for alert in &report.alerts {
        let (code, severity, subject) = (alert.code.name(), alert.severity.name(), &*alert.subject);
        let (value, threshold) = (alert.value.number(), alert.threshold.number());
        let about = if subject.is_empty() { String::new() } else { format!(" about {subject}") };
        if alert.is_open() {
            tracing::warn!(
                alert = alert.id.0,
                code,
                severity,
                subject,
                value,
                threshold,
                "ALERT_RAISED: {code}{about}, {value} where {threshold} is the threshold; see docs/monitoring.md."
            );
        } else {
            tracing::info!(alert = alert.id.0, code, severity, subject, "ALERT_CLEARED: {code}{about}.");
        }
    }
}

/// Logs receivers of webhooks that were given up.
fn log_webhooks(report: &Report) {
    let each = |webhooks: &[WebhookId]| {
        let mut each: Vec<i64> = webhooks.iter().map(|webhook| webhook.0).collect();
        each.dedup();
        each
    };
    for webhook in each(&report.webhooks_dead) {
        tracing::error!(
            webhook,
            "WEBHOOK_DEAD: webhook {webhook} did not accept a delivery, which is not tried again."
        );
    }
    for webhook in each(&report.webhooks_lost) {
        tracing::error!(
            webhook,
            "WEBHOOK_DEAD: a delivery to webhook {webhook} was not sent and is not tried again, because its event is no \
             longer in the store."
        );
    }
    for WebhookOff { webhook, reason } in &report.webhooks_disabled {
        let webhook = webhook.0;
        match reason {
            // An admin did it, and sees it in the answer.
            Some(DisabledReason::Admin) => {
                tracing::info!(webhook, "An admin disabled webhook {webhook}: nothing is sent to it any more.");
            }
            Some(DisabledReason::Gone) => tracing::error!(
                webhook,
                "WEBHOOK_DISABLED: webhook {webhook} answered 410, and nothing is sent to it any more."
            ),
            Some(DisabledReason::Failing) | None => tracing::error!(
                webhook,
                "WEBHOOK_DISABLED: webhook {webhook} has failed for too long, and nothing is sent to it any more."
            ),
        }
    }
}

/// Logs events that were dead-lettered, refused, repeated or healed.
fn log_events(report: &Report) {
    for DeadLettered { letter, group, kind, error } in &report.dead_lettered {
        let group = group.name();
        tracing::warn!(
            letter = letter.0,
            group,
            r#type = %kind,
            "DLQ_EVENT: {group} dead-lettered an event, {kind}: {error}; see `doorbuster dlq show {letter}`."
        );
    }
    for (letter, group) in &report.permanent {
        tracing::error!(
            letter = letter.0,
            group = group.name(),
            "PERMANENT_FAILURE: an event cannot be retried; see `doorbuster dlq show {letter}`."
        );
    }
    for what in &report.broken {
        tracing::error!("PERMANENT_FAILURE: a change that would have broken an invariant was refused: {what}");
    }
    for what in &report.unreadable {
        tracing::error!(
            "PERMANENT_FAILURE: a row cannot be read: {what}. Only what needs it is refused or left out; \
             `doorbuster audit` names such rows."
        );
    }
    for (group, events) in &report.skipped {
        let group = group.name();
        tracing::warn!(group, events, "{group} skipped {events} events that were delivered again or too late.");
    }
    for (group, event) in &report.healed {
        tracing::warn!(
            group = group.name(),
            event = app::events::outbox::uuid(event.0),
            "The broker lost an event of an order; it was handled from the store. `doorbuster replay` finds others."
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use app::events::event::{GiveBack, PaymentStuck};
    use app::log::reactions::Group;
    use app::state::rows::EventId;
    use domain::ids::{Codec, DeadLetterId, OrderId, UserId};
    use domain::money::Money;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn alarming() -> Report {
        let (order, codec, group, letter) = (OrderId(1), Codec::new([0; 16]), Group::ALL[0], DeadLetterId(1));
        let stuck = PaymentStuck {
            payment_id: codec.payment(order),
            order_id: codec.order(order),
            user_id: UserId(1),
            attempt: 1,
            operation: GiveBack::Refund,
            amount: Money::won(1),
            tries: 1,
            code: "card_declined".into(),
            is_again: false,
        };
        Report {
            stuck: vec![codec.order(order)],
            payments_stuck: vec![stuck],
            dead_lettered: vec![DeadLettered { letter, group, kind: "kind".into(), error: "error".into() }],
            permanent: vec![(letter, group)],
            broken: vec!["what".to_owned()],
            skipped: vec![(group, 1)],
            healed: vec![(group, EventId(1))],
            ..Report::default()
        }
    }

    /// Levels, codes and fields of log lines are an interface: alerts depend on them.
    #[test]
    fn levels_codes_and_fields_of_alarms_stay_as_they_are() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || log_alarms(&alarming()));
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let shape = |line: &str| {
            let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let message = line["message"].as_str().unwrap();
            let code = message.split_once(':').map_or("", |(code, _)| code);
            let known = ["timestamp", "level", "target", "message"];
            let mut fields: Vec<&str> = line.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
            fields.sort_unstable();
            format!("{} {code} {}", line["level"].as_str().unwrap(), fields.join(","))
        };
        let shapes: Vec<String> = text.lines().map(shape).collect();
        assert_eq!(
            shapes,
            [
                "ERROR COMPENSATION_STUCK order",
                "ERROR PAYMENT_STUCK amount,order,payment",
                "WARN DLQ_EVENT group,letter,type",
                "ERROR PERMANENT_FAILURE group,letter",
                "ERROR PERMANENT_FAILURE ",
                "WARN  events,group",
                "WARN  event,group",
            ]
        );
    }
}
