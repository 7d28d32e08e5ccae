//! The alert monitor: measures the situations of alerts every second, and has them raised and cleared.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use app::commands::Command;
use domain::alert::Code;

use crate::runtime::health::AtWork;
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;
use crate::system::logging;

pub mod machine;
pub mod open;
mod readings;
pub mod watch;

pub use readings::{Sources, this_host, this_machine};

use open::OpenAlerts;
use watch::Watches;

/// Interval of the measurements.
const EVERY: Duration = Duration::from_secs(1);
/// The most open alerts that are read: one for each code and subject.
const OPEN_MAX: usize = 10_000;

pub struct AlertMonitor {
    pub submitter: Submitter,
    pub sources: Sources,
    pub open: OpenAlerts,
    /// Identifies this process as a reporter.
    pub reporter: i64,
    pub clear_after: Duration,
}

impl AlertMonitor {
    /// Starts the monitor on its own thread.
    pub fn start(self, stop: Stop) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let at_work = AtWork::new(&self.submitter.health, "The thread that watches for alerts has panicked.");
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(self.run(stop));
        };
        std::thread::Builder::new().name("alerts".to_owned()).spawn(work)
    }

    async fn run(mut self, mut stop: Stop) {
        let mut watches = Watches::new(self.reporter, self.clear_after);
        while !stop.is_requested() {
            self.round(&mut watches).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.requested() => {}
            }
        }
    }

    async fn round(&mut self, watches: &mut Watches) {
        let Submitter { views, clock, .. } = &self.submitter;
        let open = match views.alerts(true, None, OPEN_MAX).await {
            Ok(open) => open,
            Err(error) => return logging::error("Open alerts could not be read", &error),
        };
        let now = clock.now();
        let round = self.sources.measure(views.as_ref(), now).await;
        let commands = watches.decide(&round, &open, now);
        self.open.set(open);
        let mut is_refused = false;
        for command in commands {
            if let Err(refusal) = self.submitter.submit(Command::Alert(command), None).await.result {
                // The next round tries again.
                logging::error("An alert could not be written", &format!("{refusal:?}"));
                is_refused = true;
            }
        }
        if is_refused && round.observed.contains(&Code::AuditViolation) {
            self.sources.audited.tell_again();
        }
    }
}

/// Tells if Redis answers.
pub type RedisWorks = Arc<dyn Fn() -> bool + Send + Sync>;
