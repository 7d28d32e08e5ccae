//! One leg of a measurement: a plan run over many connections.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};
use tokio::time::MissedTickBehavior;

use crate::Error;
use crate::connection::{Answer, Connection};
use crate::latency::Latencies;
use crate::pace::{Open, Schedule, Turns};
use crate::plan::{Plan, Verdict};

/// Time after its last request that a leg waits for responses.
const PATIENCE: Duration = Duration::from_secs(30);
/// Interval of calls to a leg's watcher.
const WATCHED_EVERY: Duration = Duration::from_millis(100);
const COMPLAINT_BYTES_MAX: usize = 300;

/// The arrival of requests.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Closed loop: each connection sends its next request after the last response, for this time.
    Closed { time: Duration },
    /// Open loop: this many requests at a fixed rate, whether or not earlier ones have responses.
    Open { per_second: u64, requests: u64 },
}

#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub connections: usize,
    pub pace: Pace,
}

/// The results of a leg.
#[derive(Debug)]
pub struct Leg {
    pub plan: Box<dyn Plan>,
    pub elapsed: Duration,
    pub tally: Tally,
}

impl Leg {
    pub fn per_second(&self) -> f64 {
        self.tally.per_second(self.elapsed)
    }
}

/// The counted responses.
#[derive(Debug, Default)]
pub struct Tally {
    pub latencies: Latencies,
    pub succeeded: u64,
    pub refused: u64,
    pub surprises: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub body_bytes: u64,
    /// The first unexpected response.
    pub complaint: Option<String>,
}

impl Tally {
    pub fn answers(&self) -> u64 {
        self.latencies.count()
    }

    pub fn per_second(&self, elapsed: Duration) -> f64 {
        self.answers() as f64 / elapsed.as_secs_f64().max(1e-9)
    }

    pub fn note(&mut self, took: Duration, verdict: Verdict, answer: Answer<'_>) {
        self.latencies.record(took);
        *self.statuses.entry(answer.status).or_default() += 1;
        self.body_bytes += answer.body.len() as u64;
        match verdict {
            Verdict::Success => self.succeeded += 1,
            Verdict::Refusal => self.refused += 1,
            Verdict::Surprise => {
                self.surprises += 1;
                self.complaint.get_or_insert_with(|| {
                    let shown = &answer.body[..answer.body.len().min(COMPLAINT_BYTES_MAX)];
                    format!("{} {}", answer.status, String::from_utf8_lossy(shown))
                });
            }
        }
    }
}

/// The state that all connections share, on one thread.
#[derive(Debug)]
struct Shared {
    plan: RefCell<Box<dyn Plan>>,
    tally: RefCell<Tally>,
    turns: Turns,
}

/// A callback for a leg's progress: the responses so far, and the elapsed time.
pub type Watcher = Box<dyn FnMut(&Tally, Duration)>;

/// Runs a plan, and returns it with its results.
pub async fn run(address: SocketAddr, plan: Box<dyn Plan>, load: Load) -> Result<Leg, Error> {
    run_watched(address, plan, load, None).await
}

/// Runs a plan and reports its progress to `watcher`.
pub async fn run_watched(
    address: SocketAddr,
    plan: Box<dyn Plan>,
    load: Load,
    watcher: Option<Watcher>,
) -> Result<Leg, Error> {
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(address).await?);
    }
    let begin = Instant::now();
    let (turns, longest) = match load.pace {
        Pace::Closed { time } => (Turns::Closed { until: begin + time }, time),
        Pace::Open { per_second, requests } => {
            let schedule = Schedule { begin, per_second, requests };
            (Turns::Open(Open::start(schedule, load.connections)?), schedule.intended(requests) - begin)
        }
    };
    let shared = Rc::new(Shared { plan: RefCell::new(plan), tally: RefCell::default(), turns });
    let all = LocalSet::new();
    let watcher = watcher.map(|watcher| Rc::new(RefCell::new(watcher)));
    if let Some(watcher) = &watcher {
        all.spawn_local(watch(Rc::downgrade(&shared), begin, Rc::clone(watcher)));
    }
    let work = all.run_until(work_all(&shared, connections));
    tokio::time::timeout(longest + PATIENCE, work).await.map_err(|_elapsed| Error::Silent(PATIENCE))??;
    let elapsed = begin.elapsed();
    // Reports the final counts as well.
    if let Some(watcher) = watcher {
        (watcher.borrow_mut())(&shared.tally.borrow(), elapsed);
    }
    let shared = Rc::into_inner(shared).expect("every connection has ended and dropped its reference");
    Ok(Leg { plan: shared.plan.into_inner(), elapsed, tally: shared.tally.into_inner() })
}

/// Reports progress until the leg ends.
async fn watch(shared: Weak<Shared>, begin: Instant, watcher: Rc<RefCell<Watcher>>) {
    let mut ticks = tokio::time::interval(WATCHED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        (watcher.borrow_mut())(&shared.tally.borrow(), begin.elapsed());
    }
}

async fn work_all(shared: &Rc<Shared>, connections: Vec<Connection>) -> Result<(), Error> {
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn_local(work(Rc::clone(shared), connection));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|_panicked| Error::Nothing("a connection's task panicked"))??;
    }
    Ok(())
}

async fn work(shared: Rc<Shared>, mut connection: Connection) -> Result<(), Error> {
    let mut request = Vec::with_capacity(1024);
    while let Some(start) = shared.turns.next().await {
        request.clear();
        let Some(ticket) = shared.plan.borrow_mut().next(&mut request) else { break };
        let answer = loop {
            let answer = connection.exchange(&request).await?;
            request.clear();
            if !shared.plan.borrow_mut().follow(ticket, answer, &mut request) {
                break answer;
            }
        };
        let took = start.elapsed();
        let verdict = shared.plan.borrow_mut().judge(ticket, answer);
        shared.tally.borrow_mut().note(took, verdict, answer);
    }
    Ok(())
}
