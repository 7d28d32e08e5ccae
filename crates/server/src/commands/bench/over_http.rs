//! Measures servers over HTTP.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use bench::customers::Customers;
use bench::report::Report;
use bench::rounds::{self, Measurement};
use bench::scenario::{Drop, Scenario, Stage};
use bench::shop::Shop;

use super::child::Child;
use super::in_process::{self, LEG};
use super::place::Place;
use super::progress::progress;
use crate::cli::BenchArgs;
use crate::commands::Error;
use crate::security::auth::{Principal, Role, Tokens};
use crate::system::{io_error, shown_url};

/// Without `--seconds`, legs end after this time, so that the rest of the work fits into a minute.
const LEGS_END: Duration = Duration::from_secs(50);
/// Shorter, because coupons and points are handed out before each leg.
const ORDER_LEG: Duration = Duration::from_secs(4);
const DROP_LEG: Duration = Duration::from_secs(13);
/// The longest leg of the baseline, which needs less time than a long scenario.
const ECHO_LEG_MAX: Duration = Duration::from_secs(5);
const DROP_ECHO_LEG: Duration = Duration::from_secs(2);
/// Longer than a measurement, which may take hours.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
const ADMIN: i64 = 1;

/// Measures a single process with all roles.
pub(super) async fn measure_alone(args: &BenchArgs, place: &Place) -> Result<Report, Error> {
    in_process::preload(args, place).await?;
    let child = Child::start(place)?;
    measure_at(args, place, &[child]).await
}

/// Measures several processes. Customers use the first one; the audit covers all.
pub(super) async fn measure_at(args: &BenchArgs, place: &Place, children: &[Child]) -> Result<Report, Error> {
    let server = children.first().ok_or_else(|| Error::Failed("there is no process to measure".to_owned()))?;
    let mut stage = stage(args, server.address(), place.secret()).await?;
    stage.bare = server.bare();
    let servers: Vec<u32> = children.iter().map(Child::id).collect();
    let report = measure_on(args, &mut stage, &servers).await?;
    Ok(report.with_audit(place.audit()?))
}

/// Prepares customers and tokens for a server.
pub(super) async fn stage(args: &BenchArgs, address: SocketAddr, secret: &str) -> Result<Stage, Error> {
    stage_of(args, address, secret, Share { number: 0, servers: 1 }).await
}

/// Returns a function that signs tokens with the server's secret.
pub(super) fn tokens(secret: &str) -> impl Fn(i64, Role) -> String {
    let tokens = Tokens::new(secret.as_bytes());
    move |user_id, role| tokens.mint(Principal { user_id, role }, TOKEN_TTL)
}

pub(super) fn admin_token(secret: &str) -> String {
    tokens(secret)(ADMIN, Role::Admin)
}

/// A server's share of the customers and of the connections.
pub(super) struct Share {
    pub(super) number: usize,
    pub(super) servers: usize,
}

/// Prepares one of several servers.
pub(super) async fn stage_of(
    args: &BenchArgs,
    address: SocketAddr,
    secret: &str,
    Share { number, servers }: Share,
) -> Result<Stage, Error> {
    let mint = tokens(secret);
    // In a drop, every customer sends one request.
    let is_drop = args.scenario == Scenario::Drop;
    let all = if is_drop { args.users.max(args.requests) } else { args.users };
    let users = all / servers as u64;
    let first = i64::try_from(users * number as u64).unwrap_or_default();
    let customers = Customers::new(users, &|id| mint(id + first, Role::Customer));
    let shop = Shop::new(address, admin_token(secret));
    let drop = Drop { requests: args.requests, coupons: args.coupons, has_room: args.waiting_room };
    Ok(Stage::new(address, shop, customers, (usize::from(args.connections) / servers).max(1), drop))
}

/// Runs the scenario and its baseline against a prepared server.
pub(super) async fn measure_on(args: &BenchArgs, stage: &mut Stage, servers: &[u32]) -> Result<Report, Error> {
    let given = args.seconds.map(Duration::from_secs_f64);
    let (leg, echo_leg) = match args.scenario {
        Scenario::Drop => (DROP_LEG, DROP_ECHO_LEG),
        Scenario::Order => (ORDER_LEG, ORDER_LEG),
        Scenario::Echo
        | Scenario::Coupon
        | Scenario::Refusals
        | Scenario::Hot
        | Scenario::Mixed
        | Scenario::Modes
        | Scenario::Scale => (LEG, LEG),
    };
    let wanted = Measurement {
        scenario: args.scenario,
        leg: given.unwrap_or(leg),
        echo_leg: given.unwrap_or(echo_leg).min(ECHO_LEG_MAX),
        rounds: usize::from(args.rounds),
        until: given.is_none().then(|| Instant::now() + LEGS_END),
        rate: args.rate,
        viewers: args.viewers,
        servers,
    };
    let measured = rounds::run(stage, wanted, &progress).await?;
    Ok(Report::of(args.scenario.name(), stage.connections, measured))
}

/// Returns the address of `--target`, which must be on this machine: load is not sent to other hosts.
pub(super) fn address_of(url: &str) -> Result<SocketAddr, Error> {
    let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let mut addresses = host
        .to_socket_addrs()
        .map_err(|cause| Error::Usage(format!("--target {}: {}", shown_url::of(url), io_error::of(&cause))))?;
    let local = addresses.find(|address| address.ip().is_loopback());
    local.ok_or_else(|| Error::Usage(format!("--target {}: must be an address of this machine, such as 127.0.0.1, because load is not sent to other hosts", shown_url::of(url))))
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
