//! A snapshot that is read no faster than a share of one CPU allows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::audit::{
    Archived, CampaignFact, CustomerFacts, DropFact, Ends, EventFacts, LogFacts, OrderFacts, ProductFacts, Proof,
    Snapshot, StatisticsFacts, WebhookFact,
};
use app::ports::StoreError;
use app::state::rows::{AnswerKey, StoredAnswer};
use domain::ids::OrderId;

/// Work between two pauses.
const SLICE: Duration = Duration::from_millis(20);
/// Facts between two looks at the clock.
const FACTS: u32 = 64;
/// A stop is noticed within this time.
const NAP: Duration = Duration::from_millis(200);

/// Works for a slice, and then rests in proportion. Waiting for the disk or the database counts as work, so the share is
/// an upper bound.
pub(super) struct Pace {
    percent: u32,
    is_stopped: Arc<dyn Fn() -> bool>,
    since: Instant,
    facts: u32,
}

impl Pace {
    pub(super) fn new(percent: u32, is_stopped: Arc<dyn Fn() -> bool>) -> Pace {
        Pace { percent, is_stopped, since: Instant::now(), facts: 0 }
    }

    pub(super) fn is_stopped(&self) -> bool {
        (self.is_stopped)()
    }

    /// Returns false if the rest need not be read.
    fn goes_on(&mut self) -> bool {
        self.facts += 1;
        if self.facts < FACTS {
            return true;
        }
        self.facts = 0;
        self.rest();
        !self.is_stopped()
    }

    fn rest(&mut self) {
        let worked = self.since.elapsed();
        if worked < SLICE {
            return;
        }
        let until = Instant::now() + pause_after(worked, self.percent);
        while !self.is_stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(NAP));
        }
        self.since = Instant::now();
    }
}

/// Returns the rest after some work, so that work is this share of the time.
fn pause_after(worked: Duration, percent: u32) -> Duration {
    let percent = percent.clamp(1, 100);
    worked * (100 - percent) / percent
}

pub(super) struct Paced {
    pub(super) snapshot: Box<dyn Snapshot>,
    pub(super) pace: Pace,
}

macro_rules! paced {
    ($($method:ident($fact:ty) -> $result:ty;)*) => {$(
        fn $method(&mut self, each: &mut dyn FnMut($fact)) -> Result<$result, StoreError> {
            let Paced { snapshot, pace } = self;
            let read = snapshot.$method(&mut |fact| {
                if pace.goes_on() {
                    each(fact);
                }
            });
            self.pace.rest();
            read
        }
    )*};
}

impl Snapshot for Paced {
    paced! {
        products(ProductFacts) -> ();
        campaigns(CampaignFact) -> ();
        orders(OrderFacts) -> ();
        customers(CustomerFacts) -> ();
        webhooks(WebhookFact) -> ();
        drops(DropFact) -> ();
        events(EventFacts) -> LogFacts;
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError> {
        let Paced { snapshot, pace } = self;
        let read = snapshot.answers(&mut |key, answer| {
            if pace.goes_on() {
                each(key, answer);
            }
        });
        self.pace.rest();
        read
    }

    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        self.snapshot.archived()
    }

    fn ends(&mut self) -> Result<Option<Ends>, StoreError> {
        self.snapshot.ends()
    }

    fn since(&mut self, proof: &Proof) -> Result<Option<BTreeMap<OrderId, usize>>, StoreError> {
        let since = self.snapshot.since(proof);
        self.pace.rest();
        since
    }

    fn statistics(&mut self) -> Result<StatisticsFacts, StoreError> {
        let statistics = self.snapshot.statistics();
        self.pace.rest();
        statistics
    }

    fn gate_doubt(&self) -> Option<Cow<'static, str>> {
        self.snapshot.gate_doubt()
    }

    fn integrity(&mut self) -> Result<Vec<String>, StoreError> {
        let found = self.snapshot.integrity();
        self.pace.rest();
        found
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn work_is_its_share_of_the_time() {
        let ms = Duration::from_millis;
        for (percent, pause) in [(25, ms(60)), (50, ms(20)), (100, ms(0)), (1, ms(1_980)), (0, ms(1_980))] {
            assert_eq!(pause_after(ms(20), percent), pause, "{percent} %");
        }
    }

    #[test]
    fn work_is_interrupted_by_rest_and_ended_by_a_stop() {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut pace = Pace::new(50, Arc::new(move || stopped.load(Ordering::Relaxed)));
        let (began, mut worked) = (Instant::now(), Duration::ZERO);
        while worked < 5 * SLICE {
            let at = Instant::now();
            while at.elapsed() < Duration::from_millis(1) {}
            worked += at.elapsed();
            (0..FACTS).for_each(|_| assert!(pace.goes_on()));
        }
        assert!(began.elapsed() >= worked * 3 / 2, "{:?} for {worked:?}", began.elapsed());
        stop.store(true, Ordering::Relaxed);
        assert!((0..FACTS).any(|_| !pace.goes_on()));
    }
}
