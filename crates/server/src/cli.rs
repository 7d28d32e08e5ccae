//! The command line.

use std::path::PathBuf;

use app::state::settings::Executor;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sim::scenario::{Breakage, Scenario};
use sim::simulation::{EXECUTORS, executor_name};

use crate::config::Roles;
use crate::security::auth::Role;

mod bench;
mod demo;
mod dlq;
mod groups;
mod order;
mod payment;
mod replay;

pub use bench::{BenchArgs, SynchronousArg};
pub use demo::DemoArgs;
pub use dlq::{DlqArgs, DlqCommand, ShopArgs};
pub use groups::{GroupsArgs, GroupsCommand, ResetArgs, ResetTarget};
pub use order::{OrderArgs, OrderCommand, RefundCommand};
pub use payment::{PaymentArgs, PaymentCommand};
pub use replay::{ReplayArgs, ReplaySelection};

/// An event-driven commerce core for the minutes when everyone shows up at once.
#[derive(Debug, Parser)]
#[command(name = "doorbuster", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Without a command, the shop is served.
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the shop, everything in one process
    Serve(ServeArgs),
    /// Fill a shop, hold a sale in it with a crowd, count and audit what came of it
    Demo(DemoArgs),
    /// Prove that everything adds up, beside a running server or on a stopped store
    Audit(AuditArgs),
    /// Look after dead letters: events that a consumer group has given up
    Dlq(DlqArgs),
    /// Look after orders whose compensation got stuck
    Order(OrderArgs),
    /// Look after payments of which a refund or a void got stuck
    Payment(PaymentArgs),
    /// Look after consumer groups: where they stand, how much waits, moving them
    Groups(GroupsArgs),
    /// Publish again what the store has, and say first what the broker has lost of it
    Replay(ReplayArgs),
    /// Measure under load, beside a yardstick, and check that everything was right
    Bench(BenchArgs),
    /// Play days of the shop in simulated time, with everything that can go wrong, and check that they add up
    Sim(SimArgs),
    /// List the topics of Kafka, compare them with the brokers', make what is missing
    Topics(TopicsArgs),
    /// Print a signed token
    Token(TokenArgs),
    /// Print the settings in force, secrets left out
    Config(ConfigArgs),
}

#[derive(Debug, Default, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// What this process does: any of api, worker, relay, with commas between
    #[arg(long, value_name = "ROLES")]
    pub roles: Option<Roles>,
    /// Fill the shop with products, campaigns and customers to try, unless they are there; from another seed: --demo=7
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = demo::SEED)]
    pub demo: Option<u64>,
    /// Open a store that has lost commits all the same, and write the loss down. Copy the data folder away first
    #[arg(long)]
    pub accept_loss: bool,
    /// Answer the yardstick of `doorbuster bench` as well
    #[arg(long, hide = true)]
    pub bench: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Where settings come from.
#[derive(Debug, Default, Clone, Args)]
pub struct SettingsArgs {
    /// Folder of the store, its lock and its secret
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// File with settings other than the defaults
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
    /// Put right what does not add up
    #[arg(long)]
    pub repair: bool,
    /// Go on with a store that has lost commits, and write the loss down. Copy the data folder away first
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
    /// What goes wrong: calm, crashes, deliveries, silence, zombies, clocks, rush, failures, payments, outages, everything; all of them unless given
    #[arg(long, value_name = "NAME", value_parser = scenario)]
    pub scenario: Option<Scenario>,
    /// How reactions run: inline, log; both unless given
    #[arg(long, value_name = "NAME", value_parser = executor)]
    pub executor: Option<Executor>,
    /// Make a mistake on purpose: tombstones-dropped, offsets-not-compared, counts-not-compared, admissions-counted, keys-forgotten
    #[arg(long = "break", value_name = "NAME", value_parser = breakage)]
    pub breakage: Option<Breakage>,
    /// Play no days but one order at a time: every mode, every step that fails, a crash before and after each commit
    #[arg(long, conflicts_with_all = ["seed", "seeds", "scenario", "trace"])]
    pub matrix: bool,
    /// Print what happened, a line for each thing
    #[arg(long, conflicts_with = "json")]
    pub trace: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn scenario(name: &str) -> Result<Scenario, String> {
    Scenario::from_name(name).ok_or_else(|| "there is no such scenario".to_owned())
}

fn executor(name: &str) -> Result<Executor, String> {
    let known = EXECUTORS.into_iter().find(|executor| executor_name(*executor) == name);
    known.ok_or_else(|| "there is no such executor".to_owned())
}

fn breakage(name: &str) -> Result<Breakage, String> {
    Breakage::from_name(name).ok_or_else(|| "there is no such mistake".to_owned())
}

#[derive(Debug, Clone, Args)]
pub struct TopicsArgs {
    /// What to do
    #[arg(value_enum, default_value_t = TopicsAction::List)]
    pub action: TopicsAction,
    /// With list: print them as an AsyncAPI 3 document
    #[arg(long, conflicts_with = "json")]
    pub asyncapi: bool,
    /// With apply: spread the keys of topics over another number of partitions where it differs, while the shop runs. Relays stand
    /// still until everything published is taken in; orders are taken meanwhile. May be stopped, and given again, at any moment
    #[arg(long)]
    pub switch: bool,
    /// With --switch: relays stand still for no longer; then they go on as before, and nothing is switched. Orders that are being
    /// claimed wait meanwhile, and are given up after orders.step_deadline_s
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
    /// The topics as they should be; no broker is asked
    List,
    /// What `apply` would do
    Plan,
    /// Make the topics that are missing; change none that is there, but with --switch
    Apply,
}

#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// What the token allows
    #[arg(long, value_enum, default_value_t = RoleArg::Customer)]
    pub role: RoleArg,
    /// Id of the user it speaks for
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    pub user: i64,
    /// How long it is valid; auth.token_ttl_s unless given
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_155_760_000))]
    pub ttl: Option<u64>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A moment as an option gives it, refused where it is none.
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
    fn what_an_option_cannot_take_is_refused_by_its_name() {
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
