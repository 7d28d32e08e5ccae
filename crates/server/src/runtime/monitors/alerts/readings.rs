//! The measurements of the alert monitor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::StoreError;
use app::ports::views::Views;
use app::resilience::breaker::State;
use app::resilience::services::{Service, Services};
use domain::alert::{Code, Measure, Severity};
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{DisabledReason, Endpoint, Status};

use app::webhooks::follower::all_endpoints;

use super::RedisWorks;
use super::machine::{Machine, Probe, SystemProbe, host_name};
use super::watch::{Reading, Round};
use crate::config::Alerts;
use crate::metrics::{AuditMetrics, LogMetrics, Metrics, Mismatches, OutwardBreakers, Peaks, Published};
use crate::system::logging;

/// Interval of what costs the store a query.
const STORE_EVERY: Duration = Duration::from_secs(2);
/// The answers of this time are an error rate, if there are enough of them.
const ERROR_SECONDS: usize = 300;
const ERROR_ANSWERS_MIN: u64 = 20;
/// A mismatch is reported for this time.
const MISMATCH_FOR: Duration = Duration::from_secs(600);
/// Operators are told of an endpoint this long before it is disabled.
const DISABLED_SOON: Duration = Duration::from_secs(24 * 3_600);

/// Everything that is measured.
pub struct Sources {
    pub limits: Alerts,
    pub metrics: Arc<Metrics>,
    pub peaks: Arc<Peaks>,
    pub services: Arc<Services>,
    /// The breakers of the payment provider and of the channels to users, where this process calls them.
    pub outward: OutwardBreakers,
    pub mismatches: Mismatches,
    pub redis: Option<RedisWorks>,
    pub published: Published,
    pub audited: AuditMetrics,
    /// The measurements of the lag monitor; present in workers, which measure the store for all processes.
    pub log: Option<LogMetrics>,
    pub has_relay: bool,
    /// How long a webhook endpoint may fail before it is disabled.
    pub disable_after: Duration,
    pub probe: Box<dyn Probe>,
    pub host: Arc<str>,
    pub memory: Memory,
}

/// The results of earlier rounds.
#[derive(Default)]
pub struct Memory {
    mismatches: u64,
    mismatched: Option<(Instant, u64)>,
    asked: Option<Instant>,
}

/// Returns the probe of this machine, whose disk has the data folder.
pub fn this_machine(data_dir: PathBuf) -> Box<dyn Probe> {
    Box::new(SystemProbe::new(data_dir))
}

/// Returns the name of this machine.
pub fn this_host() -> Arc<str> {
    host_name().into()
}

impl Sources {
    pub(super) async fn measure(&mut self, views: &dyn Views, now: Timestamp) -> Round {
        let mut round = Round::default();
        self.process(&mut round);
        self.breakers(&mut round, now);
        self.machine(&mut round);
        self.audit(&mut round);
        if let Some(log) = self.log.clone() {
            self.consumers(&log, &mut round);
            if self.memory.asked.is_none_or(|asked| asked.elapsed() >= STORE_EVERY) {
                self.memory.asked = Some(Instant::now());
                if let Err(error) = self.store(views, now, &mut round).await {
                    logging::error("What alerts are about could not be read", &error);
                }
            }
        }
        round
    }

    fn above(&self, code: Code, value: Measure, threshold: u64) -> Reading {
        let threshold = Measure::whole(i64::try_from(threshold).unwrap_or(i64::MAX));
        Reading::above(code, value, threshold, i64::from(self.limits.clear_percent))
    }

    /// Measures this process: its answers, orders, events, Redis and broker.
    fn process(&mut self, round: &mut Round) {
        let recent = self.metrics.recent();
        let failed = recent.failed_share(ERROR_SECONDS, ERROR_ANSWERS_MIN).unwrap_or(0.0) * 100.0;
        let errors = self.above(Code::ErrorRate, Measure::of(failed), self.limits.error_rate_percent);
        round.observe(Code::ErrorRate, [errors.about(Arc::clone(&self.host)).local()]);

        let slowest = self.peaks.order();
        let took = slowest.as_ref().map_or(Duration::ZERO, |peak| peak.took);
        let mut slow = self.above(Code::SlaViolation, milliseconds(took), self.limits.order_ms).local();
        slow.subject = slowest.map_or_else(|| "".into(), |peak| peak.subject);
        round.observe(Code::SlaViolation, [slow]);

        let late = self.peaks.events().into_iter().map(|peak| {
            let reading = self.above(Code::ConsumerDelay, milliseconds(peak.took), self.limits.consumer_delay_ms);
            reading.about(peak.subject).local()
        });
        let late: Vec<Reading> = late.collect();
        round.observe(Code::ConsumerDelay, late);

        round.observe(Code::PaymentMismatch, [self.mismatched()]);
        if let Some(works) = &self.redis {
            round.observe(Code::RedisDown, [Reading::any(Code::RedisDown, i64::from(!works())).local()]);
        }
        let failing = i64::from(self.published.is_failing());
        round.observe(Code::BrokerDown, [Reading::any(Code::BrokerDown, failing).local()]);
    }

    fn mismatched(&mut self) -> Reading {
        let total = self.mismatches.total();
        let new = total.saturating_sub(self.memory.mismatches);
        self.memory.mismatches = total;
        let recent = self.memory.mismatched.filter(|(at, _)| at.elapsed() < MISMATCH_FOR);
        let count = new + recent.map_or(0, |(_, count)| count);
        self.memory.mismatched = if new > 0 { Some((Instant::now(), count)) } else { recent };
        Reading::any(Code::PaymentMismatch, i64::try_from(count).unwrap_or(i64::MAX)).local()
    }

    fn breakers(&self, round: &mut Round, now: Timestamp) {
        let reading = |service: &str, state: State, next_try: Option<Timestamp>| {
            let is_open = i64::from(state != State::Closed);
            Reading { next_try, ..Reading::any(Code::BreakerOpen, is_open).about(service).local() }
        };
        let services = Service::ALL.into_iter().map(|service| {
            let (state, next) = (self.services.state(service, now), self.services.next_try(service, now));
            reading(service.short_name(), state, next)
        });
        let outward = self.outward.iter();
        let outward = outward.map(|(name, breaker)| reading(name, breaker.state(now), breaker.next_try(now)));
        let readings: Vec<Reading> = services.chain(outward).collect();
        round.observe(Code::BreakerOpen, readings);
    }

    fn machine(&mut self, round: &mut Round) {
        let Machine { cpu, memory, disk } = self.probe.measure();
        let limits = &self.limits;
        let shares = [
            (Code::Cpu, cpu, limits.cpu_percent, limits.machine_for()),
            (Code::Memory, memory, limits.memory_percent, limits.machine_for()),
            (Code::Disk, disk, limits.disk_percent, Duration::ZERO),
        ];
        for (code, share, threshold, hold) in shares {
            if let Some(share) = share {
                let reading = self.above(code, Measure::of(share), threshold).held(hold);
                round.observe(code, [reading.about(Arc::clone(&self.host)).local()]);
            }
        }
    }

    /// Reports an audit that ended since the last round.
    fn audit(&self, round: &mut Round) {
        if let Some(violations) = self.audited.take_news() {
            round.observe(Code::AuditViolation, [Reading::any(Code::AuditViolation, violations)]);
        }
    }

    /// Reports the latest measurements of the lag monitor.
    fn consumers(&self, log: &LogMetrics, round: &mut Round) {
        let (condition, waiting) = log.latest();
        if let Some(condition) = condition {
            let lags = condition.lags.iter().map(|(group, _, lag)| {
                let reading = self.above(Code::ConsumerLag, Measure::whole(*lag), self.limits.consumer_lag);
                reading.about(*group).held(self.limits.consumer_lag_for())
            });
            let fewest = Measure::whole(i64::try_from(self.limits.group_members).unwrap_or(i64::MAX));
            let members = condition.members.iter().map(|(group, members)| {
                let reading = Reading::below(Code::GroupMembers, Measure::whole(*members), fewest).about(*group);
                reading.held(self.limits.group_members_for())
            });
            round.observe(Code::GroupMembers, members);
            let lags: Vec<Reading> = largest(lags);
            round.observe(Code::ConsumerLag, lags);
        }
        let Some(waiting) = waiting else { return };
        let of = |code, hold| {
            waiting.letters.iter().map(move |(group, letters)| Reading::any(code, *letters).about(*group).held(hold))
        };
        round.observe(Code::DlqEvent, of(Code::DlqEvent, Duration::ZERO));
        round.observe(Code::DlqOpen, of(Code::DlqOpen, self.limits.dlq_open_for()));
        if let Some(stuck) = waiting.stuck_orders {
            round.observe(Code::CompensationStuck, [Reading::any(Code::CompensationStuck, stuck)]);
        }
    }

    /// Measures the store, for all processes.
    async fn store(&self, views: &dyn Views, now: Timestamp, round: &mut Round) -> Result<(), StoreError> {
        let stuck = views.stuck_payments().await?;
        round.observe(Code::PaymentStuck, [Reading::any(Code::PaymentStuck, stuck)]);
        let permanent = views.permanent_letters().await?;
        round.observe(Code::PermanentFailure, [Reading::any(Code::PermanentFailure, permanent)]);
        let endpoints = all_endpoints(views).await?;
        let is_there = |id: i64| endpoints.iter().any(|endpoint| endpoint.id == WebhookId(id));
        let dead = views.dead_deliveries().await?.into_iter().filter(|(webhook, _)| is_there(*webhook));
        let dead = dead.map(|(webhook, count)| Reading::any(Code::WebhookDead, count).about(webhook.to_string()));
        round.observe(Code::WebhookDead, dead);
        let failing = endpoints.iter().map(|endpoint| failing(endpoint, self.disable_after, now));
        round.observe(Code::WebhookDisabled, failing);
        let backlog = |count: i64, subject: &str| {
            self.above(Code::Backlog, Measure::whole(count), self.limits.backlog).about(subject)
        };
        let mut backlogs = vec![backlog(views.open_orders().await?, "orders")];
        if self.has_relay {
            let shards = views.shards().await?;
            let events = shards.iter().map(|place| place.end.saturating_sub(place.relayed).max(0)).sum();
            let oldest = shards.iter().filter_map(|place| place.waiting_since).min();
            let age = oldest.map_or(Duration::ZERO, |oldest| now - oldest);
            let late = self.above(Code::MessageLatency, milliseconds(age), self.limits.message_latency_ms);
            round.observe(Code::MessageLatency, [late]);
            backlogs.push(backlog(events, "events"));
        }
        // At once: a backlog that a round does not name counts as gone, also where only its reading failed.
        round.observe(Code::Backlog, backlogs);
        Ok(())
    }
}

/// An endpoint that the shop disabled, or will disable within a day. Its value is how many hours it has failed; of one
/// that answered 410, which needs no time, it is a count.
fn failing(endpoint: &Endpoint, disable_after: Duration, now: Timestamp) -> Reading {
    let by_the_shop = [Some(DisabledReason::Gone), Some(DisabledReason::Failing)];
    let is_disabled = endpoint.status == Status::Disabled && by_the_shop.contains(&endpoint.disabled_reason);
    let failing = endpoint.failing_since.map_or(Duration::ZERO, |since| now - since);
    // A 3,600th of the milliseconds is the thousandths of hours.
    let hours = |span: Duration| Measure::thousandths(i64::try_from(span.as_millis() / 3_600).unwrap_or(i64::MAX));
    let is_gone = is_disabled && endpoint.disabled_reason == Some(DisabledReason::Gone);
    let (value, threshold) = if is_gone {
        (Measure::whole(1), Measure::default())
    } else {
        (hours(failing), hours(disable_after.saturating_sub(DISABLED_SOON)))
    };
    let is_over = is_disabled || endpoint.status == Status::Enabled && value > threshold;
    Reading {
        value,
        threshold,
        is_over,
        is_clear: !is_over,
        severity: Severity::Warning,
        ..Reading::any(Code::WebhookDisabled, 0).about(endpoint.id.0.to_string())
    }
}

/// Keeps the largest reading of each subject.
fn largest(readings: impl Iterator<Item = Reading>) -> Vec<Reading> {
    let mut kept: Vec<Reading> = vec![];
    for reading in readings {
        match kept.iter_mut().find(|known| known.scope == reading.scope) {
            Some(known) if known.value < reading.value => *known = reading,
            Some(_) => {}
            None => kept.push(reading),
        }
    }
    kept
}

fn milliseconds(span: Duration) -> Measure {
    Measure::thousandths(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
