//! `doorbuster bench modes`: compares all modes of claiming with the same orders, on its own server or a running one.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use bench::modes::{self, Comparison, End, ModesReport};

use super::child::Child;
use super::over_http::{address_of, stage};
use super::place::Place;
use super::progress::progress;
use crate::cli::BenchArgs;
use crate::commands::admin::audit;
use crate::commands::{Error, print};
use crate::runtime::shutdown::Signals;

/// Short, because six modes take turns.
const LEG: Duration = Duration::from_millis(1_500);
/// File names of the page and the chart, without and with payment.
const NAMES: [&str; 2] = ["modes", "modes-paid"];

pub(super) fn run(args: &BenchArgs) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            report = compare(args) => report,
            _ = signals.received() => Err(Error::Interrupted),
        }
    })?;
    if let Some(folder) = &args.report {
        write(folder, &report)?;
    }
    if args.json {
        print(&serde_json::to_string(&report).map_err(io::Error::from)?)?;
    } else {
        print(&report.table())?;
    }
    report.failures.iter().for_each(|failure| progress(failure));
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn compare(args: &BenchArgs) -> Result<ModesReport, Error> {
    if args.in_process {
        return Err(Error::Usage("--in-process is not supported with modes, which are compared over HTTP".to_owned()));
    }
    let leg = args.seconds.map_or(LEG, Duration::from_secs_f64);
    let end = if args.payment { End::Paid } else { End::Claimed };
    let wanted = Comparison { leg, rounds: usize::from(args.rounds), end };
    if let Some(url) = &args.target {
        let secret = args.secret.as_deref().unwrap_or_default();
        let mut stage = stage(args, address_of(url)?, secret).await?;
        let report = modes::run(&mut stage, wanted, &progress).await?;
        return Ok(report.with_audit(stage.shop.audit().await?));
    }
    let place = Place::make(args)?;
    let child = Child::start(&place)?;
    let mut stage = stage(args, child.address(), place.secret()).await?;
    let report = modes::run(&mut stage, wanted, &progress).await?;
    progress("auditing");
    let audit = audit::examine(place.config())?;
    Ok(report.with_audit(i64::try_from(audit.violations).unwrap_or(i64::MAX)))
}

fn write(folder: &Path, report: &ModesReport) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = NAMES[usize::from(report.payment)];
    let picture = format!("{name}.svg");
    fs::write(folder.join(&picture), modes::plot(report))?;
    fs::write(folder.join(format!("{name}.md")), modes::page(report, &picture))
}
