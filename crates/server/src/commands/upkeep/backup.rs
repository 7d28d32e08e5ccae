//! `doorbuster backup`: copies the data folder into one file while the shop runs.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use app::audit::{Audit, inspect};
use app::ports::Clock as _;
use serde::Serialize;

use super::refuse_database;
use crate::cli::BackupArgs;
use crate::commands::admin::audit::table;
use crate::commands::output::progress::Progress;
use crate::commands::output::terminal::note;
use crate::commands::{Error, print, settings};
use crate::security::secret::SECRET_FILE;
use crate::system::data_dir::SCRIPTED_PAYMENTS_FILE;
use crate::wiring::{self, upkeep};

const LINE_EVERY: Duration = Duration::from_secs(5);

/// The JSON output of the command.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    file: &'a str,
    bytes: u64,
    sha256: &'a str,
    has_secret: bool,
    has_provider_book: bool,
    /// Absent without `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<&'a Audit>,
}

pub(in crate::commands) fn run(args: &BackupArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    refuse_database(&config, "backup")?;
    let mut progress = Progress::new(0, LINE_EVERY);
    let copied = upkeep::back_up(&config.server.data_dir, &args.file, &mut |done, total| {
        progress.show_of(done, total, "pages copied");
    })?;
    drop(progress);
    let audit = args.verify.then(|| audited(args)).transpose()?;
    let has = |file: &str| copied.files.contains(&file);
    if !has(SECRET_FILE) && config.auth.secret().is_some() {
        note(
            "The secret is in DOORBUSTER_AUTH_SECRET and not in the data folder, so it is not in the backup: keep it apart.",
        );
    }
    let file = args.file.display().to_string();
    let output = Output {
        file: &file,
        bytes: copied.bytes,
        sha256: &copied.sha256,
        has_secret: has(SECRET_FILE),
        has_provider_book: has(SCRIPTED_PAYMENTS_FILE),
        audit: audit.as_ref(),
    };
    if args.json {
        print(&serde_json::to_string(&output).map_err(std::io::Error::from)?)?;
    } else {
        print(&text(&output))?;
    }
    Ok(if audit.is_none_or(|audit| audit.is_clean()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn audited(args: &BackupArgs) -> Result<Audit, Error> {
    let mut snapshot = upkeep::backup_snapshot(&args.file)?;
    Ok(inspect(snapshot.as_mut(), wiring::clock().now())?.audit)
}

fn text(output: &Output<'_>) -> String {
    let mut text = format!("{} has the store", output.file);
    if output.has_secret {
        text.push_str(", the secret");
    }
    if output.has_provider_book {
        text.push_str(", the scripted provider's book");
    }
    let _ = write!(text, ": {} bytes, SHA-256 of the contents {}.", output.bytes, output.sha256);
    if let Some(audit) = output.audit {
        let _ = write!(text, "\n{}", table(audit, 0, None));
    }
    text
}
