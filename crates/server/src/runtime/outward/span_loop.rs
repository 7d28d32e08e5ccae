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
/// How long the collector may take after the stop.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

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
                let spans = self.collect(if stopped_at.is_some() { Duration::ZERO } else { EVERY });
                let is_over = spans.is_empty() || stopped_at.is_some_and(|at| at.elapsed() > STOP_PATIENCE);
                if stopped_at.is_some() && is_over {
                    return;
                }
                if let Err(error) = runtime.block_on(self.send(spans, stop.clone()))
                    && let Some(left_out) = thinned.admits()
                {
                    tracing::warn!(left_out, "The trace collector did not take spans: {error}");
                }
            }
        })
    }

    /// Returns spans as soon as there are enough of them, or after a while.
    fn collect(&self, patience: Duration) -> Vec<Span> {
        let (begun, mut spans) = (Instant::now(), vec![]);
        while spans.len() < SPANS_MAX {
            match self.finished.recv_timeout(patience.saturating_sub(begun.elapsed())) {
                Ok(span) => spans.push(span),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        spans
    }

    async fn send(&self, spans: Vec<Span>, mut stop: Stop) -> Result<(), String> {
        if spans.is_empty() {
            return Ok(());
        }
        let count = spans.len() as u64;
        let stopped = async {
            stop.requested().await;
            tokio::time::sleep(STOP_PATIENCE).await;
        };
        let sent = tokio::select! {
            sent = (self.export)(spans) => sent,
            () = stopped => Err("no answer before the shop stopped".to_owned()),
        };
        if sent.is_ok() { &self.counts.sent } else { &self.counts.failed }.inc_by(count);
        sent
    }
}
