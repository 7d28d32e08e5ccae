//! The relay's thread: repeats the relay's single rounds until it is stopped.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::log::relay::Relay;
use app::ports::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::runtime::engine_loop::pace::paced;
use crate::runtime::health::{AtWork, Health};
use crate::runtime::shutdown::{self, Stop, Stopper};

/// Events of one shard published in one round.
const EVENTS_MAX: usize = 1_000;
/// Interval for commits of other processes. Commits of this process notify the relay.
const POLL_EVERY: Duration = Duration::from_millis(5);
/// Minimum time between the start of two rounds if the first one published [`PACED_EVENTS`]: the events of many orders go to
/// the broker together, because database and broker cost is per round.
const ROUND_EVERY: Duration = Duration::from_millis(20);
/// A round of so many events is followed by the whole pause; a smaller one by its share.
const PACED_EVENTS: usize = 256;
/// Pause after a failed round.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for a round that waits for the broker. Records of an unfinished round are published again.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// The relay's thread.
pub struct RelayThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl RelayThread {
    /// Starts the relay. `make` is called on the thread, because the relay's connections belong to its runtime.
    /// `committed` is notified of new events.
    pub fn start(
        make: impl FnOnce() -> Relay + Send + 'static,
        clock: Arc<dyn Clock>,
        committed: Arc<Notify>,
        health: &Arc<Health>,
    ) -> io::Result<RelayThread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(health, "The relay's thread has panicked.");
        let run = move || {
            let _at_work = at_work;
            runtime.block_on(run(make(), clock.as_ref(), &committed, stop));
            // The receiver is gone if the stop was too long for it.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("relay".to_owned()).spawn(run)?;
        Ok(RelayThread { stopper, ended })
    }

    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("The relay still waits for the broker; the records of this round will be published again.");
        }
    }
}

async fn run(mut relay: Relay, clock: &dyn Clock, committed: &Notify, mut stop: Stop) {
    let mut is_well = true;
    while !stop.is_requested() {
        let began = Instant::now();
        let pause = match relay.relay_once(EVENTS_MAX, clock).await {
            Ok(published) => {
                if !is_well {
                    tracing::info!("The relay publishes again.");
                }
                is_well = true;
                if published > 0 {
                    tokio::select! {
                        () = tokio::time::sleep_until(began + paced(ROUND_EVERY, published, PACED_EVENTS)) => {}
                        () = stop.requested() => {}
                    }
                    continue;
                }
                POLL_EVERY
            }
            Err(error) => {
                if is_well {
                    tracing::error!("The relay could not publish and retries: {error}");
                }
                is_well = false;
                PAUSE
            }
        };
        tokio::select! {
            () = committed.notified(), if is_well => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.requested() => {}
        }
    }
}
