//! Measures the engine over the real store, without HTTP. Run on request:
//! `cargo test --release -p adapters --test it throughput -- --ignored --nocapture`

use std::time::Instant;

use adapters::sqlite::Synchronous;
use app::commands::{Command, PlaceOrder};
use app::state::settings::Executor;
use domain::ids::UserId;
use domain::money::Money;

use crate::shop::{Shop, order};

const USERS: i64 = 20_000;

/// CPU time of this thread, which excludes other work on the machine; 0 where the system does not report it.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0.0) / 1e9
}

/// Runs commands in batches of a size and prints their speed.
pub(crate) fn measure(what: &str, shop: &mut Shop, size: usize, commands: impl Iterator<Item = Command>) {
    let commands: Vec<Command> = commands.collect();
    let (mut answered, mut rows, mut slowest) = (0, 0, 0.0_f64);
    let (start, busy) = (Instant::now(), cpu_seconds());
    let mut commands = commands.into_iter().peekable();
    while commands.peek().is_some() {
        let batch: Vec<Command> = commands.by_ref().take(size).collect();
        let began = Instant::now();
        let (report, answers) = shop.batch(batch);
        slowest = slowest.max(began.elapsed().as_secs_f64());
        assert!(answers.iter().all(|answered| answered.result.is_ok()), "{:?}", answers.first());
        answered += report.answered;
        rows += report.rows;
    }
    let seconds = start.elapsed().as_secs_f64();
    let each = rows as f64 / answered as f64;
    let rate = answered as f64 / seconds;
    let cpu = (cpu_seconds() - busy) * 1e6 / answered as f64;
    eprintln!(
        "{what:30} {size:3} a batch: {rate:7.0}/s, {cpu:5.1} µs of CPU and {each:4.1} rows each, slowest batch {:5.1} ms",
        slowest * 1e3
    );
}

#[test]
#[ignore = "takes long, and means something only with --release"]
fn orders_and_coupons_per_second() {
    for synchronous in [Synchronous::Full, Synchronous::Off] {
        let folder = tempfile::Builder::new().prefix("throughput").tempdir_in("../../target").unwrap();
        let mut shop = Shop::open(folder.path(), Executor::Inline, synchronous);
        eprintln!("synchronous {synchronous:?}");
        let product = shop.register_product(1_000_000_000);
        let campaign = shop.create_campaign(1_000_000);
        let users = || (1..=USERS).map(UserId);
        measure(
            "charge points",
            &mut shop,
            512,
            users().map(|user| Command::ChargePoints { user, amount: Money::won(1_000_000) }),
        );
        measure("issue a coupon", &mut shop, 512, users().map(|user| Command::IssueCoupon { campaign, user }));
        let plain = |user| Command::PlaceOrder(Box::new(order(user, product, 1)));
        let whole = |user| {
            let coupon = Some((campaign, None));
            Command::PlaceOrder(Box::new(PlaceOrder { coupon, points: Money::won(500), ..order(user, product, 1) }))
        };
        measure("order with coupon and points", &mut shop, 512, users().map(whole));
        for _round in 0..3 {
            measure("order, one line", &mut shop, 512, users().map(plain));
        }
        measure("order, one line", &mut shop, 64, users().map(plain));
        measure("order, one line", &mut shop, 1, users().take(2_000).map(plain));
    }
}
