//! `doorbuster bench drop --waiting-room` with `--sell` or `--hold`.

use std::time::Duration;

use bench::customers::Customers;
use bench::room::{self, CrowdReport, HoldReport, Setting};
use bench::shop::{RoomTerms, STOCK, Shop};

use super::child::Child;
use super::cluster::Cluster;
use super::over_http::{admin_token, tokens};
use super::place::Place;
use super::progress::progress;
use crate::cli::BenchArgs;
use crate::commands::Error;
use crate::security::auth::Role;

/// The customers wait their turn and buy.
pub(super) async fn sell(args: &BenchArgs) -> Result<CrowdReport, Error> {
    if args.room.stock % args.room.limit != 0 {
        let why = "--stock must be a multiple of --limit, because customers order --limit units at once";
        return Err(Error::Failed(why.to_owned()));
    }
    if let Some(processes) = &args.cluster {
        let cluster = Cluster::start(args, &processes.0)?;
        cluster.await_groups().await;
        let serving = cluster.children.iter().zip(&processes.0).filter(|(_, roles)| roles.api);
        let serving: Vec<&Child> = serving.map(|(child, _)| child).collect();
        return crowd(args, &cluster.place, &serving).await;
    }
    let place = Place::make(args)?;
    let child = Child::start(&place)?;
    crowd(args, &place, &[&child]).await
}

async fn crowd(args: &BenchArgs, place: &Place, children: &[&Child]) -> Result<CrowdReport, Error> {
    let setting = setting(args, place, children, args.room.stock);
    let mut shop = visit(&setting, place)?;
    let (mut report, proof) = room::crowd(&setting, &mut shop, &progress).await?;
    report.failures.extend(verify::verify(&proof).err().map(|error| format!("the proof: {error}")));
    report.audit_violations = place.audit()?;
    Ok(report)
}

/// The customers only wait.
pub(super) async fn hold(args: &BenchArgs, seconds: f64) -> Result<HoldReport, Error> {
    let place = Place::make(args)?;
    let child = Child::start(&place)?;
    let setting = setting(args, &place, &[&child], STOCK);
    let mut shop = visit(&setting, &place)?;
    let mut report = room::hold(&setting, &mut shop, Duration::from_secs_f64(seconds), &progress).await?;
    report.audit_violations = place.audit()?;
    Ok(report)
}

fn setting(args: &BenchArgs, place: &Place, children: &[&Child], stock: i64) -> Setting {
    progress("making the customers");
    let mint = tokens(place.secret());
    Setting {
        addresses: children.iter().map(|child| child.address()).collect(),
        servers: children.iter().map(|child| child.id()).collect(),
        customers: Customers::new(args.requests, &|id| mint(id, Role::Customer)),
        connections: usize::from(args.connections),
        terms: RoomTerms { stock, limit: args.room.limit, admit_per_second: args.room.admit },
    }
}

fn visit(setting: &Setting, place: &Place) -> Result<Shop, Error> {
    let first = setting.addresses.first().ok_or_else(|| Error::Failed("there is no process to measure".to_owned()))?;
    Ok(Shop::new(*first, admin_token(place.secret())))
}
