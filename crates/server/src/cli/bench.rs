//! The arguments of `doorbuster bench`.

use std::path::PathBuf;

use bench::scenario::Scenario;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::config::Roles;

#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Scenario: what the customers do
    #[arg(value_parser = scenario_parser())]
    pub scenario: Scenario,
    /// Print one JSON object, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
    /// Duration of each leg of the scenario, in seconds; default: all legs fit into a minute
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// How many times scenario and baseline alternate
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub rounds: u16,
    /// Connections; each has at most one open request
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub connections: u16,
    /// Number of customers
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000))]
    pub users: u64,
    /// With `drop`: requests of one run, sent at an even rate
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000))]
    pub requests: u64,
    /// With `drop`: coupons of one run
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub coupons: u64,
    /// With `drop`: the requests are for places in a waiting room
    #[arg(long, conflicts_with_all = ["coupons", "in_process"])]
    pub waiting_room: bool,
    #[command(flatten)]
    pub room: RoomArgs,
    /// Address of a running server on this machine, best started with `serve --bench`; default: a server is started for
    /// the measurement
    #[arg(long, value_name = "URL", requires = "secret")]
    pub target: Option<String>,
    /// Token secret of the target
    #[arg(long, env = "DOORBUSTER_AUTH_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Orders to place before the measurement
    #[arg(long, value_name = "ORDERS", default_value_t = 0, conflicts_with = "target")]
    pub preload: u64,
    /// Measure with this store.synchronous
    #[arg(long, conflicts_with = "target")]
    pub synchronous: Option<SynchronousArg>,
    /// With `modes`: pay every order through the scripted payment provider
    #[arg(long)]
    pub payment: bool,
    /// With `modes`: write a page and a chart to this folder
    #[arg(long, value_name = "FOLDER")]
    pub report: Option<PathBuf>,
    /// Requests per second, sent whether or not earlier ones are answered; default: each connection sends its next
    /// request after an answer
    #[arg(long, value_name = "PER SECOND", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rate: Option<u64>,
    /// After each leg, run another one beside so many viewers of the dashboard, who read its first page once a second
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1_000), conflicts_with = "in_process")]
    pub viewers: u16,
    /// Measure over the services of DATABASE_URL, KAFKA_BROKERS and REDIS_URL, and then with the embedded store: one
    /// process per group of roles, the first one serves the customers
    #[arg(long, value_name = "ROLES+ROLES", num_args = 0..=1, require_equals = true, value_parser = processes,
          default_missing_value = "api+worker,relay", conflicts_with_all = ["target", "in_process", "preload"])]
    pub cluster: Option<Processes>,
    /// Measure with this engine.executor; beside a cluster, the embedded store keeps the configured one
    #[arg(long, conflicts_with = "target")]
    pub executor: Option<ExecutorArg>,
    /// Measure the engine alone, without HTTP
    #[arg(long, conflicts_with = "target")]
    pub in_process: bool,
}

/// The actions of the customers of a waiting room after they joined.
#[derive(Debug, Clone, Args)]
pub struct RoomArgs {
    /// With `drop --waiting-room`: the customers of `--requests` wait their turn and buy, over all processes of `--cluster`
    #[arg(long, requires = "waiting_room", conflicts_with_all = ["target", "preload", "hold"])]
    pub sell: bool,
    /// With `drop --waiting-room`: the customers of `--requests` wait, while the queue stands and moves for this time each;
    /// prints memory and work of the server
    #[arg(long, value_name = "SECONDS", requires = "waiting_room", conflicts_with_all = ["target", "preload", "cluster"],
          value_parser = seconds)]
    pub hold: Option<f64>,
    /// With `--sell`: units of the drop
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    pub stock: i64,
    /// With `--sell`: units that one customer gets
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i64).range(1..=1_000))]
    pub limit: i64,
    /// With `--sell` or `--hold`: customers admitted per second
    #[arg(long, value_name = "PER SECOND", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub admit: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SynchronousArg {
    Full,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExecutorArg {
    Inline,
    Log,
}

impl ExecutorArg {
    /// Returns the setting and its value.
    pub fn variable(self) -> (&'static str, String) {
        let name = match self {
            ExecutorArg::Inline => "inline",
            ExecutorArg::Log => "log",
        };
        ("DOORBUSTER__ENGINE__EXECUTOR", name.to_owned())
    }
}

fn scenario_parser() -> impl TypedValueParser<Value = Scenario> {
    let names = PossibleValuesParser::new(Scenario::ALL.map(Scenario::name));
    names.map(|name| Scenario::named(&name).expect("the parser lets only known names through"))
}

/// The processes of a cluster, by their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processes(pub Vec<Roles>);

fn processes(text: &str) -> Result<Processes, String> {
    let processes: Vec<Roles> = text.split('+').map(str::parse).collect::<Result<_, _>>()?;
    let has = |role: fn(&Roles) -> bool| processes.iter().any(role);
    if !processes.first().is_some_and(|first| first.api) {
        return Err("the first process serves the customers, so it needs the role api".to_owned());
    }
    if !has(|roles| roles.worker) || !has(|roles| roles.relay) {
        return Err("the roles worker and relay are needed, in the same process or in two".to_owned());
    }
    Ok(Processes(processes))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    if (0.1..=600.0).contains(&seconds) { Ok(seconds) } else { Err("must be from 0.1 to 600".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_a_cluster_has_a_process() {
        assert_eq!(processes("api,worker,relay,webhook").unwrap().0, [Roles::ALL]);
        assert_eq!(processes("api+worker,relay+worker").unwrap().0.len(), 3);
        for wrong in ["worker+api,relay", "api+worker", "api+relay", "api+boss"] {
            assert!(processes(wrong).is_err(), "{wrong}");
        }
    }
}
