//! `doorbuster demo`: fills a shop of its own, runs a sale with a simulated crowd, checks and audits the result.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bench::load::Watcher;
use serde_json::json;

use super::admin::audit;
use super::bench::temporary_folder::TemporaryFolder;
use super::output::progress::Progress;
use super::serve::{self, OpenShop};
use super::{Error, Left, note, print, settings};
use crate::cli::DemoArgs;
use crate::commands::demo_shop::{self, Catalogue, Outcome, Sale, ShopClient, Size, Sown};
use crate::config::Config;
use crate::runtime::shutdown::Signals;
use crate::system::logging;

/// Interval of progress lines if stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(args: &DemoArgs) -> Result<ExitCode, Error> {
    let mut config = settings(&args.settings)?;
    let temporary = match &args.settings.data_dir {
        Some(_) => None,
        None => Some(TemporaryFolder::make("demo")?),
    };
    if let Some(folder) = &temporary {
        config.server.data_dir = folder.path().to_owned();
    }
    if !args.serve {
        config.server.listen = "127.0.0.1:0".to_owned();
    }
    config.admin.listen.clear();
    config.store.stay_embedded();
    config.kafka.stay_away();
    config.redis.leave_out();
    config.payment.stay_inside();
    // Info lines of the shop would mix with the progress of the sale.
    config.log.level = "warn".to_owned();
    logging::start(&config.log)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let make_admin = |config: &Config, shop: &_| if args.serve { serve::make_admin(config, shop) } else { Ok(()) };
    let open = OpenShop::open(&config, false, |shop| make_admin(&config, shop))?;
    let held = runtime.block_on(async {
        tokio::select! {
            held = hold(args, &open) => held,
            _ = signals.received() => Err(Error::Interrupted(left_in(&config, temporary.as_ref()))),
        }
    });
    let shown = held.and_then(|(sown, outcome)| {
        let audit = audit::examine(&config)?;
        let outcome = outcome.with_audit(audit.violations);
        show(args, &sown, &outcome, &config.server.data_dir, open.address)?;
        Ok(outcome)
    });
    if args.serve && shown.is_ok() {
        runtime.block_on(signals.received())?;
    }
    open.close()?;
    let outcome = shown?;
    if let Some(folder) = temporary.filter(|_| args.keep) {
        folder.keep();
    }
    Ok(if outcome.is_exact() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The temporary folder is deleted when the command ends; another one is the user's own.
fn left_in(config: &Config, temporary: Option<&TemporaryFolder>) -> Left {
    temporary.map_or_else(|| Left::Shop(config.server.data_dir.clone()), |_| Left::Nothing)
}

async fn hold(args: &DemoArgs, open: &OpenShop) -> Result<(Sown, Outcome), Error> {
    let client = ShopClient::of(&open.shop);
    note("filling the shop");
    let sown = demo_shop::sow(&open.shop, &client, Catalogue::of(args.seed)).await?;
    let size = Size {
        customers: args.customers,
        coupons: args.quantity,
        connections: usize::from(args.connections),
        time: Duration::from_secs(args.seconds),
    };
    let sale = Sale::prepare(&open.shop, &client, &sown, size).await?;
    let Size { customers, coupons, connections, .. } = size;
    let goods = sale.goods;
    note(&format!(
        "the sale is open: {coupons} coupons, {goods} pairs, {customers} customers, {connections} connections"
    ));
    let watcher = watcher(&sale);
    let outcome = sale.hold(loopback(open.address), &client, watcher).await?;
    Ok((sown, outcome))
}

/// Shows progress, and the news of the customers who have a name.
fn watcher(sale: &Sale) -> Watcher {
    let board = sale.board();
    let mut progress = Progress::new(sale.requests(), LINE_EVERY);
    Box::new(move |tally, elapsed| {
        let mut board = board.borrow_mut();
        for news in board.take_news() {
            progress.print_line(&format!("{:>6.2} s  {}", news.at.as_secs_f64(), news.text));
        }
        progress.show(tally.answers(), || {
            let (left, ordered, rate) = (board.remaining(), board.ordered(), tally.per_second(elapsed));
            let p99 = tally.latencies.quantile_ms(0.99);
            format!("{left} coupons left, {ordered} orders, {rate:.0}/s, p99 {p99:.1} ms")
        });
    })
}

/// Returns the loopback address for an unspecified one, because the crowd connects from this machine.
fn loopback(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

fn show(args: &DemoArgs, sown: &Sown, outcome: &Outcome, folder: &Path, address: SocketAddr) -> Result<(), Error> {
    let is_kept = args.keep || args.settings.data_dir.is_some();
    if args.json {
        let document = json!({
            "seed": sown.catalogue.seed,
            "seedData": sown.catalogue,
            "sale": outcome,
            "isExact": outcome.is_exact(),
            "dataDir": is_kept.then(|| folder.display().to_string()),
            "url": args.serve.then(|| format!("http://{address}")),
        });
        print(&serde_json::to_string(&document).map_err(io::Error::from)?)?;
    } else {
        print(&format!("\n{}\n{}", outcome.table(), next_steps(args.serve, is_kept, folder, address)))?;
    }
    Ok(())
}

/// Formats the next steps: commands and addresses that can be copied.
fn next_steps(is_served: bool, is_kept: bool, folder: &Path, address: SocketAddr) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "doorbuster".to_owned());
    let folder = folder.display();
    if is_served {
        return format!(
            "The shop is open until you stop it (Ctrl-C). Next steps:\n\
             \x20 curl http://{address}/api/products/popular\n\
             \x20 curl http://{address}/api/coupons\n\
             \x20 curl http://{address}/metrics\n\
             \x20 {program} audit --data-dir {folder}\n\
             \x20 {program} token --role admin --user 1 --data-dir {folder}"
        );
    }
    if is_kept {
        return format!(
            "The shop is in {folder}. Next steps:\n\
             \x20 {program} audit --data-dir {folder}\n\
             \x20 {program} serve --data-dir {folder}"
        );
    }
    format!(
        "Next steps:\n\
         \x20 {program} demo --serve    the same, and the shop stays open\n\
         \x20 {program} demo --keep     the same, and the folder is kept\n\
         \x20 {program} serve --demo    a filled shop of your own in ./data"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crowd_connects_over_the_loopback() {
        let loopback_of = |text: &str| loopback(text.parse().unwrap()).to_string();
        assert_eq!(loopback_of("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(loopback_of("[::]:80"), "[::1]:80");
        assert_eq!(loopback_of("127.0.0.2:80"), "127.0.0.2:80");
    }
}
