//! One process of the shop: its engine, its log consumer and its jobs.

use std::sync::Arc;
use std::time::Duration;

use app::engine::{Engine, Job, Parts, Report};
use app::log::consumer::Consumer;
use app::ports::StoreError;
use app::resilience::services::Services;
use app::state::settings::{Executor, Settings};
use domain::ids::Codec;
use domain::order::{Choice, Modes};

use crate::bus::{Bus, BusLog};
use crate::clock::ModelClock;
use crate::crashing_store::{CrashingStore, Fate};
use crate::disk::Disk;
use crate::following::Following;
use crate::model_gate::ModelGate;
use crate::model_store::ModelStore;
use crate::planned_fault::Faults;
use crate::ready::{ready, survive};
use crate::scenario::Breakage;

pub(crate) const CODEC: Codec = Codec::new([7; 16]);
const QUEUE_MAX: usize = 12;
const TIMERS_MAX: usize = 16;

/// Everything that survives a process.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) disk: Disk,
    pub(crate) clock: ModelClock,
    pub(crate) bus: Bus,
    pub(crate) gate: Arc<ModelGate>,
    pub(crate) executor: Executor,
    pub(crate) breakage: Option<Breakage>,
    /// Whether processes run trailing groups.
    pub(crate) follows: bool,
}

pub(crate) struct Process {
    engine: Engine,
    consumer: Consumer,
    following: Option<Following>,
    pub(crate) fate: Fate,
    pub(crate) faults: Faults,
    pub(crate) services: Arc<Services>,
    queue: Vec<Job>,
    /// Jobs taken from the queue, the timers and the log, and not decided yet.
    pub(crate) held: Vec<Job>,
    /// The tick at which a paused process continues.
    pub(crate) paused_until: Option<u64>,
}

impl Process {
    /// Starts a process on the disk's present state. Each engine needs a number of its own.
    pub(crate) fn start(around: &Surroundings, place: usize, number: u32) -> Process {
        let (fate, faults, services) = (Fate::default(), Faults::default(), Arc::<Services>::default());
        let store = CrashingStore {
            inner: ModelStore::with_faults(&around.disk, faults.clone()),
            disk: around.disk.clone(),
            fate: fate.clone(),
            breakage: around.breakage,
        };
        let parts = Parts {
            store: Box::new(store),
            gate: around.gate.clone(),
            clock: Arc::new(around.clock.clone()),
            settings: Settings { services: Arc::clone(&services), ..settings(around.executor) },
            engine: number,
        };
        let mut engine = Engine::new(parts);
        // A new process has no planned fault.
        ready(engine.learn_modes()).expect("a model store without faults does not fail");
        let log = BusLog {
            bus: around.bus.clone(),
            disk: around.disk.clone(),
            process: place,
            believes: around.breakage == Some(Breakage::RecordsBelieved),
        };
        Process {
            engine,
            consumer: Consumer::new(Box::new(log), CODEC),
            following: around.follows.then(|| Following::new(&around.disk, CODEC)),
            fate,
            faults,
            services,
            queue: vec![],
            held: vec![],
            paused_until: None,
        }
    }

    /// Enqueues a job, or returns it if the queue is full.
    pub(crate) fn submit(&mut self, job: Job) -> Result<(), Box<Job>> {
        if self.queue.len() >= QUEUE_MAX {
            return Err(Box::new(job));
        }
        self.queue.push(job);
        Ok(())
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.held.is_empty() && !self.engine.has_deferred()
    }

    /// Collects jobs from the queue, the timers and the log.
    pub(crate) fn gather(&mut self, executor: Executor, events_max: usize) -> Result<(), StoreError> {
        self.held.append(&mut self.queue);
        self.held.extend(ready(self.engine.due_timers(TIMERS_MAX))?);
        if executor == Executor::Log {
            self.held.extend(ready(self.consumer.consume_once(events_max))?);
        }
        if let Some(following) = &mut self.following {
            self.held.extend(following.gather()?);
        }
        Ok(())
    }

    /// Decides its jobs. `None`: the process died.
    pub(crate) fn work(&mut self) -> Option<Report> {
        let jobs = std::mem::take(&mut self.held);
        let report = survive(self.engine.batch_once(jobs))?;
        report.lost.iter().for_each(|key| self.consumer.forget_offset(*key));
        Some(report)
    }

    /// Decides its jobs, each in a commit of its own.
    pub(crate) fn work_singly(&mut self) -> Option<Vec<String>> {
        let mut errors = vec![];
        let jobs: Vec<Vec<Job>> = std::mem::take(&mut self.held).into_iter().map(|job| vec![job]).collect();
        for jobs in jobs.into_iter().chain([vec![]]) {
            self.held = jobs;
            errors.extend(self.work()?.errors);
        }
        Some(errors)
    }
}

pub(crate) fn settings(executor: Executor) -> Settings {
    Settings {
        executor,
        batch_max: 512,
        modes: Modes::always(Choice::Parallel),
        pay_within: Duration::from_secs(600),
        action_within: Duration::from_secs(120),
        step_deadline: Duration::from_secs(30),
        order_deadline: Duration::from_secs(600),
        services: Arc::default(),
        calendar: Arc::new(app::ports::FixedOffset::default()),
        restorations_max: 3,
        codec: CODEC,
    }
}
