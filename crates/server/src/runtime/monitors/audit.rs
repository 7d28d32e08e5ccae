//! The background audit: checks all laws on a read snapshot, again and again, within a share of one CPU.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::audit::{Proof, Proven, Snapshot, prove};
use app::ports::StoreError;

use crate::api::shop::audit::repair_all;
use crate::metrics::AuditMetrics;
use crate::runtime::health::AtWork;
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;
use crate::system::logging;

mod paced;

use paced::{Pace, Paced};

/// The first audit does not wait for longer: a violation from before the start should be known soon.
const FIRST_AFTER_MAX: Duration = Duration::from_secs(60);

/// A proof hides changes of old rows that no event names: they are found by a whole audit.
const WHOLE_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Opens a snapshot if it is this process's turn to audit; `None` while another process of the shop has the turn.
pub type Turn = Box<dyn FnMut() -> Result<Option<Box<dyn Snapshot>>, StoreError> + Send>;

pub struct AuditMonitor {
    pub submitter: Submitter,
    pub turn: Turn,
    pub audited: AuditMetrics,
    pub every: Duration,
    /// The share of one CPU, in percent.
    pub cpu_percent: u32,
    /// True if wrong derived figures are repaired.
    pub repairs: bool,
}

impl AuditMonitor {
    /// Starts the audits on their own thread.
    pub fn start(self, stop: Stop) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let at_work = AtWork::new(&self.submitter.health, "The thread of the background audit has panicked.");
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(self.run(stop));
        };
        std::thread::Builder::new().name("audit".to_owned()).spawn(work)
    }

    async fn run(mut self, mut stop: Stop) {
        let mut pause = self.every.min(FIRST_AFTER_MAX);
        let (mut proof, mut whole) = (None, Instant::now());
        while !stop.is_requested() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.requested() => return,
            }
            pause = self.every;
            if whole.elapsed() >= WHOLE_EVERY {
                proof = None;
            }
            if proof.is_none() {
                whole = Instant::now();
            }
            if let Err(error) = self.audit(&mut proof, &stop).await {
                logging::error("The background audit could not read the store", &error);
            }
        }
    }

    /// Audits what changed since the last proof. Anything that is found so is only a reason to read everything.
    async fn audit(&mut self, proof: &mut Option<Proof>, stop: &Stop) -> Result<(), StoreError> {
        let Some(mut proven) = self.look(proof.as_ref(), stop)? else { return Ok(()) };
        if proven.is_incremental && !proven.inspection.audit.is_clean() {
            let Some(whole) = self.look(None, stop)? else { return Ok(()) };
            proven = whole;
        }
        *proof = proven.proof;
        self.audited.set(proven.inspection.audit.violations);
        if self.repairs && !proven.inspection.repairs.is_empty() {
            repair_all(&self.submitter, proven.inspection.repairs).await;
            // What was repaired is read again, whole.
            *proof = None;
        }
        Ok(())
    }

    /// Returns `None` if it is not this process's turn, or if the audit was interrupted.
    fn look(&mut self, since: Option<&Proof>, stop: &Stop) -> Result<Option<Proven>, StoreError> {
        let Some(snapshot) = (self.turn)()? else { return Ok(None) };
        let stopped = stop.clone();
        let pace = Pace::new(self.cpu_percent, Arc::new(move || stopped.is_requested()));
        let mut snapshot = Paced { snapshot, pace };
        let proven = prove(&mut snapshot, self.submitter.clock.now(), since)?;
        Ok((!snapshot.pace.is_stopped()).then_some(proven))
    }
}
