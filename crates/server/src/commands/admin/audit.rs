//! `doorbuster audit`: checks that the books add up, beside a running server or on a stopped store.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use app::audit::{Audit, Inspection, Proof, Proven, Repaired, inspect, prove};
use app::ports::Clock;
use serde::{Deserialize, Serialize};

use super::client::AdminClient;
use crate::cli::AuditArgs;
use crate::commands::output::table::counted;
use crate::commands::{Error, note, print, settings};
use crate::config::Config;
use crate::security::secret::Secret;
use crate::system::data_dir::{self, DataDir};
use crate::system::io_error;
use crate::wiring;

/// What the last incremental audit proved, in the data folder.
const PROOF_FILE: &str = "shop.proof";
/// The longest wait for a repair: the audit of a large store reads all of it twice.
const REPAIR_PATIENCE: Duration = Duration::from_secs(3_600);

/// The JSON output of the command.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    audit: &'a Audit,
    /// How many violations `--repair` could repair.
    repairable: usize,
    /// The repairs made; absent without `--repair`.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a [Repaired]>,
}

pub(in crate::commands) fn run(args: &AuditArgs) -> Result<ExitCode, Error> {
    let mut config = settings(&args.settings)?;
    if args.accept_loss {
        accept_loss(&mut config)?;
    }
    let repaired = args.repair.then(|| repair(&config)).transpose()?;
    let inspection = if args.incremental { inspect_changes(&config)? } else { inspect_store(&config)? };
    let Inspection { audit, repairs } = inspection;
    let (repairable, repaired) = (repairs.len(), repaired.as_deref());
    if args.json {
        let output = Output { audit: &audit, repairable, repaired };
        print(&serde_json::to_string(&output).map_err(std::io::Error::from)?)?;
    } else {
        print(&table(&audit, repairable, repaired))?;
    }
    Ok(if audit.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Accepts a store that has lost commits or was changed while it was closed. The setting is not kept: each loss must be accepted separately.
fn accept_loss(config: &mut Config) -> Result<(), Error> {
    wiring::check_exists(config)?;
    config.store.accept_loss = true;
    let data_dir = DataDir::open(&config.server.data_dir)?;
    wiring::accept_loss(config, data_dir.path())?;
    config.store.accept_loss = false;
    Ok(())
}

/// Audits the current state of the store.
pub(in crate::commands) fn examine(config: &Config) -> Result<Audit, Error> {
    inspect_store(config).map(|inspection| inspection.audit)
}

fn inspect_store(config: &Config) -> Result<Inspection, Error> {
    let mut snapshot = wiring::snapshot(config)?;
    Ok(inspect(snapshot.as_mut(), wiring::clock().now())?)
}

/// Audits what changed since the last proof, and keeps the new one beside the store. Anything that is found so is only a
/// reason to read everything: the store may be an older copy.
fn inspect_changes(config: &Config) -> Result<Inspection, Error> {
    let path = config.server.data_dir.join(PROOF_FILE);
    let known: Option<Proof> = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let look = |since: Option<&Proof>| {
        prove(wiring::snapshot(config)?.as_mut(), wiring::clock().now(), since).map_err(Error::from)
    };
    let mut proven: Proven = look(known.as_ref())?;
    if proven.is_incremental && !proven.inspection.audit.is_clean() {
        proven = look(None)?;
    }
    match &proven.proof {
        Some(proof) => {
            let text = serde_json::to_vec(proof).map_err(std::io::Error::from)?;
            let beside = path.with_extension("proof-new");
            // The audit is true all the same, also in a read-only folder.
            if let Err(cause) = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &path)) {
                let (path, why) = (path.display(), io_error::of(&cause));
                note(&format!(
                    "{path} cannot be written ({why}), so the next incremental audit reads what this one read."
                ));
            }
        }
        // What was proven before is not true any more.
        None => drop(std::fs::remove_file(&path)),
    }
    Ok(proven.inspection)
}

/// Repairs through the running server if there is one, because only its engine may write.
fn repair(config: &Config) -> Result<Vec<Repaired>, Error> {
    let folder = &config.server.data_dir;
    wiring::check_exists(config)?;
    match DataDir::open(folder) {
        Ok(data_dir) => {
            let secret = Secret::of_this_process()?;
            // The operator has seen what the audit says of changed pages.
            let mut config = config.clone();
            config.store.accept_damage = true;
            Ok(wiring::repair(&config, &secret, data_dir.path())?)
        }
        Err(data_dir::Error::Served(_)) => repair_through_server(config),
        Err(error) => Err(error.into()),
    }
}

/// Has the running server repair what the audit finds; returns the repairs.
fn repair_through_server(config: &Config) -> Result<Vec<Repaired>, Error> {
    let client = AdminClient::of_folder(config, REPAIR_PATIENCE)?;
    let answer = client.ask("POST", "/api/admin/audit/repair", None);
    if let Err(Error::Refused(refusal)) = &answer {
        return Err(Error::Running(format!("it answered with status {}", refusal.status)));
    }
    let RepairAnswer { repaired } = serde_json::from_value(answer?).map_err(std::io::Error::from)?;
    Ok(repaired)
}

/// The server's answer to a repair.
#[derive(Deserialize)]
struct RepairAnswer {
    repaired: Vec<Repaired>,
}

pub(in crate::commands) fn table(audit: &Audit, repairable: usize, repaired: Option<&[Repaired]>) -> String {
    let mut text = String::new();
    for law in &audit.laws {
        let mark = if law.violations == 0 { "ok" } else { "BROKEN" };
        let _ = writeln!(text, "{:>3}  {:<70} {:>10} checked  {mark}", law.law, law.name, law.checked);
        for example in &law.examples {
            let _ = writeln!(text, "       {example}");
        }
    }
    for skipped in &audit.skipped {
        let _ = writeln!(text, "{:>3}  not checked, or only in part: {}", skipped.law, skipped.reason);
    }
    for Repaired { law, what, done } in repaired.unwrap_or_default() {
        let word = if *done { "repaired" } else { "NOT repaired" };
        let _ = writeln!(text, "{law:>3}  {word}: {what}");
    }
    if repaired.is_some_and(<[Repaired]>::is_empty) {
        let _ = writeln!(text, "Nothing had to be repaired.");
    }
    let next = match (audit.is_clean(), repairable) {
        (true, _) => String::new(),
        (false, 0) => "; none of them can be repaired automatically: see the law in docs/audit.md".to_owned(),
        (false, _) => format!("; `doorbuster audit --repair` repairs what can be computed again ({repairable})"),
    };
    let _ = write!(text, "{}{next}", counted(audit.violations, "violation"));
    text
}
