//! `doorbuster bench` as other programs run it: one JSON object with every figure, and no failed check.

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use xtask::addresses::{Service, address};

use crate::brokers::until;
use crate::shared::ask;

const FIGURES: [&str; 11] = [
    "requests",
    "succeeded",
    "perSecond",
    "p50Ms",
    "p99Ms",
    "p999Ms",
    "maxMs",
    "ratioToEcho",
    "barePerSecond",
    "ratioToBare",
    "auditViolations",
];

fn bench(args: &[&str]) -> Output {
    let short = ["--json", "--seconds", "0.5", "--rounds", "1", "--users", "2000", "--connections", "16"];
    Command::new(env!("CARGO_BIN_EXE_doorbuster")).arg("bench").args(args).args(short).output().unwrap()
}

/// Returns the report of a run without failures.
fn report(args: &[&str]) -> Value {
    let output = bench(args);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for figure in FIGURES {
        assert!(report[figure].is_number(), "{figure} is a number: {report}");
    }
    assert_eq!(report["scenario"], args[0]);
    assert_eq!(report["auditViolations"], 0);
    assert_eq!(report["failures"], serde_json::json!([]));
    assert!(report["p50Ms"].as_f64() <= report["maxMs"].as_f64(), "{report}");
    report
}

#[test]
fn everybody_gets_a_coupon() {
    let report = report(&["coupon"]);
    assert!(report["requests"].as_u64() > Some(0), "{report}");
    assert_eq!(report["requests"], report["succeeded"]);
}

#[test]
fn a_drop_gives_out_exactly_what_there_is() {
    let report = report(&["drop", "--requests", "500", "--coupons", "100"]);
    assert_eq!((&report["requests"], &report["succeeded"]), (&500.into(), &100.into()), "{report}");
}

#[test]
fn everybody_gets_a_place_in_a_waiting_room() {
    let report = report(&["drop", "--waiting-room", "--requests", "500"]);
    assert_eq!((&report["requests"], &report["succeeded"]), (&500.into(), &500.into()), "{report}");
}

/// Runs a measurement of a waiting room with 500 customers.
fn room_report(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["bench", "drop", "--waiting-room", "--json", "--requests", "500", "--connections", "16"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["auditViolations"], &report["failures"]), (&0.into(), &serde_json::json!([])), "{report}");
    report
}

#[test]
fn a_crowd_buys_in_turn_and_exactly_what_there_is() {
    let report = room_report(&["--sell", "--stock", "40", "--limit", "2", "--admit", "10"]);
    for (figure, expected) in [
        ("joined", 500),
        ("sold", 40),
        ("mostPerCustomer", 2),
        ("admittedTooLate", 0),
        ("outOfOrder", 0),
        ("beforeTurn", 0),
    ] {
        assert_eq!(report[figure], expected, "{figure}: {report}");
    }
    let [vain, told] = ["admittedInVain", "toldSoldOut"].map(|figure| report[figure].as_u64().unwrap());
    assert_eq!(20 + vain + told, 500, "{report}");
}

#[test]
fn a_room_of_customers_who_only_wait_is_measured() {
    let report = room_report(&["--hold", "2", "--admit", "20"]);
    assert!(report["admitted"].as_i64() > Some(10) && report["moved"].as_u64() > Some(0), "{report}");
    let memory = ["memoryBeforeMb", "memoryWaitingMb", "memoryPeakMb"].map(|figure| report[figure].as_f64().unwrap());
    assert!(memory[0] > 1.0 && memory[1] <= memory[2], "{report}");
}

#[test]
fn orders_of_every_kind_are_completed() {
    for scenario in ["order", "hot", "mixed"] {
        let report = report(&[scenario]);
        assert!(report["requests"].as_u64() > Some(0), "{report}");
        assert_eq!(report["requests"], report["succeeded"], "{report}");
        for cost in ["statementsPerRequest", "rowsPerRequest", "eventsPerRequest", "longestSyncMs"] {
            assert!(report[cost].as_f64() > Some(0.0), "{cost}: {report}");
        }
    }
}

/// F-06 in small: more orders than customers, at a fixed rate.
#[test]
fn customers_order_again_and_again_at_a_fixed_rate() {
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["bench", "order", "--json", "--rounds", "1", "--connections", "8"])
        .args(["--users", "20", "--rate", "75", "--seconds", "2"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!((&report["requests"], &report["succeeded"]), (&150.into(), &150.into()), "{report}");
}

/// Returns the child processes of a process.
fn children(parent: u32) -> Vec<u32> {
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.split(' ').nth(1) == Some(&parent.to_string()))
    };
    let names = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.parse().ok()).filter(is_child).collect()
}

#[test]
fn a_killed_measurement_takes_its_server_with_it() {
    let folder = std::env::temp_dir().join(format!("doorbuster-it-killed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut measurement = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["bench", "echo", "--seconds", "60", "--connections", "1", "--users", "1"])
        .env("TMPDIR", &folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the server runs", || !children(measurement.id()).is_empty());
    let server = children(measurement.id());
    measurement.kill().unwrap();
    measurement.wait().unwrap();
    // It belongs to another process now, which may leave it as a zombie for a while.
    let is_running = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
    };
    until("the server has ended", || !server.iter().any(is_running));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Every order ends as expected in every mode, and money is captured only for orders that were paid.
#[test]
fn modes_are_compared_with_and_without_payment() {
    for (args, is_paid) in [(&["modes"][..], false), (&["modes", "--payment"], true)] {
        let output = bench(args);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{report}");
        assert_eq!((&report["payment"], &report["auditViolations"]), (&is_paid.into(), &0.into()));
        let modes = report["modes"].as_array().unwrap();
        assert_eq!(modes.len(), 6);
        for mode in modes {
            assert_eq!(mode["errors"], 0, "{mode}");
            assert!(
                ["orders", "perSecond", "ratioToParallel"].iter().all(|of| mode[of].as_f64() > Some(0.0)),
                "{mode}"
            );
        }
    }
}

#[test]
fn the_engine_is_measured_without_http_over_a_filled_store() {
    let output = bench(&["hot", "--in-process", "--preload", "1000"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["ratioToEcho"].is_null(), "there is no echo without HTTP");
    assert_eq!(report["auditViolations"], 0);
    assert_eq!(report["requests"], report["succeeded"]);
}

#[test]
fn a_cluster_is_measured_beside_a_folder_and_leaves_nothing_behind() {
    let test = "a_cluster_is_measured_beside_a_folder_and_leaves_nothing_behind";
    let services = [Service::Mysql, Service::Kafka, Service::Redis];
    let [Some(mysql), Some(kafka), Some(redis)] = services.map(|service| address(service, test)) else { return };
    let child = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["bench", "order", "--cluster", "--json", "--seconds", "1", "--rounds", "1", "--rate", "20"])
        .args(["--users", "200", "--connections", "8"])
        .envs([("DATABASE_URL", &mysql), ("KAFKA_BROKERS", &kafka), ("REDIS_URL", &redis)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let database = format!("doorbuster_bench_{}", child.id());
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!(report["scenario"], "order");
    assert!(report["ratioToEmbedded"].as_f64() > Some(0.0), "{report}");
    for shop in ["cluster", "embedded"] {
        assert_eq!(report[shop]["auditViolations"], 0, "{report}");
        assert_eq!(report[shop]["failures"], serde_json::json!([]), "{report}");
        // One per twentieth of a second, however long a request takes.
        assert_eq!((&report[shop]["requests"], &report[shop]["succeeded"]), (&20.into(), &20.into()), "{report}");
    }
    let left = format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{database}'");
    assert_eq!(ask::<i64>(&mysql, &left), [0]);
}

#[test]
fn a_cluster_needs_its_services() {
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster")).args(["bench", "order", "--cluster"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("DATABASE_URL"), "{output:?}");
}

#[test]
fn load_is_only_sent_to_this_machine() {
    let output = bench(&["coupon", "--target", "http://192.0.2.1:80", "--secret", "a secret"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
}
