//! `doorbuster archive`: moves old events to files, and checks such files.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use app::audit::Archived;
use app::events::outbox::SHARDS;
use app::events::wire_time;
use serde_json::{Value, json};

use super::client::AdminClient;
use crate::api::shop::archive::files;
use crate::cli::ArchiveArgs;
use crate::commands::output::table::counted;
use crate::commands::{Error, print, settings};
use crate::wiring;

/// The longest wait for an answer: the shop is audited before events are moved.
const PATIENCE: Duration = Duration::from_secs(6 * 3_600);

pub(in crate::commands) fn run(args: &ArchiveArgs) -> Result<ExitCode, Error> {
    match (&args.what.before, &args.what.verify) {
        (Some(before), _) => archive(args, before),
        (None, Some(folder)) => verify(args, folder),
        (None, None) => Err(Error::Usage("--before or --verify is needed".to_owned())),
    }
}

fn archive(args: &ArchiveArgs, before: &str) -> Result<ExitCode, Error> {
    let client = AdminClient::open_patiently(&args.shop, PATIENCE)?;
    let answer = client.ask("POST", "/api/admin/archive", Some(&json!({"before": before})))?;
    print(&if args.shop.json { answer.to_string() } else { text(&answer) })
}

fn text(answer: &Value) -> String {
    let number = |name: &str| answer[name].as_u64().unwrap_or(0);
    let (moved, total) = (counted(number("archived"), "event"), counted(number("total"), "event"));
    let folder = answer["folder"].as_str().unwrap_or_default();
    let mut text = format!("{moved} moved to {folder}; its files have {total}.");
    if let Some(before) = answer["archivedBefore"].as_str() {
        text += &format!(" Events from before {before} are in files only.");
    }
    text
}

/// Compares what the files add up to with what the store has kept of its archived events.
fn verify(args: &ArchiveArgs, folder: &Path) -> Result<ExitCode, Error> {
    let config = settings(&args.shop.settings)?;
    let kept = wiring::snapshot(&config)?.archived()?.unwrap_or_default();
    let found = files::read_all(folder)?;
    let faults = differences(&kept, &found);
    let report = if args.shop.json {
        json!({
            "events": found.events(), "kept": kept.events(), "faults": faults,
            "archivedBefore": (kept.events() > 0).then(|| wire_time::format(kept.before())),
        })
        .to_string()
    } else if faults.is_empty() {
        let events = counted(u64::try_from(found.events()).unwrap_or(0), "event");
        format!("{events} in {}: complete and unchanged.", folder.display())
    } else {
        faults.join("\n")
    };
    print(&report)?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn differences(kept: &Archived, found: &Archived) -> Vec<String> {
    let differs = |shard: &usize| kept.head(*shard) != found.head(*shard);
    (0..SHARDS)
        .filter(differs)
        .map(|shard| match (kept.head(shard).seq, found.head(shard).seq) {
            (kept, found) if kept == found => format!("shard {shard}: events up to {kept} were changed"),
            (kept, found) => format!("shard {shard}: {kept} events are archived, the files have {found}"),
        })
        .collect()
}
