//! `doorbuster replay`: finds events that are in the store but not on the broker, and publishes them again.

use std::fmt::Write as _;
use std::process::ExitCode;

use app::events::event::EventKind;
use app::events::topic::Topic;
use app::events::wire_time;
use app::log::relay::Record;
use app::log::replay::{self, Selection};
use app::state::rows::EventId;
use serde_json::{Value, json};

use crate::cli::ReplayArgs;
use crate::commands::output::table::counted;
use crate::commands::{Error, print, settings};
use crate::wiring;

/// Records that are listed; further ones are only counted.
const SHOWN_MAX: usize = 50;
/// Records published at once.
const CHUNK: usize = 1_000;

pub(in crate::commands) fn run(args: &ReplayArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    let topic = args.topic.as_deref().map(known_topic).transpose()?;
    let Some(broker) = wiring::replaying(&config)? else {
        let reason = "KAFKA_BROKERS is not set: groups read the store itself, so no event can be missing.";
        return if args.json {
            let none = Outcome { looked_at: 0, is_whole: true, missing: 0, shown: vec![], chosen: 0, published: 0 };
            let mut document = none.as_json();
            document["reason"] = reason.into();
            print(&document.to_string())
        } else {
            print(reason)
        };
    };
    let selected = broker.select(selection(args, broker.codec())?)?;
    let records = replay::records(&selected.events, topic);
    let present = broker.present(replay::topics(&selected.events, &records))?;
    let missing: Vec<(EventId, Record)> = replay::missing(&records, &present).into_iter().cloned().collect();
    let (missing_count, shown) = (missing.len(), missing.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>());
    let chosen: Vec<Record> =
        if args.only_missing { missing } else { records }.into_iter().map(|(_, record)| record).collect();
    let mut published = 0;
    if !args.dry_run {
        for chunk in chosen.chunks(CHUNK) {
            broker.publish(chunk)?;
            published += chunk.len();
        }
    }
    let outcome = Outcome {
        looked_at: selected.events.len(),
        is_whole: selected.is_whole,
        missing: missing_count,
        shown,
        chosen: chosen.len(),
        published,
    };
    print(&if args.json { outcome.as_json().to_string() } else { outcome.as_text() })
}

struct Outcome {
    looked_at: usize,
    is_whole: bool,
    missing: usize,
    shown: Vec<(EventId, Record)>,
    /// Records that a run without --dry-run publishes.
    chosen: usize,
    published: usize,
}

impl Outcome {
    fn as_json(&self) -> Value {
        let shown = |(id, record): &(EventId, Record)| {
            json!({
                "eventId": app::events::outbox::uuid(id.0),
                "topic": record.topic.name(),
                "key": record.key,
                "type": kind(record),
            })
        };
        json!({
            "events": self.looked_at,
            "isWhole": self.is_whole,
            "missing": self.missing,
            "shown": self.shown.iter().map(shown).collect::<Vec<_>>(),
            "chosen": self.chosen,
            "published": self.published,
        })
    }

    fn as_text(&self) -> String {
        let mut text = format!(
            "{} checked, {} missing on the topics\n",
            counted(self.looked_at, "event"),
            counted(self.missing, "record")
        );
        for (id, record) in &self.shown {
            let _ = writeln!(
                text,
                "  {:<28} {:<28} {}",
                record.topic.name(),
                kind(record),
                app::events::outbox::uuid(id.0)
            );
        }
        if self.missing > self.shown.len() {
            let _ = writeln!(text, "  … and {} more", self.missing - self.shown.len());
        }
        if !self.is_whole {
            text.push_str("There are more events; continue with a later --since, or shard by shard.\n");
        }
        let _ = match self.published {
            0 if self.chosen > 0 => write!(text, "{} would be published.", counted(self.chosen, "record")),
            published => write!(text, "{} published.", counted(published, "record")),
        };
        text
    }
}

fn kind(record: &Record) -> &str {
    let found = record.attributes.iter().find(|(name, _)| *name == "ce_type");
    found.and_then(|(_, kind)| EventKind::from_type(kind)).map_or("", EventKind::name)
}

fn known_topic(name: &str) -> Result<Topic, Error> {
    Topic::from_name(name)
        .ok_or_else(|| Error::Usage(format!("--topic {name} is unknown; `doorbuster topics list` lists the topics")))
}

fn selection(args: &ReplayArgs, codec: &domain::ids::Codec) -> Result<Selection, Error> {
    if let Some(moment) = &args.what.since {
        let moment = wire_time::parse(moment)
            .map_err(|_| Error::Usage(format!("--since {moment} is not a time such as 2026-11-21T12:00:00Z")))?;
        return Ok(Selection::Since(moment));
    }
    if let Some(number) = &args.what.order {
        let order =
            codec.order_id(number).ok_or_else(|| Error::Usage(format!("--order {number} is not an order number")))?;
        return Ok(Selection::Order(order));
    }
    Ok(Selection::From { seq: args.what.from_position.unwrap_or(1), shard: args.shard })
}
