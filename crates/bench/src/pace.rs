//! The start times of requests: as soon as a connection is free, or on a schedule.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Longest sleep of the pacing thread, so that it notices the end.
const NAP_MAX: Duration = Duration::from_millis(20);

/// Requests due at a fixed rate, whether or not earlier ones have responses.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub begin: Instant,
    pub per_second: u64,
    pub requests: u64,
}

impl Schedule {
    /// The intended start of a request. Its latency counts from here, however late it is sent.
    pub fn intended(&self, number: u64) -> Instant {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.per_second.max(1));
        self.begin + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Number of requests due by `now`.
    fn due(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.begin).as_nanos();
        let due = passed * u128::from(self.per_second.max(1)) / 1_000_000_000 + 1;
        u64::try_from(due).unwrap_or(u64::MAX).min(self.requests)
    }
}

/// The source of start times for all connections.
#[derive(Debug)]
pub enum Turns {
    /// Immediately, until the time is over.
    Closed {
        until: Instant,
    },
    Open(Open),
}

impl Turns {
    /// Waits for the next start and returns its intended time; `None` at the end.
    pub async fn next(&self) -> Option<Instant> {
        match self {
            Turns::Closed { until } => Some(Instant::now()).filter(|now| now < until),
            Turns::Open(open) => open.next().await,
        }
    }
}

/// A schedule kept by its own thread, because the event loop's timers have a resolution of milliseconds.
#[derive(Debug)]
pub struct Open {
    schedule: Schedule,
    taken: Cell<u64>,
    released: Arc<Semaphore>,
    pacer: Option<JoinHandle<()>>,
}

impl Open {
    pub fn start(schedule: Schedule, connections: usize) -> std::io::Result<Open> {
        let released = Arc::new(Semaphore::new(0));
        let to_release = Arc::clone(&released);
        let run = move || release(schedule, connections, &to_release);
        let pacer = std::thread::Builder::new().name("pacer".to_owned()).spawn(run)?;
        Ok(Open { schedule, taken: Cell::new(0), released, pacer: Some(pacer) })
    }

    async fn next(&self) -> Option<Instant> {
        self.released.acquire().await.ok()?.forget();
        let number = self.taken.get();
        self.taken.set(number + 1);
        (number < self.schedule.requests).then(|| self.schedule.intended(number))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.released.close();
        if let Some(pacer) = self.pacer.take() {
            let _ = pacer.join();
        }
    }
}

fn release(schedule: Schedule, connections: usize, released: &Semaphore) {
    let mut given = 0;
    while given < schedule.requests && !released.is_closed() {
        let due = schedule.due(Instant::now());
        released.add_permits(usize::try_from(due - given).unwrap_or(0));
        given = due;
        let nap = schedule.intended(given).saturating_duration_since(Instant::now());
        std::thread::sleep(nap.min(NAP_MAX));
    }
    // One more turn for each connection, so that it sees the end.
    released.add_permits(connections);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_start_at_even_distances() {
        let begin = Instant::now();
        let schedule = Schedule { begin, per_second: 4, requests: 10 };
        assert_eq!(schedule.intended(0), begin);
        assert_eq!(schedule.intended(6), begin + Duration::from_millis(1_500));
        assert_eq!(schedule.due(begin), 1);
        assert_eq!(schedule.due(begin + Duration::from_millis(249)), 1);
        assert_eq!(schedule.due(begin + Duration::from_millis(250)), 2);
        assert_eq!(schedule.due(begin + Duration::from_secs(60)), 10);
    }

    #[tokio::test]
    async fn a_late_request_keeps_its_intended_start() {
        let begin = Instant::now();
        let open = Open::start(Schedule { begin, per_second: 1_000, requests: 3 }, 1).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        for number in 0..3 {
            assert_eq!(open.next().await, Some(begin + Duration::from_millis(number)));
        }
        assert_eq!(open.next().await, None);
    }

    #[tokio::test]
    async fn nobody_starts_early() {
        let open = Open::start(Schedule { begin: Instant::now(), per_second: 200, requests: 4 }, 1).unwrap();
        while let Some(intended) = open.next().await {
            assert!(Instant::now() >= intended);
        }
    }
}
