//! `doorbuster topics`: lists, compares, creates and repartitions topics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use app::events::async_api;
use app::events::topic::{Spread, Topic, Wanted};
use app::log::groups::Standing;
use app::log::repartition::Progress;
use app::ports::StoreError;
use serde_json::{Value, json};

use crate::cli::{TopicsAction, TopicsArgs};
use crate::commands::{Error, note, print, settings};
use crate::config::Config;
use crate::wiring::{self, TopicAdmin, TopicDifference, TopicPlan};

/// Interval of progress lines, which are also printed at each new phase.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// After this long without progress, the likely reason is printed.
const STUCK_AFTER: Duration = Duration::from_secs(30);

pub(in crate::commands) fn run(args: &TopicsArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    if args.switch && args.action != TopicsAction::Apply {
        return Err(Error::Usage(
            "--switch is only allowed with `topics apply`; `topics plan` shows what it would do".to_owned(),
        ));
    }
    match args.action {
        TopicsAction::List if args.asyncapi => {
            print(&format!("{:#}", async_api::document(&wiring::wanted_topics(&config))))
        }
        TopicsAction::List => list(&config, args.json),
        TopicsAction::Plan => show(&mut wiring::topic_admin(&config)?, args.json),
        TopicsAction::Apply => apply(&config, args),
    }
}

fn list(config: &Config, is_json: bool) -> Result<ExitCode, Error> {
    let wanted = wiring::wanted_topics(config);
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
        "carries": if wanted.is_of_dead_letters() { "records that no group could handle" } else { wanted.topic.carries() },
        "partitions": wanted.partitions,
        "replicas": wanted.replicas,
        "inSyncMin": wanted.in_sync_min,
        "retentionDays": wanted.retention_days,
    })
}

/// Shows the differences. Exit code 1 if there are any.
fn show(admin: &mut TopicAdmin, is_json: bool) -> Result<ExitCode, Error> {
    let plan = admin.plan()?;
    let switched: Vec<Topic> = switches(&plan).map(|difference| difference.wanted.topic).collect();
    let waiting = waiting(&admin.backlog(&switched)?);
    let is_final = plan.missing.is_empty() && plan.short.is_empty() && plan.different.is_empty();
    print(&if is_json { as_json(&plan, &waiting).to_string() } else { as_text(&plan, &waiting) })?;
    Ok(if is_final { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Returns the topics that need a repartition. Dead letters have no order, so their topics never do.
fn switches(plan: &TopicPlan) -> impl Iterator<Item = &TopicDifference> {
    plan.different.iter().filter(|difference| !difference.wanted.is_of_dead_letters())
}

/// Returns, for each topic, the lag of the group that is furthest behind.
fn waiting(behind: &[Standing]) -> BTreeMap<Topic, i64> {
    let mut of_groups: BTreeMap<_, i64> = BTreeMap::new();
    for standing in behind {
        if let Some(topic) = standing.key.partition.topic {
            *of_groups.entry((topic, standing.key.group)).or_default() += standing.lag();
        }
    }
    let mut waiting = BTreeMap::new();
    for ((topic, _), lag) in of_groups {
        let most: &mut i64 = waiting.entry(topic).or_default();
        *most = lag.max(*most);
    }
    waiting
}

fn as_text(plan: &TopicPlan, waiting: &BTreeMap<Topic, i64>) -> String {
    let mut text = String::new();
    for wanted in &plan.missing {
        let _ = writeln!(text, "create  {} with {} partitions", wanted.name, wanted.partitions);
    }
    for short in &plan.short {
        let _ = writeln!(
            text,
            "grow    {} from {} partitions to {}, the recorded count",
            short.wanted.name, short.found, short.spread
        );
    }
    for TopicDifference { wanted, spread, .. } in &plan.different {
        let _ = write!(text, "SWITCH  {}: repartition from {spread} to {} partitions", wanted.name, wanted.partitions);
        let _ = match waiting.get(&wanted.topic).filter(|_| !wanted.is_of_dead_letters()) {
            Some(lag) => writeln!(text, "; {lag} records must be handled first"),
            None => writeln!(text),
        };
    }
    if !plan.different.is_empty() {
        text.push_str(
            "A new partition count sends keys to other partitions, ahead of their earlier events. Only `doorbuster topics \
             apply --switch` does this safely, after these records are handled.\n",
        );
    }
    let _ = write!(text, "{} topics are as configured", plan.as_wanted.len());
    text
}

fn as_json(plan: &TopicPlan, waiting: &BTreeMap<Topic, i64>) -> Value {
    let names = |wanted: &[Wanted]| wanted.iter().map(|wanted| wanted.name).collect::<Vec<_>>();
    let described = |difference: &TopicDifference| {
        json!({
            "name": difference.wanted.name,
            "partitions": difference.spread,
            "found": difference.found,
            "wanted": difference.wanted.partitions,
            "waiting": waiting.get(&difference.wanted.topic).copied().unwrap_or(0),
        })
    };
    json!({
        "missing": names(&plan.missing),
        "short": plan.short.iter().map(described).collect::<Vec<_>>(),
        "refused": plan.different.iter().map(described).collect::<Vec<_>>(),
        "asWanted": names(&plan.as_wanted),
    })
}

/// Creates what is missing. Changes topics that are in use only with `--switch`.
fn apply(config: &Config, args: &TopicsArgs) -> Result<ExitCode, Error> {
    if args.switch && !wiring::relays_can_be_halted(config) {
        return Err(Error::Usage(
            "a connector publishes the events (kafka.relay = \"debezium\"), and counts partitions by itself: stop it, and follow \
             docs/debezium.md"
                .to_owned(),
        ));
    }
    let mut admin = wiring::topic_admin(config)?;
    let made = admin.complete()?;
    note(&format!("{made} topics were created."));
    if args.switch {
        switch(&mut admin, Duration::from_secs(args.within))?;
    }
    show(&mut admin, args.json)
}

fn switch(admin: &mut TopicAdmin, within: Duration) -> Result<(), Error> {
    let plan = admin.plan()?;
    if plan.different.is_empty() {
        return Ok(());
    }
    admin.grow()?;
    let to: Spread =
        switches(&plan).map(|difference| (difference.wanted.topic, difference.wanted.partitions)).collect();
    if to.is_empty() {
        return Ok(());
    }
    for TopicDifference { wanted, spread, .. } in switches(&plan) {
        note(&format!("{} was repartitioned from {spread} to {} partitions.", wanted.name, wanted.partitions));
    }
    let mut lines = ProgressLines::default();
    let switched = admin.switch(to, within, |progress| lines.print(progress));
    if let Err(error) = admin.release() {
        note(&format!("The relays could not be resumed at once and resume by themselves: {error}"));
    }
    Ok(switched?)
}

/// Prints the progress of a repartition: at each new phase, and at intervals.
#[derive(Default)]
struct ProgressLines {
    printed: Option<(String, Instant)>,
    /// The smallest remaining number of records, and when it was reached.
    least: Option<(i64, Instant)>,
}

impl ProgressLines {
    fn print(&mut self, progress: Result<&Progress, &StoreError>) {
        let (what, left, stuck) = match progress {
            Ok(Progress::Halting(held)) => (
                "Relays finish their current round; orders are accepted meanwhile",
                held.len() as i64,
                "A killed relay is waited for until none of its records can still arrive; the relay of an embedded store finishes when its \
                 shop is started again.",
            ),
            Ok(Progress::Draining(behind)) => (
                "Relays are paused; groups handle what was published",
                behind.iter().map(Standing::lag).sum(),
                "No group makes progress: is there a process with the role worker? Interrupt this command to continue as before.",
            ),
            Ok(Progress::Lapsed) => ("The relays resumed meanwhile; the repartition starts again", 0, ""),
            Ok(Progress::Done) => ("Everything is handled and the new counts are recorded; relays resume", 0, ""),
            // The command's own error reports this.
            Ok(Progress::Busy) => return,
            Err(error) => return note(&format!("Retrying after an error: {error}")),
        };
        let now = Instant::now();
        let is_new = self.printed.as_ref().is_none_or(|(printed, _)| printed != what);
        if is_new || self.least.is_none_or(|(least, _)| left < least) {
            self.least = Some((left, now));
        }
        if is_new || self.printed.as_ref().is_some_and(|(_, at)| now.duration_since(*at) >= LINE_EVERY) {
            self.printed = Some((what.to_owned(), now));
            note(&if left > 0 { format!("{what} ({left} left).") } else { format!("{what}.") });
            if self.least.is_some_and(|(_, since)| now.duration_since(since) >= STUCK_AFTER) {
                self.least = Some((left, now));
                note(stuck);
            }
        }
    }
}
