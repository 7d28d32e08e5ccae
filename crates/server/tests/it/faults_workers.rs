//! Workers that start, stop and stall under load, and a notice reader whose process is killed.

use std::time::{Duration, Instant};

use xtask::process;
use xtask::redis_server::RedisServer;

use crate::brokers::{over_kafka, start};
use crate::buyers::{Buyers, until, without_deadline};
use crate::live::{Events, expect_kinds};
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

/// Kafka's session time-out for a silent member of a group.
const SESSION: Duration = Duration::from_secs(10);

fn over_all(test: &str, database: &Database) -> Option<Vec<(String, String)>> {
    let mut settings = over_kafka(test)?;
    settings.extend([("DATABASE_URL".to_owned(), database.url()), without_deadline()]);
    Some(settings)
}

/// Returns how many events this process has handled.
fn handled(shop: &TestShop) -> u64 {
    let metrics = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("doorbuster_commits_total "));
    line.expect("commits are counted").parse().unwrap()
}

#[test]
fn workers_may_come_and_go_and_stall() {
    let test = "workers_may_come_and_go_and_stall";
    let Some(database) = Database::new(test) else { return };
    let Some(settings) = over_all(test, &database) else { return };
    let submitter = start(&settings, &["--roles", "api,relay"]);
    let mut workers: Vec<TestShop> = (0..2).map(|_| start(&settings, &["--roles", "worker"])).collect();
    let buyers = Buyers::prepare(&submitter, Duration::from_millis(40));
    buyers.buy_at(&[&submitter], || {
        buyers.await_completed(&submitter);
        let third = start(&settings, &["--roles", "worker"]);
        until("the third has work", || handled(&third) > 0);
        buyers.await_completed(&submitter);
        // A clean stop, so its partitions move at once.
        drop(third);
        buyers.await_completed(&submitter);
        // One stalls until the other has all partitions, and then resumes its unfinished work.
        let stalled = &workers[0];
        assert!(process::signal(stalled.pid(), "-STOP"));
        let (stopped, other) = (Instant::now(), &workers[1]);
        buyers.await_accepted(50);
        buyers.await_completed(&submitter);
        until("its session is over", || stopped.elapsed() > SESSION + Duration::from_secs(2));
        buyers.await_completed(&submitter);
        let before = handled(stalled_resumed(stalled));
        buyers.await_completed(&submitter);
        until("it takes part again", || handled(stalled) > before && handled(other) > 0);
    });
    // One is killed.
    buyers.buy_at(&[&submitter], || {
        workers[0].kill();
        buyers.await_accepted(50);
        buyers.await_completed(&submitter);
    });
    buyers.assert_served();
    buyers.reconcile(&submitter, &database);
}

fn stalled_resumed(stalled: &TestShop) -> &TestShop {
    assert!(process::signal(stalled.pid(), "-CONT"));
    stalled
}

#[test]
fn a_reader_continues_at_another_process_without_gap_or_repeat() {
    let test = "a_reader_continues_at_another_process_without_gap_or_repeat";
    let (Some(database), Some(redis)) = (Database::new(test), RedisServer::start(test, &[])) else { return };
    let Some(mut settings) = over_all(test, &database) else { return };
    settings.push(("REDIS_URL".to_owned(), redis.address()));
    let (mut here, there) = (start(&settings, &[]), start(&settings, &[]));
    let buyers = Buyers::prepare(&there, Duration::from_millis(20));
    let mut heard = vec![];
    buyers.buy_at(&[&there], || {
        for _move in 0..2 {
            let mut events = Events::open(&here, ANN, Some(i64::try_from(heard.len()).unwrap()));
            heard.extend(events.take(10));
            here.kill();
            // Notices in transit when the process was killed were received too.
            heard.extend(events.rest());
            let mut events = Events::open(&there, ANN, Some(i64::try_from(heard.len()).unwrap()));
            heard.extend(events.take(10));
            here.open();
        }
    });
    buyers.reconcile(&there, &database);
    let told: Vec<(i64,)> = database.ask("SELECT number FROM notice WHERE user_id = 1 ORDER BY number");
    assert!(told.len() >= heard.len());
    let kinds: Vec<&str> = heard.iter().map(|told| told.kind.as_str()).collect();
    expect_kinds(&heard, 1, &kinds);
    let mut orders: Vec<&str> = heard.iter().map(|told| told.data["orderNumber"].as_str().unwrap()).collect();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), heard.len(), "no outcome is told twice");
}
