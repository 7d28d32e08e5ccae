//! Sends finished spans to the trace collector.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::events::trace::span::Span;
use app::ports::BoxFuture;

use crate::runtime::shutdown::Stop;
use crate::system::logging::Thinned;
use crate::system::spans::counts::Counts;

/// The most spans in one request.
const SPANS_MAX: usize = 512;
/// How long spans wait for others.
const EVERY: Duration = Duration::from_secs(1);
/// Interval of checks for the stop.
const STOP_CHECKED_EVERY: Duration = Duration::from_millis(100);
/// Time-out of all requests together after the stop.
const STOP_PATIENCE: Duration = Duration::from_millis(800);

/// Sends spans to the collector.
pub type Export = Box<dyn Fn(Vec<Span>) -> BoxFuture<'static, Result<(), String>> + Send>;

pub struct SpanSender {
    pub finished: Receiver<Span>,
    pub counts: Counts,
    pub export: Export,
}

impl SpanSender {
    /// Starts the sender on its own thread. It ends after the stop, when the last spans are sent or given up.
    pub fn start(self, stop: Stop) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("spans".to_owned()).spawn(move || {
            let thinned = Thinned::new(1);
            let mut stopped_at: Option<Instant> = None;
            loop {
                // Read before the queue: what was finished before the stop is still sent.
                if stopped_at.is_none() && stop.is_requested() {
                    stopped_at = Some(Instant::now());
                }
                let spans = self.collect(if stopped_at.is_some() { Duration::ZERO } else { EVERY }, &stop);
                let is_over = |at: Instant| spans.is_empty() || at.elapsed() >= STOP_PATIENCE;
                if stopped_at.is_some_and(is_over) {
                    // Does not wait for a DNS lookup.
                    return runtime.shutdown_background();
                }
                if let Err(error) = runtime.block_on(self.send(spans, stop.clone(), &mut stopped_at))
                    && let Some(left_out) = thinned.admits()
                {
                    tracing::warn!(left_out, "The trace collector did not take spans: {error}");
                }
            }
        })
    }

    /// Returns spans as soon as there are enough of them, or after a while.
    fn collect(&self, patience: Duration, stop: &Stop) -> Vec<Span> {
        let (begun, mut spans) = (Instant::now(), vec![]);
        while spans.len() < SPANS_MAX {
            let left = patience.saturating_sub(begun.elapsed());
            match self.finished.recv_timeout(left.min(STOP_CHECKED_EVERY)) {
                Ok(span) => spans.push(span),
                Err(RecvTimeoutError::Timeout) if left > STOP_CHECKED_EVERY && !stop.is_requested() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        spans
    }

    async fn send(&self, spans: Vec<Span>, mut stop: Stop, stopped_at: &mut Option<Instant>) -> Result<(), String> {
        if spans.is_empty() {
            return Ok(());
        }
        let count = spans.len() as u64;
        let stopped = async {
            stop.requested().await;
            let stopped_at = *stopped_at.get_or_insert_with(Instant::now);
            tokio::time::sleep(STOP_PATIENCE.saturating_sub(stopped_at.elapsed())).await;
        };
        let sent = tokio::select! {
            sent = (self.export)(spans) => sent,
            () = stopped => Err("no answer before the shop stopped".to_owned()),
        };
        if sent.is_ok() { &self.counts.sent } else { &self.counts.failed }.inc_by(count);
        sent
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use app::events::trace::TraceParent;
    use app::events::trace::span::Kind;

    use super::*;
    use crate::runtime::shutdown;

    fn span() -> Span {
        let own = TraceParent::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        let (name, kind) = ("GET /".to_owned(), Kind::Server);
        Span {
            own,
            parent: None,
            name,
            kind,
            begun_ns: 1,
            end_ns: 2,
            attributes: vec![],
            has_failed: false,
            links: vec![],
        }
    }

    #[test]
    fn a_collector_that_never_answers_delays_the_stop_by_a_second_at_most() {
        for is_under_way in [true, false] {
            let (sender, finished) = sync_channel(2_000);
            let (stopper, stop) = shutdown::channel();
            let (exporting, exported) = std::sync::mpsc::channel();
            let export: Export = Box::new(move |_| {
                exporting.send(()).unwrap();
                Box::pin(std::future::pending())
            });
            let thread = SpanSender { finished, counts: Counts::default(), export }.start(stop).unwrap();
            if is_under_way {
                (0..1_500).for_each(|_| sender.send(span()).unwrap());
                exported.recv().unwrap();
            }
            let stopped_at = Instant::now();
            stopper.stop();
            (0..100).for_each(|_| _ = sender.try_send(span()));
            thread.join().unwrap();
            let took = stopped_at.elapsed();
            // 700 ms more than the time-out, for a busy machine.
            assert!(took < Duration::from_millis(1_500), "{took:?}");
        }
    }
}
