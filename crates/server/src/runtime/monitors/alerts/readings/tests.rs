use std::sync::atomic::{AtomicBool, Ordering};

use app::log::group::Group;
use axum::http::{Method, StatusCode};

use super::*;
use crate::config::Config;
use crate::metrics::{LogCondition, Waiting};
use crate::runtime::monitors::alerts::machine::Machine;

/// A machine whose shares a test sets.
#[derive(Clone, Default)]
struct Fake(Arc<parking_lot::Mutex<Machine>>);

impl Probe for Fake {
    fn measure(&mut self) -> Machine {
        *self.0.lock()
    }
}

struct Bench {
    sources: Sources,
    machine: Fake,
    redis: Arc<AtomicBool>,
    log: LogMetrics,
}

fn bench() -> Bench {
    let metrics = Arc::new(Metrics::new());
    let (machine, redis) = (Fake::default(), Arc::new(AtomicBool::new(true)));
    let (log, works) = (LogMetrics::register(&metrics), Arc::clone(&redis));
    let sources = Sources {
        limits: Config::load(None, []).unwrap().alerts,
        peaks: Arc::default(),
        services: Arc::default(),
        outward: vec![],
        mismatches: Mismatches::register(&metrics),
        redis: Some(Arc::new(move || works.load(Ordering::Relaxed))),
        published: Published::register(&metrics),
        audited: AuditMetrics::register(&metrics),
        log: Some(log.clone()),
        has_relay: false,
        disable_after: Duration::from_secs(5 * 86_400),
        probe: Box::new(machine.clone()),
        host: "shop-1".into(),
        memory: Memory::default(),
        metrics,
    };
    Bench { sources, machine, redis, log }
}

impl Bench {
    /// Returns whether a code is over its threshold, and about what.
    fn over(&mut self, code: Code) -> Option<(String, f64)> {
        let mut round = Round::default();
        self.sources.process(&mut round);
        self.sources.breakers(&mut round, Timestamp::default());
        self.sources.machine(&mut round);
        self.sources.audit(&mut round);
        self.sources.consumers(&self.log, &mut round);
        let found = round.readings.iter().find(|reading| reading.code == code && reading.is_over)?;
        Some((found.subject.to_string(), found.value.number()))
    }
}

#[test]
fn the_machine_is_watched_over_and_under() {
    let mut bench = bench();
    for (code, limit) in [(Code::Cpu, 80.0), (Code::Memory, 85.0), (Code::Disk, 90.0)] {
        let share = |share: f64| Machine { cpu: Some(share), memory: Some(share), disk: Some(share) };
        *bench.machine.0.lock() = share(limit);
        assert_eq!(bench.over(code), None, "{code:?} at its threshold");
        *bench.machine.0.lock() = share(limit + 0.5);
        assert_eq!(bench.over(code), Some(("shop-1".to_owned(), limit + 0.5)));
    }
    *bench.machine.0.lock() = Machine::default();
    assert_eq!(bench.over(Code::Cpu), None, "a system that reports nothing");
}

#[test]
fn the_error_rate_is_that_of_enough_answers() {
    let mut bench = bench();
    let answer = |bench: &Bench, status: StatusCode, count: usize| {
        (0..count).for_each(|_| bench.sources.metrics.observe_request(None, &Method::GET, status, Duration::ZERO));
        bench.sources.metrics.recent().take(Timestamp::default(), 0);
    };
    answer(&bench, StatusCode::BAD_GATEWAY, 1);
    assert_eq!(bench.over(Code::ErrorRate), None, "one of one is no rate");
    answer(&bench, StatusCode::OK, 19);
    assert_eq!(bench.over(Code::ErrorRate), None, "5 %");
    answer(&bench, StatusCode::SERVICE_UNAVAILABLE, 1);
    assert_eq!(bench.over(Code::ErrorRate), Some(("shop-1".to_owned(), 9.524)));
}

#[test]
fn slow_orders_and_events_are_seen_for_a_while() {
    let mut bench = bench();
    bench.sources.peaks.note_order(Duration::from_millis(5_000), "ORD-1");
    bench.sources.peaks.note_event(Group::Stock, Duration::from_millis(1_000));
    assert_eq!((bench.over(Code::SlaViolation), bench.over(Code::ConsumerDelay)), (None, None));
    bench.sources.peaks.note_order(Duration::from_millis(5_001), "ORD-2");
    bench.sources.peaks.note_order(Duration::from_millis(7), "ORD-3");
    bench.sources.peaks.note_event(Group::Stock, Duration::from_millis(1_001));
    assert_eq!(bench.over(Code::SlaViolation), Some(("ORD-2".to_owned(), 5_001.0)));
    assert_eq!(bench.over(Code::ConsumerDelay), Some((Group::Stock.name().to_owned(), 1_001.0)));
}

#[test]
fn redis_the_broker_the_provider_and_the_audit_are_watched() {
    let mut bench = bench();
    let codes = [Code::RedisDown, Code::PaymentMismatch, Code::AuditViolation, Code::BreakerOpen, Code::BrokerDown];
    assert!(codes.into_iter().all(|code| bench.over(code).is_none()));
    bench.redis.store(false, Ordering::Relaxed);
    bench.sources.mismatches.count();
    assert!(bench.over(Code::RedisDown).is_some());
    assert_eq!(bench.over(Code::PaymentMismatch), Some((String::new(), 1.0)), "also in the next round");
    bench.sources.audited.set(3);
    assert_eq!(bench.over(Code::AuditViolation), Some((String::new(), 3.0)));
    assert_eq!(bench.over(Code::AuditViolation), None, "it is told once");
    bench.sources.audited.tell_again();
    assert_eq!(bench.over(Code::AuditViolation), Some((String::new(), 3.0)), "its alert could not be written");
    bench.sources.audited.set(0);
    assert_eq!(bench.over(Code::AuditViolation), None);
}

#[test]
fn consumers_are_watched_by_group() {
    let mut bench = bench();
    let lags = |lag: i64| vec![("stock-deduction-group", "a", 4), ("stock-deduction-group", "b", lag)];
    let letters = |letters: i64| vec![("notice-group", letters)];
    bench.log.set(LogCondition { lags: lags(1_000), ..LogCondition::default() });
    bench.log.set_waiting(Waiting { letters: letters(0), stuck_orders: Some(0), open_orders: Some(0) });
    let codes = [Code::ConsumerLag, Code::DlqEvent, Code::DlqOpen, Code::CompensationStuck];
    assert!(codes.into_iter().all(|code| bench.over(code).is_none()));
    bench.log.set(LogCondition { lags: lags(1_001), ..LogCondition::default() });
    bench.log.set_waiting(Waiting { letters: letters(2), stuck_orders: Some(1), open_orders: Some(0) });
    assert_eq!(bench.over(Code::ConsumerLag), Some(("stock-deduction-group".to_owned(), 1_001.0)));
    assert_eq!(bench.over(Code::DlqOpen), Some(("notice-group".to_owned(), 2.0)));
    assert_eq!(bench.over(Code::DlqEvent), Some(("notice-group".to_owned(), 2.0)));
    assert_eq!(bench.over(Code::CompensationStuck), Some((String::new(), 1.0)));
}

#[test]
fn a_group_with_too_few_members_is_named() {
    let mut bench = bench();
    let set = |bench: &Bench, members: i64| {
        let (lags, members) = (vec![("stock-deduction-group", "", 0)], vec![("stock-deduction-group", members)]);
        bench.log.set(LogCondition { lags, members, backlog: None });
    };
    set(&bench, 2);
    assert_eq!(bench.over(Code::GroupMembers), None, "off unless it is set");
    bench.sources.limits.group_members = 3;
    assert_eq!(bench.over(Code::GroupMembers), Some(("stock-deduction-group".to_owned(), 2.0)));
    set(&bench, 3);
    assert_eq!(bench.over(Code::GroupMembers), None);
}

#[test]
fn an_endpoint_is_watched_from_a_day_before_it_is_disabled() {
    let (day, now) = (Duration::from_secs(86_400), Timestamp::from_micros(10 * 86_400_000_000));
    let mut endpoint = Endpoint::new(WebhookId(7), "https://example.com".into(), "whsec_".into(), now);
    let is_over = |endpoint: &Endpoint| failing(endpoint, 5 * day, now).is_over;
    assert!(!is_over(&endpoint));
    endpoint.failing_since = Some(Timestamp::from_micros(6 * 86_400_000_000));
    assert!(!is_over(&endpoint), "four days are the threshold, and not above it");
    endpoint.failing_since = Some(Timestamp::from_micros(6 * 86_400_000_000 - 4_000_000));
    assert!(is_over(&endpoint));
    (endpoint.status, endpoint.disabled_reason) = (Status::Disabled, Some(DisabledReason::Admin));
    assert!(!is_over(&endpoint), "an admin knows");
    endpoint.disabled_reason = Some(DisabledReason::Failing);
    assert!(is_over(&endpoint));
    // An endpoint that answers 410 is disabled at its first failure.
    (endpoint.failing_since, endpoint.disabled_reason) = (Some(now), Some(DisabledReason::Gone));
    let gone = failing(&endpoint, 5 * day, now);
    assert!(gone.is_over && gone.value > gone.threshold, "{gone:?}");
}
