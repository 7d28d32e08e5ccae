//! `doorbuster size`: processors, memory and disk for a load, from what was measured (`docs/sizing.md`).

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{SizeArgs, StackArg};
use crate::commands::{Error, print};

/// What orders, coupons and connections cost on a stack. `docs/sizing.md` names the source of each figure.
struct Figures {
    name: &'static str,
    parts: &'static [Part],
    /// Bytes that stay in the store.
    order_bytes: f64,
    coupon_bytes: f64,
    /// The highest rates that one shop was measured to make, or has by the model of `docs/cluster.md`.
    orders_most: f64,
    coupons_most: f64,
    /// Memory of the processes, and of one connection, in bytes.
    memory_bytes: f64,
    connection_bytes: f64,
}

/// A program, and its processor time per order and coupon in microseconds.
struct Part {
    name: &'static str,
    order_us: f64,
    coupon_us: f64,
}

const EMBEDDED: Figures = Figures {
    name: "embedded",
    parts: &[Part { name: "shop", order_us: 85.0, coupon_us: 54.0 }],
    order_bytes: 1_400.0,
    coupon_bytes: 500.0,
    orders_most: 18_100.0,
    coupons_most: 24_200.0,
    memory_bytes: 100_000_000.0,
    connection_bytes: 10_500.0,
};

const CLUSTER: Figures = Figures {
    name: "cluster",
    parts: &[
        Part { name: "shop", order_us: 133.0, coupon_us: 70.0 },
        Part { name: "database", order_us: 150.0, coupon_us: 59.0 },
        Part { name: "broker", order_us: 280.0, coupon_us: 47.0 },
    ],
    order_bytes: 3_100.0,
    coupon_bytes: 3_100.0,
    orders_most: 7_000.0,
    coupons_most: 20_400.0,
    memory_bytes: 100_000_000.0,
    connection_bytes: 10_500.0,
};

/// A machine that is planned to be half busy has room for peaks and for a slower neighbour.
const BUSY_SHARE: f64 = 0.5;
/// Free space for the log, for a backup that is being written, and for growth until an operator looks.
const DISK_RESERVE: f64 = 1.5;
const SECONDS_PER_DAY: f64 = 86_400.0;
const GIB: f64 = 1_073_741_824.0;

/// The answer.
#[derive(Debug, PartialEq)]
struct Size {
    /// Cores of each part.
    cores: Vec<(&'static str, f64)>,
    memory_gib: f64,
    disk_gib: f64,
    orders: f64,
    coupons: f64,
    is_beyond: bool,
}

fn size(figures: &Figures, args: &SizeArgs) -> Size {
    let (orders_per_second, coupons_per_second) = (args.orders_per_second, args.coupons_per_second);
    let cores = figures.parts.iter().map(|part| {
        let micros = orders_per_second * part.order_us + coupons_per_second * part.coupon_us;
        (part.name, micros / 1_000_000.0 / BUSY_SHARE)
    });
    let busy_seconds = SECONDS_PER_DAY * args.busy_percent / 100.0 * args.days;
    let (orders, coupons) = (orders_per_second * busy_seconds, coupons_per_second * busy_seconds);
    let bytes = orders * figures.order_bytes + coupons * figures.coupon_bytes;
    let used = orders_per_second / figures.orders_most + coupons_per_second / figures.coupons_most;
    Size {
        cores: cores.collect(),
        memory_gib: (figures.memory_bytes + args.connections * figures.connection_bytes) / BUSY_SHARE / GIB,
        disk_gib: bytes * DISK_RESERVE / GIB,
        orders,
        coupons,
        is_beyond: used > 1.0,
    }
}

pub(in crate::commands) fn run(args: &SizeArgs) -> Result<ExitCode, Error> {
    let figures = match args.stack {
        StackArg::Embedded => EMBEDDED,
        StackArg::Cluster => CLUSTER,
    };
    let size = size(&figures, args);
    print(&if args.json { document(&size, &figures).to_string() } else { shown(&size, &figures) })?;
    Ok(if size.is_beyond { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn document(size: &Size, figures: &Figures) -> Value {
    let round = |figure: f64| (figure * 100.0).round() / 100.0;
    let cores: serde_json::Map<_, _> =
        size.cores.iter().map(|(part, cores)| ((*part).to_owned(), round(*cores).into())).collect();
    json!({
        "stack": figures.name, "cores": cores, "memoryGib": round(size.memory_gib), "diskGib": round(size.disk_gib),
        "orders": size.orders.round(), "coupons": size.coupons.round(),
        "ordersPerSecondMost": figures.orders_most, "couponsPerSecondMost": figures.coupons_most,
        "isBeyond": size.is_beyond,
    })
}

fn shown(size: &Size, figures: &Figures) -> String {
    let Size { cores, memory_gib, disk_gib, orders, coupons, is_beyond } = size;
    let mut text = format!("stack     {}\n", figures.name);
    for (part, cores) in cores {
        text += &format!("cores     {cores:.1} for the {part}, half busy\n");
    }
    text += &format!("memory    {memory_gib:.2} GiB for the shop, half used\n");
    text +=
        &format!("disk      {disk_gib:.1} GiB for {orders:.0} orders and {coupons:.0} coupons, a third of it free\n");
    if *is_beyond {
        let Figures { orders_most, coupons_most, .. } = figures;
        text += &format!(
            "beyond    one shop makes {orders_most:.0} orders or {coupons_most:.0} coupons per second at most\n"
        );
    }
    text + "Measured on one machine of 2 cores: docs/sizing.md names each source. Measure yours: docs/tutorials/load-test.md"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(orders_per_second: f64) -> SizeArgs {
        SizeArgs {
            orders_per_second,
            coupons_per_second: 0.0,
            days: 1.0,
            busy_percent: 100.0,
            connections: 0.0,
            stack: StackArg::Embedded,
            json: false,
        }
    }

    #[test]
    fn a_load_needs_its_measured_share() {
        let found = size(&EMBEDDED, &args(10_000.0));
        assert!((found.cores[0].1 - 1.7).abs() < 0.01, "{found:?}");
        assert!((found.orders - 864_000_000.0).abs() < 1.0 && !found.is_beyond);
        assert!((found.disk_gib - 864e6 * 1_400.0 * 1.5 / GIB).abs() < 1.0);
        let found = size(&EMBEDDED, &SizeArgs { busy_percent: 1.0, ..args(10_000.0) });
        assert!((found.orders - 8_640_000.0).abs() < 1.0, "{found:?}");
    }

    #[test]
    fn more_than_was_measured_is_said() {
        let beyond = size(&CLUSTER, &args(10_000.0));
        let text = shown(&beyond, &CLUSTER);
        assert!(text.contains("beyond    one shop makes 7000 orders or 20400 coupons per second"), "{text}");
        assert!(text.contains("cores     3.0 for the database"), "{text}");
        let both = SizeArgs { coupons_per_second: 15_000.0, ..args(9_000.0) };
        assert!(size(&EMBEDDED, &both).is_beyond, "orders and coupons share one engine");
        assert_eq!(document(&beyond, &CLUSTER)["cores"]["broker"], json!(5.6));
    }
}
