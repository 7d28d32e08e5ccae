//! `doorbuster topics`

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

/// How far a switch is, is told so often, and when it comes to something else.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// Who gets no further for so long is told what that may be.
const STUCK_AFTER: Duration = Duration::from_secs(30);

pub(in crate::commands) fn run(args: &TopicsArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    if args.switch && args.action != TopicsAction::Apply {
        return Err(Error::Usage("--switch goes with `topics apply`; `topics plan` says what it would do".to_owned()));
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
        "carries": if wanted.is_of_dead_letters() { "records that nobody could take in" } else { wanted.topic.carries() },
        "partitions": wanted.partitions,
        "replicas": wanted.replicas,
        "inSyncMin": wanted.in_sync_min,
        "retentionDays": wanted.retention_days,
    })
}

/// Exit code 1 when the brokers' topics are not as they should be.
fn show(desk: &mut TopicAdmin, is_json: bool) -> Result<ExitCode, Error> {
    let plan = desk.plan()?;
    let switched: Vec<Topic> = switches(&plan).map(|difference| difference.wanted.topic).collect();
    let waiting = waiting(&desk.backlog(&switched)?);
    let is_final = plan.missing.is_empty() && plan.short.is_empty() && plan.different.is_empty();
    print(&if is_json { as_json(&plan, &waiting).to_string() } else { as_text(&plan, &waiting) })?;
    Ok(if is_final { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What takes a switch; dead letters stand in no order.
fn switches(plan: &TopicPlan) -> impl Iterator<Item = &TopicDifference> {
    plan.different.iter().filter(|difference| !difference.wanted.is_of_dead_letters())
}

/// How many records of each topic wait for the group that is furthest behind.
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
        let _ = writeln!(text, "make    {} with {} partitions", wanted.name, wanted.partitions);
    }
    for short in &plan.short {
        let _ = writeln!(
            text,
            "grow    {} from {} partitions to the {} that its keys are spread over",
            short.wanted.name, short.found, short.spread
        );
    }
    for TopicDifference { wanted, spread, .. } in &plan.different {
        let _ = write!(
            text,
            "SWITCH  {}: its keys are spread over {spread} partitions and should be over {}",
            wanted.name, wanted.partitions
        );
        let _ = match waiting.get(&wanted.topic).filter(|_| !wanted.is_of_dead_letters()) {
            Some(lag) => writeln!(text, "; {lag} records are to be taken in before"),
            None => writeln!(text),
        };
    }
    if !plan.different.is_empty() {
        text.push_str(
            "Another number sends keys to other partitions, ahead of their earlier events: only `doorbuster topics apply \
             --switch` does it, when these are taken in.\n",
        );
    }
    let _ = write!(text, "{} topics are as they should be", plan.as_wanted.len());
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

/// Makes what is missing; what is there is used in another way only by a switch.
fn apply(config: &Config, args: &TopicsArgs) -> Result<ExitCode, Error> {
    if args.switch && !wiring::relays_can_be_halted(config) {
        return Err(Error::Usage(
            "a connector publishes the events (kafka.relay = \"debezium\"), and counts partitions by itself: stop it, and follow \
             docs/debezium.md"
                .to_owned(),
        ));
    }
    let mut desk = wiring::topic_admin(config)?;
    let made = desk.complete()?;
    note(&format!("{made} topics were made."));
    if args.switch {
        switch(&mut desk, Duration::from_secs(args.within))?;
    }
    show(&mut desk, args.json)
}

fn switch(desk: &mut TopicAdmin, within: Duration) -> Result<(), Error> {
    let plan = desk.plan()?;
    if plan.different.is_empty() {
        return Ok(());
    }
    desk.grow()?;
    let to: Spread =
        switches(&plan).map(|difference| (difference.wanted.topic, difference.wanted.partitions)).collect();
    if to.is_empty() {
        return Ok(());
    }
    for TopicDifference { wanted, spread, .. } in switches(&plan) {
        note(&format!("{} is switched from {spread} to {} partitions.", wanted.name, wanted.partitions));
    }
    let mut teller = Teller::default();
    let switched = desk.switch(to, within, |looked| teller.tell(looked));
    if let Err(error) = desk.release() {
        note(&format!("Relays go on in a moment, not at once: {error}"));
    }
    Ok(switched?)
}

/// Says how far a switch is: when it comes to something else, and now and then.
#[derive(Default)]
struct Teller {
    told: Option<(String, Instant)>,
    /// What was to be done when it last became less, and when that was.
    least: Option<(i64, Instant)>,
}

impl Teller {
    fn tell(&mut self, looked: Result<&Progress, &StoreError>) {
        let (what, left, stuck) = match looked {
            Ok(Progress::Halting(held)) => (
                "Relays finish what they are publishing; orders are taken meanwhile",
                held.len() as i64,
                "A relay that was killed is waited for until nothing of it can be on its way any more; a folder's is told when its \
                 shop is started again.",
            ),
            Ok(Progress::Draining(behind)) => (
                "Relays stand still; groups take in what was published",
                behind.iter().map(Standing::lag).sum(),
                "Nobody takes it in: is there a process with the role worker? Ending this command has everything go on as before.",
            ),
            Ok(Progress::Lapsed) => ("Relays have gone on meanwhile; it begins anew", 0, ""),
            Ok(Progress::Done) => ("All is taken in, and the new numbers are written; relays go on", 0, ""),
            // The command's own error says it.
            Ok(Progress::Busy) => return,
            Err(error) => return note(&format!("It is tried again: {error}")),
        };
        let now = Instant::now();
        let is_new = self.told.as_ref().is_none_or(|(told, _)| told != what);
        if is_new || self.least.is_none_or(|(least, _)| left < least) {
            self.least = Some((left, now));
        }
        if is_new || self.told.as_ref().is_some_and(|(_, at)| now.duration_since(*at) >= TELL_EVERY) {
            self.told = Some((what.to_owned(), now));
            note(&if left > 0 { format!("{what} ({left} left).") } else { format!("{what}.") });
            if self.least.is_some_and(|(_, since)| now.duration_since(since) >= STUCK_AFTER) {
                self.least = Some((left, now));
                note(stuck);
            }
        }
    }
}
