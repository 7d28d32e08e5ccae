//! `doorbuster restore`: puts a backup into an empty folder, complete or not at all.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use app::audit::{Audit, inspect};
use app::ports::Clock as _;
use serde::Serialize;

use super::refuse_database;
use crate::cli::RestoreArgs;
use crate::commands::admin::audit::table;
use crate::commands::{Error, print, settings};
use crate::system::data_dir::{DataDir, LOCK_FILE};
use crate::wiring;
use crate::wiring::upkeep::{self, LaidOut};

/// The JSON output of the command.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    folder: &'a str,
    bytes: u64,
    sha256: &'a str,
    /// The files beside the store.
    files: &'a [String],
    /// False if the audit found a violation.
    restored: bool,
    /// Absent without `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<&'a Audit>,
}

pub(in crate::commands) fn run(args: &RestoreArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    refuse_database(&config, "restore")?;
    let folder = &config.server.data_dir;
    upkeep::check_restore(&args.file, folder)?;
    let is_new = !folder.exists();
    let data_dir = DataDir::open(folder)?;
    let laid_out = match upkeep::lay_out(&args.file, data_dir.path()) {
        Ok(laid_out) => laid_out,
        Err(error) => {
            leave(data_dir, folder, is_new);
            return Err(error.into());
        }
    };
    let audit = args.verify.then(|| audited(&laid_out)).transpose()?;
    let is_sound = audit.as_ref().is_none_or(Audit::is_clean);
    let (bytes, sha256, files) = (laid_out.bytes(), laid_out.sha256().to_owned(), laid_out.files().to_vec());
    let output = Output {
        folder: &folder.display().to_string(),
        bytes,
        sha256: &sha256,
        files: &files,
        restored: is_sound,
        audit: audit.as_ref(),
    };
    if is_sound {
        laid_out.finish()?;
    } else {
        laid_out.abandon()?;
        leave(data_dir, folder, is_new);
    }
    if args.json {
        print(&serde_json::to_string(&output).map_err(std::io::Error::from)?)?;
    } else {
        print(&text(&output))?;
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn audited(laid_out: &LaidOut) -> Result<Audit, Error> {
    Ok(inspect(laid_out.snapshot()?.as_mut(), wiring::clock().now())?.audit)
}

/// Leaves the folder as it was found.
fn leave(data_dir: DataDir, folder: &Path, is_new: bool) {
    // What cannot be removed is an empty file or an empty folder.
    let _ = std::fs::remove_file(folder.join(LOCK_FILE));
    if is_new {
        let _ = std::fs::remove_dir(folder);
    }
    drop(data_dir);
}

fn text(output: &Output<'_>) -> String {
    let mut text = String::new();
    if let Some(audit) = output.audit {
        let _ = writeln!(text, "{}", table(audit, 0, None));
    }
    if output.restored {
        let files = output.files.join(" and ");
        let beside = if files.is_empty() { "no file beside it".to_owned() } else { files };
        let _ = write!(
            text,
            "{} has the shop of the backup: the store ({} bytes) and {beside}.\nOrders after the backup are lost: see \"After a \
             restore\" in docs/payments.md before you serve it.",
            output.folder, output.bytes
        );
    } else {
        let _ = write!(
            text,
            "Nothing was restored, because the backup violates a law. Use another one, or restore it without --verify."
        );
    }
    text
}
