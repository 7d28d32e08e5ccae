//! `doorbuster bench`: a scenario beside its yardstick, over HTTP against a server of its own or a running one.

use std::io::{self, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::customers::Customers;
use bench::report::Report;
use bench::rounds::{self, Measurement};
use bench::scenario::{Drop, Scenario, Stage};
use bench::shop::Shop;
use serde::Serialize;

use super::admin::audit;
use super::{Error, print};
use crate::cli::BenchArgs;
use crate::runtime::shutdown::Signals;
use crate::security::auth::{Principal, Role, Tokens};
use crate::system::io_error;

mod child;
mod cluster;
mod in_process;
mod modes;
mod place;
pub(crate) mod temporary_folder;

use child::Child;
use place::Place;

/// Without `--seconds`, legs end so long after the start, and what follows them fits into the rest of a minute.
const LEGS_END: Duration = Duration::from_secs(50);
const LEG: Duration = Duration::from_secs(5);
/// An order leg needs time before it, to give coupons and points away.
const ORDER_LEG: Duration = Duration::from_secs(4);
const DROP_LEG: Duration = Duration::from_secs(13);
/// Of a long leg, the yardstick need not be as long.
const ECHO_LEG_MAX: Duration = Duration::from_secs(5);
const DROP_ECHO_LEG: Duration = Duration::from_secs(2);
/// A bench may take hours; its tokens must not end before.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
const ADMIN: i64 = 1;

pub(super) fn run(args: &BenchArgs) -> Result<ExitCode, Error> {
    if args.scenario == Scenario::Modes {
        return modes::run(args);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shown = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            shown = compare_or_measure(args) => shown,
            // What was started is ended on the way out.
            _ = signals.received() => Err(Error::Interrupted),
        }
    })?;
    print(&shown.text)?;
    Ok(if shown.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is printed in the end, and whether everything was as it must be.
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

/// One process with everything in it.
async fn measure_alone(args: &BenchArgs, place: &Place) -> Result<Report, Error> {
    in_process::preload(args, place).await?;
    let child = Child::start(place)?;
    measure_at(args, place, &[child]).await
}

/// Customers come to the first of these processes; all of them are audited.
async fn measure_at(args: &BenchArgs, place: &Place, children: &[Child]) -> Result<Report, Error> {
    let submitter = children.first().ok_or_else(|| Error::Failed("there is nothing to measure".to_owned()))?;
    let mut stage = stage(args, submitter.address(), place.secret()).await?;
    let servers: Vec<u32> = children.iter().map(Child::id).collect();
    let report = measure_on(args, &mut stage, &servers).await?;
    progress("auditing");
    let audit = audit::examine(place.config())?;
    Ok(report.with_audit(i64::try_from(audit.violations).unwrap_or(i64::MAX)))
}

async fn stage(args: &BenchArgs, address: SocketAddr, secret: &str) -> Result<Stage, Error> {
    let tokens = Tokens::new(secret.as_bytes());
    let mint = |user_id, role| tokens.mint(Principal { user_id, role }, TOKEN_TTL);
    // In a drop everybody asks once.
    let is_drop = args.scenario == Scenario::Drop;
    let users = if is_drop { args.users.max(args.requests) } else { args.users };
    let customers = Customers::new(users, &|id| mint(id, Role::Customer));
    let shop = Shop::visit(address, mint(ADMIN, Role::Admin)).await?;
    let drop = Drop { requests: args.requests, coupons: args.coupons };
    Ok(Stage::new(address, shop, customers, usize::from(args.connections), drop))
}

async fn measure_on(args: &BenchArgs, stage: &mut Stage, servers: &[u32]) -> Result<Report, Error> {
    let given = args.seconds.map(Duration::from_secs_f64);
    let (leg, echo_leg) = match args.scenario {
        Scenario::Drop => (DROP_LEG, DROP_ECHO_LEG),
        Scenario::Order => (ORDER_LEG, ORDER_LEG),
        Scenario::Echo | Scenario::Coupon | Scenario::Refusals | Scenario::Hot | Scenario::Mixed | Scenario::Modes => {
            (LEG, LEG)
        }
    };
    let wanted = Measurement {
        scenario: args.scenario,
        leg: given.unwrap_or(leg),
        echo_leg: given.unwrap_or(echo_leg).min(ECHO_LEG_MAX),
        rounds: usize::from(args.rounds),
        until: given.is_none().then(|| Instant::now() + LEGS_END),
        rate: args.rate,
        servers,
    };
    let measured = rounds::run(stage, wanted, &progress).await?;
    Ok(Report::of(args.scenario.name(), stage.connections, measured))
}

/// Only this machine: load is not sent to others.
fn address_of(url: &str) -> Result<SocketAddr, Error> {
    let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let mut addresses =
        host.to_socket_addrs().map_err(|cause| Error::Usage(format!("--target {url}: {}", io_error::of(&cause))))?;
    let local = addresses.find(|address| address.ip().is_loopback());
    local.ok_or_else(|| Error::Usage(format!("--target {url}: load is only sent to this machine, such as 127.0.0.1")))
}

/// Lines for whoever watches; a closed terminal is no failure.
fn progress(line: &str) {
    let _ = writeln!(io::stderr(), "bench: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_stays_on_this_machine() {
        assert_eq!(address_of("http://127.0.0.1:8080/").unwrap(), "127.0.0.1:8080".parse().unwrap());
        assert!(address_of("http://192.0.2.1:80").is_err());
        assert!(address_of("nonsense").is_err());
    }
}
