//! `doorbuster bench` as outside tests run it: one JSON object, every figure in it, everything right.

use std::process::{Command, Output};

use serde_json::Value;

const FIGURES: [&str; 9] =
    ["requests", "succeeded", "perSecond", "p50Ms", "p99Ms", "p999Ms", "maxMs", "ratioToEcho", "auditViolations"];

fn bench(args: &[&str]) -> Output {
    let short = ["--json", "--seconds", "0.5", "--rounds", "1", "--users", "2000", "--connections", "16"];
    Command::new(env!("CARGO_BIN_EXE_doorbuster")).arg("bench").args(args).args(short).output().unwrap()
}

/// The object of a run in which nothing went wrong.
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
fn orders_of_every_kind_are_completed() {
    for scenario in ["order", "hot", "mixed"] {
        let report = report(&[scenario]);
        assert!(report["requests"].as_u64() > Some(0), "{report}");
        assert_eq!(report["requests"], report["succeeded"], "{report}");
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
fn load_is_only_sent_to_this_machine() {
    let output = bench(&["coupon", "--target", "http://192.0.2.1:80", "--secret", "a secret"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
}
