//! The relay's thread: inside, a round is done once; here it is repeated.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::log::relay::Relay;
use app::ports::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::runtime::health::{AtWork, Health};
use crate::runtime::shutdown::{self, Stop, Stopper};

/// Events of one shard published at once.
const EVENTS_MAX: usize = 1_000;
/// How often commits of other processes are looked for. Those of this one are told.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After a round that published, the next one begins no sooner than this after it began: what many orders are about goes to
/// the broker together, which costs the database and the broker by the round.
const ROUND_EVERY: Duration = Duration::from_millis(20);
/// After a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// A stop waits so long for a round that waits for the broker itself; whatever it was publishing is published again.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A relay on its thread.
pub struct RelayThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl RelayThread {
    /// `make` is called on the thread, whose runtime the relay's connections live on. `committed` says that there is something.
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
            // Nobody listens any more when the stop was too long for him.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("relay".to_owned()).spawn(run)?;
        Ok(RelayThread { stopper, ended })
    }

    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("The relay still waits for the broker; what it was publishing will be published again.");
        }
    }
}

async fn run(mut relay: Relay, clock: &dyn Clock, committed: &Notify, mut stop: Stop) {
    let mut is_well = true;
    while !stop.is_requested() {
        let next = Instant::now() + ROUND_EVERY;
        let pause = match relay.relay_once(EVENTS_MAX, clock).await {
            Ok(published) => {
                if !is_well {
                    tracing::info!("The relay publishes again.");
                }
                is_well = true;
                if published > 0 {
                    tokio::select! {
                        () = tokio::time::sleep_until(next) => {}
                        () = stop.requested() => {}
                    }
                    continue;
                }
                LOOK_EVERY
            }
            Err(error) => {
                if is_well {
                    tracing::error!("The relay goes on trying: {error}");
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
