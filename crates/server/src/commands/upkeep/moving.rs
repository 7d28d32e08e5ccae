//! `doorbuster move`: takes a stopped shop from a data folder to a database, or back.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use app::audit::{Audit, Snapshot, inspect};
use app::ports::Clock as _;
use serde::Serialize;

use crate::cli::MoveArgs;
use crate::commands::admin::audit::table;
use crate::commands::output::progress::Progress;
use crate::commands::output::terminal::note;
use crate::commands::{Error, print, settings};
use crate::system::data_dir::DataDir;
use crate::wiring;
use crate::wiring::upkeep::{Moved, Way};

const LINE_EVERY: Duration = Duration::from_secs(5);

/// The JSON output of the command.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    rows: u64,
    events: i64,
    /// True if an interrupted move was continued.
    resumed: bool,
    /// The rows of each table, compared on both sides.
    tables: serde_json::Map<String, serde_json::Value>,
    /// Of the destination. The source had no violation either.
    audit: &'a Audit,
}

pub(in crate::commands) fn run(args: &MoveArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    let folder = &config.server.data_dir;
    let (database, is_to_database) = match (&args.to, &args.from) {
        (Some(database), None) => (database, true),
        (None, Some(database)) => (database, false),
        _ => return Err(Error::Usage("give one of --to and --from".to_owned())),
    };
    let way = Way { folder, database, is_to_database };
    way.check()?;
    let _data_dir = DataDir::open(folder)?;
    note("Auditing the source.");
    let before = audit(way.source()?.as_mut())?;
    if !before.is_clean() {
        return Err(Error::Failed(format!(
            "the shop has {} violations, so it is not moved: see `doorbuster audit`, and repair it first",
            before.violations
        )));
    }
    let mut progress = Progress::new(0, LINE_EVERY);
    let moved = way.copy(&mut |done, total| progress.show_of(done, total, "rows copied"))?;
    drop(progress);
    note("Every table has as many rows as before, and the chain of events ends alike. Auditing the destination.");
    let after = audit(way.destination()?.as_mut())?;
    if after.is_clean() {
        way.finish()?;
    }
    let output = output(&moved, &after);
    if args.json {
        print(&serde_json::to_string(&output).map_err(std::io::Error::from)?)?;
    } else {
        print(&text(&output, is_to_database))?;
    }
    Ok(if after.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn audit(snapshot: &mut dyn Snapshot) -> Result<Audit, Error> {
    Ok(inspect(snapshot, wiring::clock().now())?.audit)
}

fn output<'a>(moved: &Moved, audit: &'a Audit) -> Output<'a> {
    let tables = moved.relations.iter().map(|(table, rows)| (table.clone(), (*rows).into())).collect();
    Output { rows: moved.rows(), events: moved.heads.iter().sum(), resumed: moved.resumed, tables, audit }
}

fn text(output: &Output<'_>, is_to_database: bool) -> String {
    let mut text = table(output.audit, 0, None);
    let _ = write!(
        text,
        "\n{} rows of {} tables were moved, {} events among them. ",
        output.rows,
        output.tables.len(),
        output.events
    );
    text.push_str(match (output.audit.is_clean(), is_to_database) {
        (false, _) => "The destination violates a law: it is not to be served, and the source is as it was.",
        (true, true) => {
            "Serve the database with DATABASE_URL and the secret of the folder (auth.secret, or DOORBUSTER_AUTH_SECRET), and do not serve the \
             folder's store any more: move it away."
        }
        (true, false) => {
            "Serve the folder without DATABASE_URL and with the secret of the database's processes, and do not serve the database any more."
        }
    });
    text
}
