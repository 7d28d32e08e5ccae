//! `doorbuster bench modes`: compares all modes of claiming with the same orders, on its own server or a running one.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use bench::modes::{self, Comparison, End, ModesReport};

use super::child::Child;
use super::over_http::{address_of, stage};
use super::place::Place;
use super::progress::progress;
use crate::cli::BenchArgs;
use crate::commands::Error;

/// Short, because six modes take turns.
const LEG: Duration = Duration::from_millis(1_500);
/// File names of the page and the chart, without and with payment.
const NAMES: [&str; 2] = ["modes", "modes-paid"];

/// Compares the modes, and writes the page and the chart if `--report` names a folder for them.
pub(super) async fn compare(args: &BenchArgs) -> Result<ModesReport, Error> {
    let report = measure(args).await?;
    if let Some(folder) = &args.report {
        write(folder, &report)?;
    }
    Ok(report)
}

async fn measure(args: &BenchArgs) -> Result<ModesReport, Error> {
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
    Ok(report.with_audit(place.audit()?))
}

fn write(folder: &Path, report: &ModesReport) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = NAMES[usize::from(report.payment)];
    let picture = format!("{name}.svg");
    fs::write(folder.join(&picture), modes::plot(report))?;
    fs::write(folder.join(format!("{name}.md")), modes::page(report, &picture))
}
