//! `doorbuster bench scale`: orders over clusters of more and more processes of this binary.

use std::time::Duration;

use bench::scale::{self, Part, SHAPES, ScaleReport, Shape, Step};
use bench::usage::listening_at;

use super::cluster::{Cluster, SERVICES};
use super::over_http::{Share, stage_of};
use super::progress::progress;
use crate::cli::BenchArgs;
use crate::commands::Error;
use crate::config::{Executor, Roles};

const LEG: Duration = Duration::from_secs(6);
/// The components of the services, in their order.
const COMPONENTS: [&str; 3] = ["database", "kafka", "redis"];
const NO_ROLE: Roles = Roles { api: false, worker: false, relay: false, webhook: false };

pub(super) async fn compare(args: &BenchArgs) -> Result<ScaleReport, Error> {
    if args.in_process || args.target.is_some() {
        let why = "scale starts processes of its own over the services: omit --in-process and --target";
        return Err(Error::Usage(why.to_owned()));
    }
    let mut executor = Executor::Inline;
    let mut steps = vec![];
    for shape in SHAPES {
        progress(&format!("{} api, {} worker: starting", shape.apis, shape.workers));
        let cluster = Cluster::start(args, &processes(shape))?;
        executor = cluster.place.config().engine.executor;
        cluster.await_groups().await;
        let step = measure(args, shape, &cluster).await?;
        progress(&format!("{} api, {} worker: {:.0} per second", shape.apis, shape.workers, step.per_second));
        steps.push(step);
    }
    let executor = match executor {
        Executor::Inline => "inline",
        Executor::Log => "log",
    };
    Ok(ScaleReport { scenario: "scale", executor, connections: usize::from(args.connections), steps })
}

/// The processes that customers use, then the workers, then the relay.
fn processes(Shape { apis, workers }: Shape) -> Vec<Roles> {
    let mut roles = vec![Roles { api: true, ..NO_ROLE }; apis];
    roles.extend(vec![Roles { worker: true, ..NO_ROLE }; workers]);
    roles.push(Roles { relay: true, ..NO_ROLE });
    roles
}

async fn measure(args: &BenchArgs, shape: Shape, cluster: &Cluster) -> Result<Step, Error> {
    let mut stages = vec![];
    for (number, child) in cluster.children[..shape.apis].iter().enumerate() {
        let share = Share { number, servers: shape.apis };
        stages.push(stage_of(args, child.address(), cluster.place.secret(), share).await?);
    }
    let time = args.seconds.map_or(LEG, Duration::from_secs_f64);
    let mut step = scale::run(&mut stages, shape, &parts(shape, cluster), time).await?;
    step.audit_violations = cluster.place.audit()?;
    Ok(step)
}

/// The processes of the cluster, and those of the services that run on this machine.
fn parts(Shape { apis, workers }: Shape, cluster: &Cluster) -> Vec<Part> {
    let own = cluster.children.iter().enumerate().map(|(place, child)| {
        let component = match place {
            place if place < apis => "api",
            place if place < apis + workers => "worker",
            _ => "relay",
        };
        Part { component, process: child.id() }
    });
    let services = SERVICES.into_iter().zip(COMPONENTS).filter_map(|(variable, component)| {
        let port = port_of(&std::env::var(variable).unwrap_or_default())?;
        Some(Part { component, process: listening_at(port)? })
    });
    own.chain(services).collect()
}

/// Returns the port of an address such as `mysql://user@host:3306/shop` or `host:9092,host:9093`.
fn port_of(address: &str) -> Option<u16> {
    let address = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
    let (_, port) = address.trim_start_matches("redis://").split(['/', ',', '?']).next()?.rsplit_once(':')?;
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_service_is_found() {
        for (address, port) in [
            ("mysql://a:b@127.0.0.1:3306/shop?x=1:2", Some(3306)),
            ("127.0.0.1:9092,127.0.0.1:9093", Some(9092)),
            ("redis://127.0.0.1:6379/", Some(6379)),
            ("mysql://a:b@host/shop", None),
        ] {
            assert_eq!(port_of(address), port, "{address}");
        }
    }

    #[test]
    fn every_shape_has_all_roles() {
        for shape in SHAPES {
            let roles = processes(shape);
            assert_eq!(roles.iter().filter(|roles| roles.api).count(), shape.apis);
            assert_eq!(roles.iter().filter(|roles| roles.worker).count(), shape.workers);
            assert_eq!(roles.iter().filter(|roles| roles.relay).count(), 1);
        }
    }
}
