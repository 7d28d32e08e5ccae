//! The command line.

use std::path::PathBuf;

use app::state::settings::Executor;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::limits::NUMBER_MAX;
use sim::scenario::{Breakage, Scenario};
use sim::simulation::{EXECUTORS, executor_name};

use crate::config::Roles;
use crate::security::auth::Role;

mod bench;
mod catalogue;
mod demo;
mod dlq;
mod export;
mod groups;
mod health;
mod history;
mod order;
mod payment;
mod reference;
mod replay;
mod shop;
mod upkeep;

pub use bench::{BenchArgs, ExecutorArg, SynchronousArg};
pub use catalogue::{CouponArgs, CouponCommand, NewCampaignArgs, PastCommand, ProductArgs, ProductCommand, UserArgs};
pub use demo::{DemoArgs, RehearseArgs};
pub use dlq::{DlqArgs, DlqCommand};
pub use export::{ArchiveAction, ArchiveArgs, ExportArgs, ExportFormat, ExportKind};
pub use groups::{GroupsArgs, GroupsCommand, ResetArgs, ResetTarget};
pub use health::HealthArgs;
pub use history::MomentArgs;
pub use order::{OrderArgs, OrderCommand, RefundCommand};
pub use payment::{PaymentArgs, PaymentCommand};
pub use reference::{CompletionsArgs, ManualArgs, SizeArgs, StackArg};
pub use replay::{ReplayArgs, ReplaySelection};
pub use shop::{ListArgs, ListenArgs, ShopArgs, TrailArgs, TriggerArgs};
pub use upkeep::{BackupArgs, DoctorArgs, MoveArgs, RestoreArgs, VerifyArgs};

/// An event-driven commerce core for the minutes when everyone shows up at once.
#[derive(Debug, Parser)]
#[command(name = "doorbuster", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `serve`, which is the default command.
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the shop, with all roles in one process
    Serve(ServeArgs),
    /// Fill a shop, run a sale with a simulated crowd, check and audit the result
    Demo(DemoArgs),
    /// Audit the store: beside a running server, or on a stopped store
    Audit(AuditArgs),
    /// Move old events from the store to files, or check such files
    Archive(ArchiveArgs),
    /// Copy the data folder into one file, also while a process serves it
    Backup(BackupArgs),
    /// Put a backup into an empty folder
    Restore(RestoreArgs),
    /// Move a stopped shop from its data folder to an empty MySQL database, or back
    Move(MoveArgs),
    /// Examine clock, disk, limits, secret and services, and say what to do: exit code 1 if it found something
    Doctor(DoctorArgs),
    /// Manage dead letters: events that a consumer group could not handle
    Dlq(DlqArgs),
    /// List, show, cancel and refund orders; manage stuck ones; show the past of an order, and why
    Order(OrderArgs),
    /// List, show, add, pause and change coupon campaigns; show one as it was at a moment
    Coupon(CouponArgs),
    /// List, show, add and change products and their stock; show one as it was at a moment
    Product(ProductArgs),
    /// Show a customer's points and coupons as they were at a moment
    User(UserArgs),
    /// Write events, orders or coupons to stdout, as NDJSON or CSV
    Export(ExportArgs),
    /// List and show payments; manage those with a stuck refund or void
    Payment(PaymentArgs),
    /// List what people and programs changed in the shop's administration: who, when, what and why
    Trail(TrailArgs),
    /// Manage consumer groups: list offsets and lag, move offsets
    Groups(GroupsArgs),
    /// Publish events of the store again; first shows which of them the broker has lost
    Replay(ReplayArgs),
    /// Measure throughput and latency beside a baseline, and check the results
    Bench(BenchArgs),
    /// Simulate days of the shop with injected faults, and check that the books add up
    Sim(SimArgs),
    /// Rehearse a drop of your own in simulated time: when it sells out, how long customers wait, which rate to choose
    Rehearse(RehearseArgs),
    /// Forward the events of a running shop to a receiver under development, signed like webhooks
    Listen(ListenArgs),
    /// Make an event happen in a demo shop
    Trigger(TriggerArgs),
    /// List Kafka's topics, compare them with the brokers', create missing ones
    Topics(TopicsArgs),
    /// Calculate processors, memory and disk for a load, from what was measured
    Size(SizeArgs),
    /// Print a signed token
    Token(TokenArgs),
    /// Print the settings in force, without secrets
    Config(ConfigArgs),
    /// Check the proof of a drop, and a receipt
    Verify(VerifyArgs),
    /// Ask a running server whether it is ready: exit code 0 or 1, for health checks
    Health(HealthArgs),
    /// Print a shell's completion script
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Manual(ManualArgs),
}

#[derive(Debug, Default, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Roles of this process: api, worker, relay and webhook, separated by commas
    #[arg(long, value_name = "ROLES")]
    pub roles: Option<Roles>,
    /// Fill the shop with demo products, campaigns and customers unless they exist; with another seed: --demo=7
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = demo::SEED)]
    pub demo: Option<u64>,
    /// Let a small crowd keep buying in the shop that --demo fills
    #[arg(long, requires = "demo")]
    pub demo_crowd: bool,
    /// Open a store that has lost commits or was changed while it was closed, and record it. Copy the data folder first
    #[arg(long)]
    pub accept_loss: bool,
    /// Also serve the baselines of `doorbuster bench`
    #[arg(long, hide = true)]
    pub bench: bool,
    /// End when standard input ends: with the process that started this one, however it ended
    #[arg(long, hide = true)]
    pub while_stdin_is_open: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The options that locate the settings.
#[derive(Debug, Default, Clone, Args)]
pub struct SettingsArgs {
    /// Folder of the store, its lock and its secret
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Settings file; its values replace the defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Repair what can be computed again
    #[arg(long)]
    pub repair: bool,
    /// Read only what changed since the last incremental audit that found nothing; the first one reads everything
    #[arg(long, conflicts_with = "repair")]
    pub incremental: bool,
    /// Accept a store that has lost commits or was changed while it was closed, and record it. Copy the data folder first
    #[arg(long)]
    pub accept_loss: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SimArgs {
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How many seeds to play, one after the other
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: u64,
    /// Faults: calm, crashes, deliveries, silence, zombies, clocks, rush, failures, payments, outages, forgeries,
    /// everything;
    /// default: all of them, one after the other
    #[arg(long, value_name = "NAME", value_parser = scenario)]
    pub scenario: Option<Scenario>,
    /// How reactions run: inline, log; default: both
    #[arg(long, value_name = "NAME", value_parser = executor)]
    pub executor: Option<Executor>,
    /// Break a rule on purpose: tombstones-dropped, offsets-not-compared, counts-not-compared, admissions-counted,
    /// keys-forgotten, records-believed
    #[arg(long = "break", value_name = "NAME", value_parser = breakage)]
    pub breakage: Option<Breakage>,
    /// Simulate single orders instead of days: every mode, every failing step, a crash before and after each commit
    #[arg(long, conflicts_with_all = ["seed", "seeds", "scenario", "trace"])]
    pub matrix: bool,
    /// Print every step on a line of its own
    #[arg(long, conflicts_with = "json")]
    pub trace: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn scenario(name: &str) -> Result<Scenario, String> {
    Scenario::from_name(name).ok_or_else(|| "unknown scenario; `doorbuster sim --help` lists them".to_owned())
}

fn executor(name: &str) -> Result<Executor, String> {
    let known = EXECUTORS.into_iter().find(|executor| executor_name(*executor) == name);
    known.ok_or_else(|| "unknown executor; allowed are inline and log".to_owned())
}

fn breakage(name: &str) -> Result<Breakage, String> {
    Breakage::from_name(name).ok_or_else(|| "unknown breakage; `doorbuster sim --help` lists them".to_owned())
}

#[derive(Debug, Clone, Args)]
pub struct TopicsArgs {
    /// Action
    #[arg(value_enum, default_value_t = TopicsAction::List)]
    pub action: TopicsAction,
    /// With list: print the topics as an AsyncAPI 3 document
    #[arg(long, conflicts_with = "json")]
    pub asyncapi: bool,
    /// With apply: repartition topics whose partition count differs, while the shop runs. Relays pause until every
    /// published event is handled; orders are accepted meanwhile. The command may be interrupted and repeated at any
    /// time
    #[arg(long)]
    pub switch: bool,
    /// With --switch: longest pause of the relays, in seconds; after it they continue as before and nothing is
    /// repartitioned. Orders that are being claimed wait meanwhile, and are cancelled after orders.step_deadline_s
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub within: u64,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopicsAction {
    /// Show the topics as configured, without asking a broker
    List,
    /// Show what `apply` would do
    Plan,
    /// Create missing topics; changes existing ones only with --switch
    Apply,
}

#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Role that the token grants
    #[arg(long, value_enum, default_value_t = RoleArg::Customer)]
    pub role: RoleArg,
    /// Id of the token's user
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..=NUMBER_MAX))]
    pub user: i64,
    /// Validity in seconds; default: auth.token_ttl_s
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_155_760_000))]
    pub ttl: Option<u64>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Parses an option that is a timestamp.
fn moment(text: &str) -> Result<String, app::events::wire_time::NoMoment> {
    app::events::wire_time::parse(text).map(|_| text.to_owned())
}

#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Print the commented defaults instead
    #[arg(long)]
    pub default: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long, conflicts_with = "default")]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleArg {
    Customer,
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Role {
        match role {
            RoleArg::Customer => Role::Customer,
            RoleArg::Admin => Role::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_needs_no_argument() {
        assert!(Cli::try_parse_from(["doorbuster"]).unwrap().command.is_none());
        let cli = Cli::try_parse_from(["doorbuster", "--listen", "[::]:1"]).unwrap();
        assert_eq!(cli.serve.listen.as_deref(), Some("[::]:1"));
        let cli = Cli::try_parse_from(["doorbuster", "serve", "--data-dir", "/tmp/x"]).unwrap();
        let Some(Command::Serve(args)) = cli.command else { panic!("serve is expected") };
        assert_eq!(args.settings.data_dir, Some(PathBuf::from("/tmp/x")));
    }

    #[test]
    fn a_shop_to_try_may_have_a_seed() {
        let seed = |args: &[&str]| Cli::try_parse_from(args).unwrap().serve.demo;
        assert_eq!(seed(&["doorbuster"]), None);
        assert_eq!(seed(&["doorbuster", "--demo"]), Some(1));
        assert_eq!(seed(&["doorbuster", "--demo=7"]), Some(7));
    }

    #[test]
    fn the_help_stays_as_it_is() {
        insta::assert_snapshot!(Cli::command().render_long_help());
    }

    #[test]
    fn users_have_positive_ids() {
        assert!(Cli::try_parse_from(["doorbuster", "token", "--user", "0"]).is_err());
        assert!(Cli::try_parse_from(["doorbuster", "token", "--user", "7"]).is_ok());
    }

    #[test]
    fn an_invalid_value_is_refused_with_its_options_name() {
        for (arguments, option) in [
            (&["token", "--user", "7", "--ttl", "0"][..], "--ttl"),
            (&["replay", "--since", "yesterday"], "--since"),
            (&["replay", "--since", "2026-11-21T09:00:00+24:00"], "--since"),
            (&["groups", "reset", "notice-group", "--to-time", "yesterday"], "--to-time"),
            (&["groups", "reset", "notice-group", "--to-offset", "-1"], "-1"),
        ] {
            let error = Cli::try_parse_from(["doorbuster"].iter().chain(arguments)).unwrap_err().to_string();
            assert!(error.contains(option), "{error}");
        }
    }
}
