//! Spans for a trace collector. Off unless [`start`] was called; then each request decides once whether it is traced.

pub mod batches;
pub mod counts;
pub mod publishing;

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use app::events::trace::TraceParent;
use app::events::trace::span::{Kind, Span};

use counts::Counts;

use crate::http::trace::next_random;

/// Finished spans that wait for the collector. Further ones are dropped and counted.
const WAITING_MAX: usize = 8_192;

static TRACER: OnceLock<Tracer> = OnceLock::new();

/// Decides which requests are traced, and takes finished spans.
#[derive(Debug)]
pub struct Tracer {
    share: Share,
    finished: SyncSender<Span>,
    counts: Counts,
}

/// The traces that are traced: those whose lower half is below a number.
#[derive(Clone, Copy, Debug)]
struct Share {
    below: u128,
}

/// A span that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    own: TraceParent,
    parent: Option<u64>,
    begun: Instant,
    begun_ns: u64,
}

/// Starts tracing in this process, for a share of the requests between 0 and 1; returns the finished spans. `None` if it was
/// started before.
pub fn start(share: f64, counts: Counts) -> Option<Receiver<Span>> {
    let (finished, receiver) = sync_channel(WAITING_MAX);
    TRACER.set(Tracer { share: Share::of(share), finished, counts }).ok().map(|()| receiver)
}

/// Returns the tracer of this process, if tracing was started.
pub fn tracer() -> Option<&'static Tracer> {
    TRACER.get()
}

impl Share {
    fn of(share: f64) -> Share {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of all numbers")]
        let below = (share.clamp(0.0, 1.0) * 18_446_744_073_709_551_616.0) as u128;
        Share { below }
    }

    fn has(self, trace: u128) -> bool {
        trace & u128::from(u64::MAX) < self.below
    }
}

impl Tracer {
    /// Begins the span of a request, if the request is traced: as its caller decided, or by its share.
    pub fn request(&self, caller: Option<TraceParent>, trace: u128) -> Option<Context> {
        let is_sampled = caller.map_or_else(|| self.share.has(trace), TraceParent::is_sampled);
        if is_sampled { Context::begin(trace, caller.map(TraceParent::span)) } else { None }
    }

    pub fn finish(&self, span: Span) {
        if self.finished.try_send(span).is_err() {
            self.counts.dropped.inc();
        }
    }
}

/// Begins a span that a traced one caused; `None` if that one is not traced, or tracing is off.
pub fn caused_by(cause: TraceParent) -> Option<Context> {
    let _is_on = tracer()?;
    if cause.is_sampled() { Context::begin(cause.trace(), Some(cause.span())) } else { None }
}

/// Takes a finished span, if tracing is on.
pub fn finish(span: Span) {
    if let Some(tracer) = tracer() {
        tracer.finish(span);
    }
}

impl Context {
    fn begin(trace: u128, parent: Option<u64>) -> Option<Context> {
        let id = next_random().max(1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let begun_ns = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Some(Context { own: TraceParent::of_span(trace, id)?, parent, begun: Instant::now(), begun_ns })
    }

    /// Returns the parent of what this span causes.
    pub const fn as_parent(&self) -> TraceParent {
        self.own
    }

    /// Ends the span now.
    pub fn end(self, name: String, kind: Kind) -> Span {
        let Context { own, parent, begun, begun_ns } = self;
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let end_ns = begun_ns.saturating_add(took);
        Span { own, parent, name, kind, begun_ns, end_ns, attributes: vec![], has_failed: false, links: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracer(share: f64) -> (Tracer, Receiver<Span>) {
        let (finished, receiver) = sync_channel(1);
        (Tracer { share: Share::of(share), finished, counts: Counts::default() }, receiver)
    }

    #[test]
    fn the_caller_or_the_share_decides_what_is_traced() {
        let [none, all, half] = [0.0, 1.0, 0.5].map(|share| tracer(share).0);
        let caller = |flags: &str| {
            TraceParent::parse(format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}").as_bytes())
        };
        assert!(none.request(None, 1).is_none() && all.request(None, u128::MAX).is_some());
        assert!(half.request(None, 1).is_some() && half.request(None, u128::from(u64::MAX)).is_none());
        assert!(all.request(caller("00"), 1).is_none(), "a caller that does not trace is followed");
        let followed = none.request(caller("01"), 7).unwrap();
        assert_eq!((followed.own.trace(), followed.parent), (7, Some(0xb7ad_6b71_6920_3331)));
        assert!(followed.as_parent().is_sampled());
    }

    #[test]
    fn a_full_queue_drops_spans_and_counts_them() {
        let (tracer, receiver) = tracer(1.0);
        for _ in 0..3 {
            tracer.finish(Context::begin(1, None).unwrap().end("a".to_owned(), Kind::Internal));
        }
        assert_eq!((tracer.counts.dropped.get(), receiver.try_iter().count()), (2, 1));
    }
}
