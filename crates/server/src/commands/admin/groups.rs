//! `doorbuster groups`: lists and moves the offsets of consumer groups through the shop's admin endpoints.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::client::{AdminClient, plain};
use crate::cli::{GroupsArgs, GroupsCommand, ResetArgs};
use crate::commands::output::table::counted;
use crate::commands::{Error, print};

const GROUPS: &str = "/api/admin/groups";

pub(in crate::commands) fn run(args: &GroupsArgs) -> Result<ExitCode, Error> {
    match &args.act {
        GroupsCommand::List { partitions, shop } => {
            let answer = AdminClient::open_to_read(shop)?.ask("GET", GROUPS, None)?;
            print(&if shop.json { answer.to_string() } else { table(&answer, *partitions) })
        }
        GroupsCommand::Reset(reset) => {
            let path = format!("{GROUPS}/{}/reset", reset.group);
            // Without consumers: a shop that is opened for this command must not move the offsets that it compares.
            let answer = AdminClient::open_without_consumers(&reset.shop)?.ask("POST", &path, Some(&body(reset)))?;
            print(&if reset.shop.json { answer.to_string() } else { moves(&answer) })
        }
    }
}

fn body(args: &ResetArgs) -> Value {
    let mut body = Map::new();
    body.insert("dryRun".to_owned(), json!(!args.yes));
    let fields = [
        ("toOffset", args.to.to_offset.map(Value::from)),
        ("toTime", args.to.to_time.clone().map(Value::from)),
        ("toCommitted", args.to.to_committed.then_some(Value::Bool(true))),
        ("topic", args.topic.clone().map(Value::from)),
        ("partition", args.partition.map(Value::from)),
        ("reason", args.reason.clone().map(Value::from)),
    ];
    body.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(body)
}

fn table(answer: &Value, by_partition: bool) -> String {
    let groups = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    if groups.is_empty() {
        return "Reactions run inline, in the same commit as their events: there are no offsets.".to_owned();
    }
    let mut text = format!("{:<28} {:<28} {:>10} {:>10} {:>10}", "GROUP", "TOPIC", "OFFSET", "END", "LAG");
    for group in groups {
        let name = plain(&group["group"]);
        for partition in group["partitions"].as_array().into_iter().flatten().filter(|_| by_partition) {
            let (offset, end, lag) = (&partition["offset"], &partition["end"], &partition["lag"]);
            let _ = write!(text, "\n{name:<28} {:<28} {offset:>10} {end:>10} {lag:>10}", place(partition));
        }
        if !by_partition {
            let _ = write!(text, "\n{name:<28} {:<28} {:>10} {:>10} {:>10}", "(all)", "", "", plain(&group["lag"]));
        }
        if group["lost"].as_i64().is_some_and(|lost| lost > 0) {
            let _ = write!(
                text,
                "\n{name} LOST {} records: the broker deleted them before the group read them",
                group["lost"]
            );
        }
    }
    text
}

fn place(partition: &Value) -> String {
    let topic = partition["topic"].as_str().unwrap_or("(the store's log)");
    format!("{topic}/{}", partition["partition"])
}

/// Formats what a reset would do, or did.
fn moves(answer: &Value) -> String {
    let moves = answer["partitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if moves.is_empty() {
        return "The group's offsets are already there.".to_owned();
    }
    let mut text = String::new();
    for moved in moves {
        let at_least = if moved["isWhole"] == true { "" } else { "at least " };
        let _ = writeln!(
            text,
            "{} from {} to {}: {} {at_least}{}",
            place(moved),
            moved["from"],
            moved["to"],
            plain(&moved["means"]).to_lowercase(),
            counted(&moved["events"], "event"),
        );
        for event in moved["shown"].as_array().into_iter().flatten() {
            let order = event["orderNumber"].as_str().map(|order| format!(" of {order}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "  {:>8}  {}  {}{order}  {}",
                event["offset"],
                plain(&event["occurredAt"]),
                plain(&event["type"]),
                plain(&event["eventId"]),
            );
        }
    }
    text.push_str(if answer["isDone"] == true {
        "The group was moved."
    } else {
        "Nothing was moved. Repeat with --yes --reason \"…\" to move it."
    });
    text
}
