use domain::ids::AlertId;

use super::*;

const HOLD: Duration = Duration::from_secs(60);
const CLEAR_AFTER: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn percent(value: i64) -> Reading {
    Reading::above(Code::Cpu, Measure::whole(value), Measure::whole(80), 90).held(HOLD)
}

fn round(reading: Reading) -> Round {
    let mut round = Round::default();
    round.observe(reading.code, [reading]);
    round
}

/// The store as the processes see it: applies their commands as the engine would.
#[derive(Default)]
struct Store {
    open: Vec<Alert>,
    raised: usize,
    cleared: usize,
}

impl Store {
    fn tick(&mut self, watches: &mut Watches, reading: Reading, now: Timestamp) {
        for command in watches.decide(&round(reading), &self.open, now) {
            match command {
                AlertCommand::Raise(sighting) => self.raise(&sighting, now),
                AlertCommand::Clear { id, .. } => {
                    self.open.retain(|alert| alert.id != id);
                    self.cleared += 1;
                }
            }
        }
    }

    fn raise(&mut self, sighting: &Sighting, now: Timestamp) {
        let reported_until = sighting.reporter.map(|_| now + sighting.reported_for);
        if let Some(alert) = self.open.first_mut() {
            (alert.reporter, alert.reported_until) = (sighting.reporter, reported_until);
            alert.next_try = sighting.next_try;
            return;
        }
        self.raised += 1;
        self.open.push(Alert {
            id: AlertId(i64::try_from(self.raised).unwrap()),
            code: sighting.code,
            scope: Arc::clone(&sighting.scope),
            subject: Arc::clone(&sighting.subject),
            severity: sighting.severity,
            value: sighting.value,
            threshold: sighting.threshold,
            since: now,
            cleared_at: None,
            reporter: sighting.reporter,
            reported_until,
            next_try: sighting.next_try,
        });
    }

    fn counts(&self) -> (usize, usize) {
        (self.raised, self.cleared)
    }
}

#[test]
fn an_alert_is_raised_once_after_its_time_and_cleared_once_well_under_the_threshold() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, CLEAR_AFTER));
    let mut tick = |value: i64, second: i64| {
        store.tick(&mut watches, percent(value), at(second));
        store.counts()
    };
    assert_eq!(tick(80, 0), (0, 0), "at the threshold");
    assert_eq!(tick(81, 10), (0, 0));
    assert_eq!(tick(80, 30), (0, 0), "an interruption");
    assert_eq!((tick(81, 40), tick(99, 99)), ((0, 0), (0, 0)));
    assert_eq!(tick(81, 100), (1, 0), "over it for a minute");
    assert_eq!(tick(95, 110), (1, 0), "raised once");
    assert_eq!((tick(79, 120), tick(73, 300)), ((1, 0), (1, 0)), "under it, but not by much");
    assert_eq!((tick(72, 301), tick(90, 310), tick(72, 320), tick(70, 349)), ((1, 0), (1, 0), (1, 0), (1, 0)));
    assert_eq!(tick(71, 350), (1, 1), "well under it for half a minute");
    assert_eq!((tick(10, 400), tick(81, 410)), ((1, 1), (1, 1)), "cleared once");
    assert_eq!(tick(81, 470), (2, 1), "and raised again");
}

#[test]
fn of_two_processes_one_raises_and_only_it_clears() {
    let mut store = Store::default();
    let (mut one, mut other) = (Watches::new(1, Duration::ZERO), Watches::new(2, Duration::ZERO));
    let down = |count| Reading::any(Code::RedisDown, count).local();
    for second in 0..100 {
        store.tick(&mut one, down(1), at(second));
        store.tick(&mut other, down(1), at(second));
    }
    assert_eq!(store.counts(), (1, 0));
    assert_eq!(store.open[0].reporter, Some(1), "it has renewed its report");
    store.tick(&mut other, down(0), at(100));
    assert_eq!(store.counts(), (1, 0), "the other does not clear it");
    store.tick(&mut other, down(1), at(101));
    store.tick(&mut one, down(0), at(101));
    assert_eq!(store.counts(), (1, 1));
    store.tick(&mut other, down(1), at(102));
    store.tick(&mut other, down(0), at(103));
    store.tick(&mut other, down(0), at(200));
    assert_eq!(store.counts(), (1, 1), "the other notices the end a second later, and raises nothing");
}

#[test]
fn another_process_takes_over_when_the_reporter_has_ended() {
    let mut store = Store::default();
    let (mut one, mut other) = (Watches::new(1, Duration::ZERO), Watches::new(2, Duration::ZERO));
    let down = |count| Reading::any(Code::RedisDown, count).local();
    store.tick(&mut one, down(1), at(0));
    store.tick(&mut other, down(1), at(29));
    assert_eq!(store.open[0].reporter, Some(1));
    store.tick(&mut other, down(1), at(31));
    assert_eq!((store.open[0].reporter, store.counts()), (Some(2), (1, 0)));
    // It ends as well, and Redis is back.
    store.tick(&mut one, down(0), at(60));
    assert_eq!(store.counts(), (1, 0));
    store.tick(&mut one, down(0), at(62));
    assert_eq!(store.counts(), (1, 1));
}

#[test]
fn an_alert_whose_subject_is_gone_is_cleared_if_its_code_could_be_measured() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, Duration::ZERO));
    store.tick(&mut watches, Reading::any(Code::DlqOpen, 2).about("notice-group"), at(0));
    assert_eq!((&*store.open[0].subject, store.counts()), ("notice-group", (1, 0)));
    assert!(watches.decide(&Round::default(), &store.open, at(1)).is_empty(), "nothing was measured");
    let mut empty = Round::default();
    empty.observe(Code::DlqOpen, []);
    let commands = watches.decide(&empty, &store.open, at(2));
    assert!(matches!(commands[..], [AlertCommand::Clear { id: AlertId(1), .. }]), "{commands:?}");
}

#[test]
fn the_next_call_of_a_breaker_is_renewed_as_soon_as_it_changes() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, Duration::ZERO));
    let open =
        |next: i64| Reading { next_try: Some(at(next)), ..Reading::any(Code::BreakerOpen, 1).about("stock").local() };
    store.tick(&mut watches, open(30), at(0));
    store.tick(&mut watches, open(61), at(1));
    assert_eq!((store.open[0].next_try, store.counts()), (Some(at(61)), (1, 0)));
}

#[test]
fn too_few_are_as_bad_as_too_many() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, Duration::ZERO));
    let members = |count| Reading::below(Code::GroupMembers, Measure::whole(count), Measure::whole(3));
    store.tick(&mut watches, members(3), at(0));
    assert_eq!(store.counts(), (0, 0));
    store.tick(&mut watches, members(2), at(1));
    assert_eq!(store.counts(), (1, 0));
    store.tick(&mut watches, members(3), at(2));
    assert_eq!(store.counts(), (1, 1));
}

/// Some codes are measured less often than others.
#[test]
fn rounds_that_do_not_measure_a_code_change_nothing() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, CLEAR_AFTER));
    let stuck = |count| Reading::any(Code::PaymentStuck, count).held(HOLD);
    for second in 0..200 {
        if second % 2 == 0 {
            store.tick(&mut watches, stuck(i64::from(second < 100)), at(second));
        } else {
            assert!(watches.decide(&Round::default(), &store.open, at(second)).is_empty());
        }
        let expected = (usize::from(second >= 60), usize::from(second >= 130));
        assert_eq!(store.counts(), expected, "after {second} s");
    }
}

/// The rounds between two audits do not observe it.
#[test]
fn one_clean_audit_clears_and_one_violation_raises_again() {
    let (mut store, mut watches) = (Store::default(), Watches::new(1, CLEAR_AFTER));
    let violations = |count| Reading::any(Code::AuditViolation, count);
    store.tick(&mut watches, violations(2), at(0));
    store.tick(&mut watches, violations(2), at(600));
    assert_eq!(store.counts(), (1, 0));
    store.tick(&mut watches, violations(0), at(601));
    assert_eq!(store.counts(), (1, 1), "the first clean audit clears it");
    store.tick(&mut watches, violations(1), at(1_200));
    store.tick(&mut watches, violations(1), at(1_800));
    assert_eq!(store.counts(), (2, 1));
    // A clean audit of another process.
    store.open.clear();
    store.tick(&mut watches, violations(1), at(2_400));
    assert_eq!(store.counts(), (3, 1), "what this process finds then is new");
}
