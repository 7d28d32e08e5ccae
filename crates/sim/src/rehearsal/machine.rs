//! A process of the shop with its speeds: some cores that serve requests, and one engine that decides batches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::commands::Command;
use app::commands::answer::Reply;
use app::engine::{Engine, Job, Parts, admission_share};
use app::ports::Clock as _;
use app::state::settings::{Executor, Settings};

use super::script::{Machines, Speeds};
use crate::clock::ModelClock;
use crate::disk::Disk;
use crate::model_gate::ModelGate;
use crate::model_store::ModelStore;
use crate::process;
use crate::ready::ready;

/// Timers handled at once, as in the shop.
const TIMERS_MAX: usize = 256;
/// A batch of so many jobs is followed by the whole interval, as in the shop.
const PACED_JOBS: i64 = 32;

/// A request of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    Join,
    Leave,
    Order,
    /// A further order of a customer who has bought.
    OrderAgain,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) customer: u32,
    pub(super) wish: Wish,
    pub(super) command: Command,
    pub(super) sent: i64,
}

/// A batch that was decided.
pub(super) struct Batch {
    pub(super) replies: Vec<(Ask, Reply)>,
    /// When the replies are sent: the commit is durable.
    pub(super) answered_at: i64,
    /// When the engine may begin the next one.
    pub(super) free_at: i64,
}

/// The things that all machines share.
pub(super) struct Around {
    pub(super) disk: Disk,
    pub(super) clock: ModelClock,
    pub(super) machines: Machines,
}

pub(super) struct Machine {
    engine: Engine,
    /// When each core is free.
    cores: Vec<i64>,
    queue: VecDeque<Ask>,
    /// Requests that the engine has taken.
    taken: BTreeMap<usize, Ask>,
    mail: Arc<Mutex<Vec<(usize, Reply)>>>,
    asked: usize,
    pub(super) is_working: bool,
    pub(super) timers_are_due: bool,
    began: i64,
    last_jobs: i64,
    durable_at: i64,
}

impl Machine {
    pub(super) fn start(around: &Around, number: u32) -> Machine {
        let engine = Engine::new(Parts {
            store: Box::new(ModelStore::open(&around.disk)),
            gate: Arc::new(ModelGate::default()),
            clock: Arc::new(around.clock.clone()),
            settings: settings(&around.machines),
            engine: number,
        });
        Machine {
            engine,
            cores: vec![i64::MIN; around.machines.cores as usize],
            queue: VecDeque::new(),
            taken: BTreeMap::new(),
            mail: Arc::default(),
            asked: 0,
            is_working: false,
            timers_are_due: false,
            began: i64::MIN / 2,
            last_jobs: 0,
            durable_at: i64::MIN,
        }
    }

    /// Decides a command of the shop's admin at once.
    pub(super) fn decide(&mut self, command: Command) -> Option<Reply> {
        let mail = Arc::clone(&self.mail);
        let job = Job::new(command, Box::new(move |reply| post(&mail, 0, reply)));
        ready(self.engine.batch_once(vec![job]));
        self.take_mail().pop().map(|(_, reply)| reply)
    }

    /// Serves a request on the core that is free first. Returns when it is done.
    pub(super) fn serve(&mut self, now: i64, micros: i64) -> i64 {
        let Some(core) = self.cores.iter_mut().min() else { return now };
        *core = now.max(*core) + micros;
        *core
    }

    /// Queues a request, unless the queue is full.
    pub(super) fn enqueue(&mut self, ask: Ask, queue_max: u32) -> Result<(), Box<Ask>> {
        if self.queue.len() >= queue_max as usize {
            return Err(Box::new(ask));
        }
        self.queue.push_back(ask);
        Ok(())
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn has_work(&self) -> bool {
        self.timers_are_due || !self.queue.is_empty() || self.engine.has_deferred()
    }

    /// Returns when the next batch may begin.
    pub(super) fn may_begin_at(&self, machines: &Machines) -> i64 {
        let every = i64::try_from(machines.batch_every()).unwrap_or(i64::MAX);
        let is_full = self.queue.len() >= machines.batch_max as usize;
        if is_full { i64::MIN } else { self.began.saturating_add(every * self.last_jobs.min(PACED_JOBS) / PACED_JOBS) }
    }

    /// Decides a batch; `None` if there was nothing to decide.
    pub(super) fn work(&mut self, now: i64, around: &Around) -> Option<Batch> {
        let machines = &around.machines;
        let share = admission_share(self.queue.len(), machines.queue_max as usize);
        let mut jobs = vec![];
        if std::mem::take(&mut self.timers_are_due) {
            self.engine.admit_share(share);
            jobs.extend(ready(self.engine.due_timers(TIMERS_MAX)).unwrap_or_default());
        }
        let timers = i64::try_from(jobs.len()).unwrap_or(0);
        let count = self.queue.len().min(machines.batch_max as usize);
        let asks: Vec<Ask> = self.queue.drain(..count).collect();
        jobs.extend(asks.into_iter().map(|ask| self.job(ask, now, around)));
        if jobs.is_empty() && !self.engine.has_deferred() {
            return None;
        }
        self.began = now;
        self.last_jobs = i64::try_from(jobs.len()).unwrap_or(0);
        ready(self.engine.batch_once(jobs));
        let replies: Vec<(Ask, Reply)> = self.replies();
        let speeds = &machines.speeds;
        let spent: i64 = replies.iter().map(|(ask, reply)| cost(speeds, ask.wish, reply)).sum();
        let decided_at = now + spent + timers * micros(speeds.join_us);
        let commit = micros(speeds.commit_us);
        // Rows of a shared store are locked until the commit; the one process of its own store decides on meanwhile.
        if machines.is_shared() {
            return Some(Batch { replies, answered_at: decided_at + commit, free_at: decided_at + commit });
        }
        // At most one batch is ahead of the disk: requests gather meanwhile, and share the next commit.
        let free_at = decided_at.max(self.durable_at).max(now + 1);
        self.durable_at = decided_at.max(self.durable_at) + commit;
        Some(Batch { replies, answered_at: self.durable_at, free_at })
    }

    fn job(&mut self, ask: Ask, now: i64, around: &Around) -> Job {
        let (mail, number) = (Arc::clone(&self.mail), self.asked);
        self.asked += 1;
        let command = ask.command.clone();
        let patience = Duration::from_millis(around.machines.command_deadline_ms);
        let waited = Duration::from_micros((now - ask.sent).max(0).unsigned_abs());
        self.taken.insert(number, ask);
        let responder = Box::new(move |reply| post(&mail, number, reply));
        Job::new(command, responder).before(around.clock.now() - waited + patience)
    }

    fn replies(&mut self) -> Vec<(Ask, Reply)> {
        let mail = self.take_mail();
        mail.into_iter().filter_map(|(number, reply)| Some((self.taken.remove(&number)?, reply))).collect()
    }

    fn take_mail(&self) -> Vec<(usize, Reply)> {
        std::mem::take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn post(mail: &Mutex<Vec<(usize, Reply)>>, number: usize, reply: Reply) {
    mail.lock().unwrap_or_else(PoisonError::into_inner).push((number, reply));
}

fn cost(speeds: &Speeds, wish: Wish, reply: &Reply) -> i64 {
    let is_placed = matches!(wish, Wish::Order | Wish::OrderAgain) && reply.result.is_ok();
    micros(if is_placed { speeds.order_us } else { speeds.join_us })
}

pub(super) fn micros(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn settings(machines: &Machines) -> Settings {
    Settings {
        batch_max: machines.batch_max as usize,
        pay_within: Duration::from_secs(machines.pay_within_seconds),
        ..process::settings(Executor::Inline)
    }
}
