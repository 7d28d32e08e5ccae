//! The thread of the trailing groups: repeats their single passes after commits, and submits their effects to the
//! engine like any other command.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::commands::Command;
use app::commands::answer::Refusal;
use app::log::trailing::statistics;
use app::log::trailing::{Follow, Follower, NotFollowed, Pass, Trailing};
use app::ports::{Calendar, Trail};
use domain::time::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::EventLatency;
use crate::runtime::health::AtWork;
use crate::runtime::outward::deference::Deference;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::runtime::submitter::Submitter;

/// The most events of a partition in one slice.
const SLICE_MAX: usize = 1_000;
/// Minimum time between the start of two rounds: the events of many orders are digested together, and their effect
/// needs one row for each minute and not one for each order.
const ROUND_EVERY: Duration = Duration::from_millis(200);
/// Interval for commits of other processes. Commits of this process notify the thread.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Pause between two slices of a backlog while commands wait for the engine.
const YIELD: Duration = Duration::from_millis(50);
/// How often offsets are committed that have only passed events of other kinds.
const PASS_BY_EVERY: Duration = Duration::from_secs(5);
/// Pause of a group after another process has committed its slice: that process follows it.
const REST: Duration = Duration::from_secs(5);
/// Pause of a group after a failure; it doubles with every further one.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often refused coupons are added to the statistics.
const TELL_REFUSED_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for a pass. Its events are digested after the next start.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What the thread works on.
pub struct Digestion {
    /// The trailing groups of this process; there may be none.
    pub followers: Vec<Box<dyn Follower>>,
    pub submitter: Submitter,
    pub calendar: Arc<dyn Calendar>,
    pub latency: EventLatency,
    /// Pauses the groups that can wait, in a rush.
    pub deference: Deference,
}

/// The trailing groups' thread.
pub struct TrailingThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl TrailingThread {
    /// Starts the groups. `make_trail` is called on the thread, because its connection belongs to the thread's runtime.
    /// `committed` is notified of new events.
    pub fn start(
        make_trail: impl FnOnce() -> Box<dyn Trail> + Send + 'static,
        digestion: Digestion,
        committed: Arc<Notify>,
    ) -> io::Result<TrailingThread> {
        let Digestion { followers, submitter, calendar, latency, deference } = digestion;
        followers.iter().for_each(|follower| latency.begin(follower.group()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(&submitter.health, "The thread of the trailing groups has panicked.");
        let work = move || {
            let _at_work = at_work;
            let turns = |follower| Turns::new(follower, latency.clone(), deference);
            let groups = followers.into_iter().map(turns).collect();
            let refused = RefusedCoupons { submitter: submitter.clone(), calendar, told: Instant::now() };
            runtime.block_on(run(make_trail(), groups, refused, &committed, stop));
            // The receiver is gone if the stop was too long for it.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("trailing".to_owned()).spawn(work)?;
        Ok(TrailingThread { stopper, ended })
    }

    /// Stops the groups. Must be called before the engine stops, so that the engine takes the last effects.
    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("A trailing group has not finished its slice; it is digested after the next start.");
        }
    }
}

async fn run(
    mut trail: Box<dyn Trail>,
    mut groups: Vec<Turns>,
    mut refused: RefusedCoupons,
    committed: &Notify,
    mut stop: Stop,
) {
    let submitter = &refused.submitter.clone();
    while !stop.is_requested() {
        let next = Instant::now() + ROUND_EVERY;
        let mut is_behind = false;
        for group in &mut groups {
            if !stop.is_requested() {
                is_behind |= group.turn(trail.as_mut(), submitter).await;
            }
        }
        refused.tell_sometimes().await;
        if is_behind {
            // A backlog is digested slice by slice, behind the commands of customers.
            if submitter.queued() > 0 {
                pause(YIELD, &mut stop).await;
            }
            continue;
        }
        tokio::select! {
            () = committed.notified() => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = stop.requested() => {}
        }
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = stop.requested() => {}
        }
    }
    refused.tell().await;
    for group in &mut groups {
        group.pass_by(submitter).await;
    }
}

async fn pause(pause: Duration, stop: &mut Stop) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = stop.requested() => {}
    }
}

/// Adds refused coupons to the statistics.
struct RefusedCoupons {
    submitter: Submitter,
    calendar: Arc<dyn Calendar>,
    told: Instant,
}

impl RefusedCoupons {
    async fn tell_sometimes(&mut self) {
        if self.told.elapsed() >= TELL_REFUSED_EVERY {
            self.tell().await;
        }
    }

    async fn tell(&mut self) {
        self.told = Instant::now();
        let refused = self.submitter.refusals.take();
        if refused.is_empty() {
            return;
        }
        let counts: Vec<_> = refused.iter().map(|((campaign, code), count)| (*campaign, *code, *count)).collect();
        let added = statistics::refused(&counts, self.submitter.clock.now(), self.calendar.as_ref());
        match self.submitter.submit(Command::AddFigures(added), None).await.result {
            Ok(_) => {}
            // They may be committed: to count some twice would be worse than to lose them.
            Err(Refusal::Unavailable) => tracing::warn!("Refused coupons may be missing in the statistics."),
            Err(_) => self.submitter.refusals.put_back(refused),
        }
    }
}

/// A group, and when it is its turn.
struct Turns {
    trailing: Trailing,
    /// It does nothing before this moment.
    rests_until: Option<Instant>,
    failures: u32,
    /// When its offset was committed last.
    kept: Instant,
    latency: EventLatency,
    deference: Deference,
}

impl Turns {
    fn new(follower: Box<dyn Follower>, latency: EventLatency, deference: Deference) -> Turns {
        let trailing = Trailing::new(follower);
        Turns { trailing, rests_until: None, failures: 0, kept: Instant::now(), latency, deference }
    }

    /// Digests a slice, if it is the group's turn. Returns true if more events wait for it.
    async fn turn(&mut self, trail: &mut dyn Trail, submitter: &Submitter) -> bool {
        if self.rests_until.is_some_and(|until| until > Instant::now()) {
            return false;
        }
        self.rests_until = None;
        let began = Instant::now();
        match self.trailing.follow_once(trail, SLICE_MAX).await {
            Ok(Pass { follow: Some(follow), digested, is_end }) => {
                let is_committed = self.commit(follow, submitter).await;
                if is_committed {
                    self.observe(&digested, submitter);
                    self.defer(began, &digested, submitter);
                }
                is_committed && !is_end
            }
            Ok(Pass { follow: None, digested, is_end }) => {
                self.observe(&digested, submitter);
                if self.kept.elapsed() >= PASS_BY_EVERY {
                    self.pass_by(submitter).await;
                }
                !is_end
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    /// Leaves the processors to customers' commands, if the group can wait.
    fn defer(&mut self, began: Instant, digested: &[Timestamp], submitter: &Submitter) {
        let Some(oldest) = digested.iter().min().filter(|_| self.trailing.can_wait()) else { return };
        let rest = self.deference.after_work(began.elapsed(), *oldest, submitter);
        self.rests_until = (!rest.is_zero()).then(|| Instant::now() + rest);
    }

    fn observe(&self, digested: &[Timestamp], submitter: &Submitter) {
        self.latency.observe_all(self.trailing.group(), digested, submitter.clock.now());
    }

    /// Commits an offset that has only passed events of other kinds.
    async fn pass_by(&mut self, submitter: &Submitter) {
        self.kept = Instant::now();
        if let Some(follow) = self.trailing.pass_by() {
            self.commit(follow, submitter).await;
        }
    }

    /// Returns true if the slice is committed.
    async fn commit(&mut self, follow: Follow, submitter: &Submitter) -> bool {
        match submitter.submit(Command::Follow(Box::new(follow)), None).await.result {
            Ok(_) => {
                self.trailing.keep();
                self.kept = Instant::now();
                if self.failures > 0 {
                    tracing::info!("{} follows the events again.", self.trailing.group().name());
                }
                self.failures = 0;
                true
            }
            Err(Refusal::GroupMoved) => {
                self.trailing.forget();
                self.rests_until = Some(Instant::now() + REST);
                false
            }
            Err(refusal) => {
                self.trailing.forget();
                self.fail(&NotFollowed::Outside(format!("its effect was not committed: {refusal:?}")));
                false
            }
        }
    }

    /// Logs the first of consecutive failures, and rests.
    fn fail(&mut self, error: &NotFollowed) {
        if self.failures == 0 {
            let group = self.trailing.group().name();
            tracing::error!(group, "{group} could not digest events, and retries: {error}");
        }
        let pause = PAUSE.saturating_mul(1 << self.failures.min(6)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.rests_until = Some(Instant::now() + pause);
    }
}
