//! `doorbuster topics`

use std::fmt::Write as _;
use std::process::ExitCode;

use app::async_api;
use app::topic::Wanted;
use serde_json::{Value, json};

use super::{Error, note, print, settings};
use crate::cli::{TopicsAction, TopicsArgs};
use crate::config::Config;
use crate::wiring::{self, TopicPlan};

pub(super) fn run(args: &TopicsArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    match args.action {
        TopicsAction::List if args.asyncapi => {
            print(&format!("{:#}", async_api::document(wiring::topic_profile(&config))))
        }
        TopicsAction::List => list(&config, args.json),
        TopicsAction::Plan => show(&wiring::plan_topics(&config)?, args.json),
        TopicsAction::Apply => apply(&config, args.json),
    }
}

fn list(config: &Config, is_json: bool) -> Result<ExitCode, Error> {
    let wanted = wiring::topic_profile(config).wanted();
    if is_json {
        let topics: Vec<Value> = wanted.iter().map(described).collect();
        return print(&json!({"topics": topics}).to_string());
    }
    let mut text = format!("{:<32} {:<24} {:>10} {:>8} {:>6}", "TOPIC", "KEY", "PARTITIONS", "REPLICAS", "DAYS");
    for topic in wanted {
        let key = topic.topic.keyed_by().name();
        let _ = write!(
            text,
            "\n{:<32} {key:<24} {:>10} {:>8} {:>6}",
            topic.name, topic.partitions, topic.replicas, topic.retention_days
        );
    }
    print(&text)
}

fn described(wanted: &Wanted) -> Value {
    json!({
        "name": wanted.name,
        "key": wanted.topic.keyed_by().name(),
        "carries": if wanted.name == wanted.topic.name() { wanted.topic.carries() } else { "records that nobody could take in" },
        "partitions": wanted.partitions,
        "replicas": wanted.replicas,
        "inSyncMin": wanted.in_sync_min,
        "retentionDays": wanted.retention_days,
    })
}

/// Exit code 1 when the brokers' topics are not as they should be.
fn show(plan: &TopicPlan, is_json: bool) -> Result<ExitCode, Error> {
    let is_settled = plan.missing.is_empty() && plan.different.is_empty();
    if is_json {
        print(&as_json(plan).to_string())?;
    } else {
        let mut text = String::new();
        for wanted in &plan.missing {
            let _ = writeln!(text, "make    {} with {} partitions", wanted.name, wanted.partitions);
        }
        for difference in &plan.different {
            let _ = writeln!(
                text,
                "REFUSE  {}: it has {} partitions and should have {}; another number sends keys to other partitions, ahead of \
                 their earlier events",
                difference.wanted.name, difference.partitions, difference.wanted.partitions
            );
        }
        let _ = write!(text, "{} topics are as they should be", plan.as_wanted.len());
        print(&text)?;
    }
    Ok(if is_settled { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn as_json(plan: &TopicPlan) -> Value {
    let names = |wanted: &[Wanted]| wanted.iter().map(|wanted| wanted.name).collect::<Vec<_>>();
    let different: Vec<Value> = plan
        .different
        .iter()
        .map(|difference| {
            json!({
                "name": difference.wanted.name,
                "partitions": difference.partitions,
                "wanted": difference.wanted.partitions,
            })
        })
        .collect();
    json!({"missing": names(&plan.missing), "refused": different, "asWanted": names(&plan.as_wanted)})
}

/// Makes what is missing; what is there is never changed.
fn apply(config: &Config, is_json: bool) -> Result<ExitCode, Error> {
    let made = wiring::make_topics(config)?;
    note(&format!("{made} topics were made."));
    show(&wiring::plan_topics(config)?, is_json)
}
