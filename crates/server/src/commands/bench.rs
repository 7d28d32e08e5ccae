//! `doorbuster bench`: measures a scenario beside its baseline, against its own server or a running one.

use std::io;
use std::process::ExitCode;

use bench::report::Report;
use bench::scenario::Scenario;
use serde::Serialize;

use super::{Error, Left, print};
use crate::cli::BenchArgs;
use crate::runtime::shutdown::Signals;

mod child;
mod cluster;
mod in_process;
mod modes;
mod over_http;
mod place;
mod progress;
mod room;
mod scale;
pub(in crate::commands) mod speeds;
pub(crate) mod temporary_folder;

use over_http::{address_of, measure_alone, measure_on, stage};
use place::Place;
use progress::progress;

pub(super) fn run(args: &BenchArgs) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shown = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            shown = compare_or_measure(args) => shown,
            // Dropping the measurement ends the processes that it started.
            _ = signals.received() => Err(Error::Interrupted(left_by(args))),
        }
    })?;
    print(&shown.text)?;
    Ok(if shown.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A measurement of its own shop deletes its folder; what it wrote to another one stays.
fn left_by(args: &BenchArgs) -> Left {
    args.target.clone().map_or(Left::Nothing, |url| Left::Written { url })
}

/// The printed result, and whether all checks passed.
struct Shown {
    text: String,
    is_clean: bool,
}

impl Shown {
    fn of(args: &BenchArgs, report: &impl Serialize, table: String, is_clean: bool) -> Result<Shown, Error> {
        let text = if args.json { serde_json::to_string(report).map_err(io::Error::from)? } else { table };
        Ok(Shown { text, is_clean })
    }
}

async fn compare_or_measure(args: &BenchArgs) -> Result<Shown, Error> {
    if args.scenario == Scenario::Modes {
        let report = modes::compare(args).await?;
        report.failures.iter().for_each(|failure| progress(failure));
        return Shown::of(args, &report, report.table(), report.is_clean());
    }
    if args.scenario == Scenario::Scale {
        let report = scale::compare(args).await?;
        return Shown::of(args, &report, report.table(), report.is_clean());
    }
    if args.room.sell {
        let report = room::sell(args).await?;
        return Shown::of(args, &report, report.table(), report.is_clean());
    }
    if let Some(seconds) = args.room.hold {
        let report = room::hold(args, seconds).await?;
        return Shown::of(args, &report, report.table(), report.is_clean());
    }
    if let Some(processes) = &args.cluster {
        let both = cluster::compare(args, &processes.0).await?;
        both.cluster.failures.iter().chain(&both.embedded.failures).for_each(|failure| progress(failure));
        return Shown::of(args, &both, both.table(), both.is_clean());
    }
    let report = measure(args).await?;
    report.failures.iter().for_each(|failure| progress(failure));
    Shown::of(args, &report, report.table(), report.is_clean())
}

async fn measure(args: &BenchArgs) -> Result<Report, Error> {
    if args.in_process {
        let place = Place::make(args)?;
        return in_process::measure(args, &place).await;
    }
    if let Some(url) = &args.target {
        let secret = args.secret.as_deref().unwrap_or_default();
        let mut stage = stage(args, address_of(url)?, secret).await?;
        let report = measure_on(args, &mut stage, &[]).await?;
        progress("auditing");
        return Ok(report.with_audit(stage.shop.audit().await?));
    }
    measure_alone(args, &Place::make(args)?).await
}
