//! Alerts: one open row for each situation, with one event for each change, whichever processes observe it.

use std::time::Duration;

use app::commands::{AlertCommand, Command, Sighting};
use app::state::rows::AlertKey;
use domain::alert::{Alert, Code, Measure, Severity};
use domain::time::Timestamp;
use sim::disk::OutboxRow;

use crate::shop::{EXECUTORS, Shop};

const RAISED: &str = "AlertRaised";
const CLEARED: &str = "AlertCleared";
const LEASE: Duration = Duration::from_secs(30);

fn sighting(reporter: Option<i64>, next_try: Option<Timestamp>) -> Sighting {
    Sighting {
        code: Code::BreakerOpen,
        scope: "payment".into(),
        subject: "payment".into(),
        severity: Severity::Warning,
        value: Measure::whole(1),
        threshold: Measure::default(),
        reporter,
        reported_for: LEASE,
        next_try,
    }
}

fn raise(shop: &mut Shop, reporter: Option<i64>) {
    shop.run(Command::Alert(AlertCommand::Raise(Box::new(sighting(reporter, None))))).unwrap();
}

fn clear(shop: &mut Shop, alert: &Alert, reporter: Option<i64>) {
    shop.run(Command::Alert(AlertCommand::Clear { key: AlertKey::of(alert), id: alert.id, reporter })).unwrap();
}

fn alerts(shop: &Shop) -> Vec<Alert> {
    shop.disk.read(|state| state.alerts.values().cloned().collect())
}

/// The events about alerts, in the order of commits.
fn told(shop: &Shop) -> Vec<&'static str> {
    let written = |row: &OutboxRow| row.record.kind;
    shop.disk.read(|state| state.outbox.iter().map(written).filter(|kind| [RAISED, CLEARED].contains(kind)).collect())
}

#[test]
fn a_situation_that_two_processes_observe_is_raised_and_cleared_once() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let mut second = shop.second_process();
        for _ in 0..3 {
            raise(&mut shop, None);
            raise(&mut second, None);
        }
        let [alert] = &alerts(&shop)[..] else { panic!("one alert") };
        assert_eq!(told(&shop), [RAISED]);
        for _ in 0..2 {
            clear(&mut second, alert, None);
            clear(&mut shop, alert, None);
        }
        assert_eq!(told(&shop), [RAISED, CLEARED]);
        raise(&mut second, None);
        let ids: Vec<_> = alerts(&shop).iter().map(|alert| (alert.id, alert.is_open())).collect();
        assert!(ids.len() == 2 && !ids[0].1 && ids[1].1, "{ids:?}");
        clear(&mut shop, alert, None);
        assert!(alerts(&shop)[1].is_open(), "a late command about the first alert does not clear the second");
    }
}

#[test]
fn only_a_living_reporter_clears_what_it_reports() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        raise(&mut shop, Some(1));
        shop.clock.advance(LEASE / 2);
        raise(&mut shop, Some(1));
        shop.clock.advance(LEASE / 2 + Duration::from_secs(1));
        let alert = alerts(&shop)[0].clone();
        clear(&mut shop, &alert, Some(2));
        raise(&mut shop, Some(2));
        assert_eq!((alerts(&shop)[0].reporter, alerts(&shop)[0].is_open()), (Some(1), true), "it was renewed");
        shop.clock.advance(LEASE);
        raise(&mut shop, Some(2));
        assert_eq!(alerts(&shop)[0].reporter, Some(2), "taken over");
        clear(&mut shop, &alert, Some(1));
        assert!(alerts(&shop)[0].is_open());
        clear(&mut shop, &alert, Some(2));
        assert_eq!(told(&shop), [RAISED, CLEARED]);
    }
}
