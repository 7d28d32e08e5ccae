//! The speeds of this machine, for rehearsals: short runs of the engine alone, and of joins over HTTP.

use bench::report::Report;
use clap::Parser;
use sim::rehearsal::script::Speeds;

use super::place::Place;
use super::{in_process, over_http};
use crate::cli::BenchArgs;
use crate::commands::Error;

/// The arguments of a run, as on the command line.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    bench: BenchArgs,
}

fn arguments(words: &str) -> Result<BenchArgs, Error> {
    let line = Line::try_parse_from(words.split_whitespace());
    line.map(|line| line.bench).map_err(|error| Error::Failed(error.to_string()))
}

/// Measures each speed for a second or two. Dropping the future deletes what it made.
pub(in crate::commands) async fn measure() -> Result<Speeds, Error> {
    let one = engine(&arguments("bench hot --seconds 1 --rounds 1 --connections 1")?).await?;
    let many = engine(&arguments("bench hot --seconds 1.5 --rounds 1 --connections 512")?).await?;
    let joins = "bench drop --waiting-room --seconds 1.5 --rounds 1 --connections 512 --requests 20000";
    let joined = engine(&arguments(joins)?).await?;
    let args = arguments("bench drop --waiting-room --seconds 2 --rounds 1 --connections 128 --requests 4000")?;
    let over_http = clean(over_http::measure_alone(&args, &Place::make(&args)?).await?)?;

    let (order_us, join_us) = (each(&many), each(&joined));
    let commit_us = whole(one.p50_ms * 1_000.0).saturating_sub(order_us).max(1);
    // What the engine does not take of a request's CPU time.
    let request_us = over_http.server_cpu_us_per_request.map(whole);
    let http_us = request_us.map_or(Speeds::default().http_us, |all| all.saturating_sub(join_us).max(1));
    Ok(Speeds { http_us, look_us: http_us, join_us, order_us, commit_us })
}

async fn engine(args: &BenchArgs) -> Result<Report, Error> {
    let place = Place::make(args)?;
    clean(in_process::measure(args, &place).await?)
}

fn clean(report: Report) -> Result<Report, Error> {
    match report.failures.first() {
        Some(failure) => Err(Error::Failed(format!("the machine could not be measured: {failure}"))),
        None if report.per_second > 0.0 => Ok(report),
        None => Err(Error::Failed("the machine could not be measured: nothing was decided in time".to_owned())),
    }
}

/// Returns the microseconds of each command of full batches.
fn each(report: &Report) -> u64 {
    whole(1_000_000.0 / report.per_second).max(1)
}

fn whole(micros: f64) -> u64 {
    micros.round() as u64
}
