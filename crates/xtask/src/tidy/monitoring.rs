//! Rules and dashboards use metrics that exist, with labels that they have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::root;

/// The list of all metrics, which a test of the server keeps.
const SNAPSHOT: &str =
    "crates/server/src/wiring/snapshots/server__wiring__tests__names_and_labels_of_metrics_stay_as_they_are.snap";
/// Labels that Prometheus adds.
const ADDED: [&str; 2] = ["job", "instance"];
const DASHBOARDS: [&str; 3] = ["sale", "messaging", "health"];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The labels of each metric.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let snapshot = read(SNAPSHOT);
    let shapes = snapshot.lines().filter(|line| line.starts_with("doorbuster_"));
    let labels = |list: &str| list.trim_end_matches('}').split(',').map(str::to_owned).collect();
    shapes
        .map(|shape| match shape.split_once('{') {
            Some((name, list)) => (name.to_owned(), labels(list)),
            None => (shape.to_owned(), BTreeSet::new()),
        })
        .collect()
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | ':')
}

/// Names that begin with the shop's prefix, each with the labels that select among its series.
fn selected(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = vec![];
    for (at, _) in text.match_indices("doorbuster") {
        let rest = &text[at..];
        let name: String = rest.chars().take_while(|char| is_of_name(*char)).collect();
        let is_name = name.starts_with("doorbuster_") || name.starts_with("doorbuster:");
        if is_name && !text[..at].ends_with(is_of_name) {
            found.push((name.clone(), labels_of(&rest[name.len()..])));
        }
    }
    found
}

/// The label names in `{a="…", b=~"…"}`, if `text` begins so.
fn labels_of(text: &str) -> Vec<String> {
    let (mut labels, mut label, mut is_quoted) = (vec![], String::new(), false);
    for char in text.strip_prefix('{').unwrap_or_default().chars() {
        match char {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '}' => break,
            '=' | '!' if !label.is_empty() => labels.push(std::mem::take(&mut label)),
            _ if is_of_name(char) => label.push(char),
            _ => {}
        }
    }
    labels
}

/// The labels in `by (…)` and `on (…)`.
fn grouping(text: &str) -> Vec<String> {
    let lists = ["by (", "on ("].iter().flat_map(|word| text.split(word).skip(1));
    let names = lists.flat_map(|rest| rest.split(')').next().unwrap().split(','));
    names.map(|name| name.trim().to_owned()).collect()
}

/// Names and labels of a text that no process exports.
fn unknown(text: &str, recorded: &BTreeSet<String>) -> Vec<String> {
    let metrics = metrics();
    let every: BTreeSet<&String> = metrics.values().flatten().collect();
    let is_added = |label: &str| ADDED.contains(&label);
    let mut found = vec![];
    for (name, labels) in selected(text) {
        match metrics.get(&name) {
            Some(known) => found.extend(
                labels
                    .into_iter()
                    .filter(|label| !known.contains(label) && !is_added(label))
                    .map(|label| format!("{name}{{{label}}}")),
            ),
            None if recorded.contains(&name) => {}
            None => found.push(name),
        }
    }
    found.extend(grouping(text).into_iter().filter(|label| !every.contains(label) && !is_added(label)));
    found
}

fn recorded() -> BTreeSet<String> {
    let rules = read("deploy/prometheus/rules.yml");
    rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).map(str::to_owned).collect()
}

/// The values of all members with this name, at any depth.
fn members<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get(name));
            object.values().for_each(|value| members(value, name, found));
        }
        Value::Array(list) => list.iter().for_each(|value| members(value, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn rules_use_metrics_that_exist() {
    assert!(metrics().len() > 30, "the snapshot is found");
    for file in ["rules.yml", "rules.test.yml"] {
        let found = unknown(&read(&format!("deploy/prometheus/{file}")), &recorded());
        assert!(found.is_empty(), "{file}: no process exports {found:?}");
    }
}

#[test]
fn dashboards_use_metrics_that_exist() {
    let mut uids = BTreeSet::new();
    for name in DASHBOARDS {
        let dashboard: Value = serde_json::from_str(&read(&format!("deploy/grafana/{name}.json"))).unwrap();
        uids.insert(dashboard["uid"].as_str().unwrap().to_owned());
        let mut queries = vec![];
        members(&dashboard, "expr", &mut queries);
        members(&dashboard["templating"], "query", &mut queries);
        for query in queries.iter().filter_map(|query| query.as_str()) {
            let found = unknown(query, &recorded());
            assert!(found.is_empty(), "{name}: no process exports {found:?}: {query}");
        }
        let panels = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len(), "{name}: each panel has an id of its own");
        assert!(panels.iter().all(|panel| !panel["targets"].as_array().unwrap().is_empty()), "{name}");
    }
    assert_eq!(uids.len(), DASHBOARDS.len());
}

/// Each alert has a heading with what to do, and is driven over its threshold and to just below it.
#[test]
fn every_alert_has_a_runbook_and_two_tests() {
    let (rules, tests) = (read("deploy/prometheus/rules.yml"), read("deploy/prometheus/rules.test.yml"));
    let page = read("docs/monitoring.md");
    let codes: Vec<&str> = rules.split("code: ").skip(1).map(|rest| rest.split(" }").next().unwrap()).collect();
    assert!(codes.len() > 20 && rules.matches("- alert:").count() == codes.len());
    for code in codes {
        assert!(page.contains(&format!("\n### {code}\n")), "docs/monitoring.md says nothing about {code}");
        assert!(rules.contains(&format!("runbook: docs/monitoring.md#{}\n", code.to_lowercase())), "{code}");
        for kind in ["over", "under"] {
            assert!(tests.contains(&format!("- name: {code} {kind}\n")), "{code} has no test {kind}");
        }
    }
}

#[test]
fn what_does_not_exist_is_found() {
    let none = BTreeSet::new();
    assert_eq!(unknown("rate(doorbuster_order_total[5m])", &none), ["doorbuster_order_total"]);
    assert_eq!(
        unknown("doorbuster_http_requests_total{path=\"/{id}\", job=\"x\"}", &none),
        ["doorbuster_http_requests_total{path}"]
    );
    assert_eq!(unknown("sum by (topik) (doorbuster_consumer_lag)", &none), ["topik"]);
    assert_eq!(unknown("doorbuster:of:nothing", &none), ["doorbuster:of:nothing"]);
}
