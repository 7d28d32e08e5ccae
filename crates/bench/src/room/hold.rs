//! Many customers wait at one server. Its memory is read, and its work while the queue stands and while it moves.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, LocalSet};

use super::Setting;
use super::figures::HoldReport;
use crate::Error;
use crate::connection::Connection;
use crate::latency::Latencies;
use crate::request::Template;
use crate::shop::Shop;
use crate::usage::{Memory, Usage, memory};

/// After the joins the server has the time to finish its writes.
const SETTLES: Duration = Duration::from_secs(2);
/// One customer after the other looks for their place, at this interval.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs the measurement; the queue stands and moves for `time` each.
pub async fn hold(
    setting: &Setting,
    shop: &mut Shop,
    time: Duration,
    progress: &dyn Fn(&str),
) -> Result<HoldReport, Error> {
    let (before, (_, drop)) = (resident(setting), shop.open_room(setting.terms).await?);
    progress("everybody joins");
    let joins_per_second = setting.everybody_joins(drop).await?;
    LocalSet::new()
        .run_until(async {
            let moved = Rc::new(Cell::new(0));
            let streams = streams(setting, &moved).await?;
            tokio::time::sleep(SETTLES).await;
            let waiting = resident(setting);
            progress("the queue stands");
            let still = phase(setting, shop, drop, time).await?;
            progress("the queue moves");
            shop.pause(drop, false).await?;
            let (told, ahead) = (moved.get(), still.ahead);
            let moving = phase(setting, shop, drop, time).await?;
            let after = resident(setting);
            let mb = |bytes: u64| bytes as f64 / 1e6;
            let per_second = |usage: &Usage| usage.commits.unwrap_or(0) as f64 / time.as_secs_f64();
            let cpu = |usage: &Usage| usage.cpu_seconds_server.unwrap_or(0.0) * 1e3 / time.as_secs_f64();
            let mut failures = vec![];
            if ahead <= moving.ahead {
                failures.push(format!("the queue did not move: {ahead} customers ahead, then {}", moving.ahead));
            }
            Ok(HoldReport {
                scenario: "drop",
                customers: setting.customers.count(),
                joins_per_second,
                streams: streams.len(),
                memory_before_mb: mb(before.resident),
                memory_waiting_mb: mb(waiting.resident),
                memory_peak_mb: mb(after.peak),
                seconds: time.as_secs_f64(),
                cpu_ms_per_second_still: cpu(&still.usage),
                cpu_ms_per_second_moving: cpu(&moving.usage),
                commits_per_second_still: per_second(&still.usage),
                commits_per_second_moving: per_second(&moving.usage),
                admitted: ahead - moving.ahead,
                moved: moved.get() - told,
                look_p50_ms: moving.looks.quantile_ms(0.5),
                look_p99_ms: moving.looks.quantile_ms(0.99),
                audit_violations: 0,
                failures,
            })
        })
        .await
}

/// The memory of all servers.
fn resident(setting: &Setting) -> Memory {
    let all = setting.servers.iter().filter_map(|server| memory(&server.to_string()));
    all.fold(Memory::default(), |sum, next| Memory {
        resident: sum.resident + next.resident,
        peak: sum.peak + next.peak,
    })
}

struct Phase {
    usage: Usage,
    looks: Latencies,
    /// Customers before the last one, at the end.
    ahead: i64,
}

/// Customers look for their places for this time.
async fn phase(setting: &Setting, shop: &mut Shop, drop: i64, time: Duration) -> Result<Phase, Error> {
    let look = Template::get(&format!("/api/drops/{drop}/queue"));
    let mut connection = Connection::open(setting.addresses[0]).await?;
    let (mut looks, mut request, mut turn) = (Latencies::default(), vec![], 0);
    let before = Usage::now(shop, &setting.servers).await?;
    let began = Instant::now();
    while began.elapsed() < time {
        request.clear();
        look.write(setting.customers.token(turn), &mut request);
        let asked = Instant::now();
        connection.exchange(&request).await?;
        looks.record(asked.elapsed());
        turn += 1;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let usage = Usage::now(shop, &setting.servers).await?.since(&before);
    // The holder of the last ticket is unknown here, so the number of waiting customers is read from the drop.
    let ahead = shop.waiting(drop).await?;
    Ok(Phase { usage, looks, ahead })
}

/// Opens a stream of notices for each connection; counts the moves that they are told.
async fn streams(setting: &Setting, moved: &Rc<Cell<u64>>) -> Result<Vec<JoinHandle<()>>, Error> {
    let count = (setting.connections as u64).min(setting.customers.count());
    let mut streams = vec![];
    for turn in 0..count {
        let stream = open(setting.addresses[0], setting.customers.token(turn)).await?;
        streams.push(tokio::task::spawn_local(listen(stream, Rc::clone(moved))));
    }
    Ok(streams)
}

async fn open(address: SocketAddr, token: &str) -> Result<TcpStream, Error> {
    let mut stream = TcpStream::connect(address).await?;
    let mut request = vec![];
    Template::get("/api/events").write(token, &mut request);
    stream.write_all(&request).await?;
    Ok(stream)
}

/// Counts until the server hangs up.
async fn listen(mut stream: TcpStream, moved: Rc<Cell<u64>>) {
    let mut bytes = vec![0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let events = memmem::find_iter(&bytes[..read], b"event: queue.moved").count();
        moved.set(moved.get() + events as u64);
    }
}
