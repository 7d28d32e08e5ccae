//! Measures the same scenario over the services that the environment names, and with the embedded store.
//!
//! The cluster is this binary in several processes, with its own database and topic prefix, which are deleted after the
//! measurement.

use std::time::Duration;

use bench::report::Comparison;

use super::child::Child;
use super::over_http::{measure_alone, measure_at};
use super::place::Place;
use super::progress::progress;
use crate::cli::{BenchArgs, ExecutorArg};
use crate::commands::Error;
use crate::config::{Executor, Roles};
use crate::wiring::upkeep::scratch;

pub(super) const SERVICES: [&str; 3] = ["DATABASE_URL", "KAFKA_BROKERS", "REDIS_URL"];
/// Time for the members of consumer groups to join before the measurement.
const GROUPS_JOIN: Duration = Duration::from_secs(5);

pub(super) async fn compare(args: &BenchArgs, processes: &[Roles]) -> Result<Comparison, Error> {
    let cluster = {
        let cluster = Cluster::start(args, processes)?;
        cluster.await_groups().await;
        measure_at(args, &cluster.place, &cluster.children).await?
    };
    progress("embedded");
    let without = SERVICES.map(|service| (service, String::new())).to_vec();
    let embedded = measure_alone(args, &Place::with(args, "bench", without)?).await?;
    Ok(Comparison::of(cluster, embedded))
}

pub(super) struct Cluster {
    pub(super) children: Vec<Child>,
    pub(super) place: Place,
}

impl Cluster {
    pub(super) fn start(args: &BenchArgs, processes: &[Roles]) -> Result<Cluster, Error> {
        let given = SERVICES.map(|service| std::env::var(service).unwrap_or_default());
        if let Some((missing, _)) = SERVICES.iter().zip(&given).find(|(_, address)| address.is_empty()) {
            return Err(Error::Usage(format!(
                "a cluster needs {missing}; `cargo xtask services up` starts all services"
            )));
        }
        let [database, _, _] = given;
        let name = format!("doorbuster_bench_{}", std::process::id());
        let mut environment =
            vec![("DATABASE_URL", with_database(&database, &name)), ("DOORBUSTER__KAFKA__PREFIX", format!("{name}."))];
        environment.extend(args.executor.map(ExecutorArg::variable));
        let place = Place::with(args, "bench-cluster", environment)?;
        scratch::make_database(place.config())?;
        // From here on, dropping it cleans up.
        let mut cluster = Cluster { children: vec![], place };
        for (number, roles) in processes.iter().enumerate() {
            let folder = cluster.place.folder().join(format!("process-{number}"));
            cluster.children.push(Child::start_as(&cluster.place, *roles, &folder)?);
        }
        Ok(cluster)
    }

    /// Waits until orders are handled at full speed.
    pub(super) async fn await_groups(&self) {
        if self.place.config().engine.executor == Executor::Log {
            progress("cluster: waiting for the consumer groups");
            tokio::time::sleep(GROUPS_JOIN).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.children.clear();
        if let Err(error) = scratch::forget(self.place.config()) {
            progress(&format!("database or topics of the measurement could not be deleted: {error}"));
        }
    }
}

/// Returns the same server's address with another database name.
fn with_database(address: &str, name: &str) -> String {
    let (address, options) =
        address.split_once('?').map_or((address, String::new()), |(address, options)| (address, format!("?{options}")));
    let (scheme, rest) = address.split_once("://").unwrap_or(("mysql", address));
    let server = rest.rsplit_once('/').map_or(rest, |(server, _)| server);
    format!("{scheme}://{server}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_the_database_is_replaced() {
        for address in ["mysql://a:b@host:3306", "mysql://a:b@host:3306/", "mysql://a:b@host:3306/shop"] {
            assert_eq!(with_database(address, "bench"), "mysql://a:b@host:3306/bench");
        }
        assert_eq!(with_database("mysql://host/shop?a=b", "bench"), "mysql://host/bench?a=b");
    }
}
