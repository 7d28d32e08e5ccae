//! The phase of a connection, and its time-outs for reading and writing.
//!
//! The HTTP library's own header time-out starts at the end of the previous answer, so it would close idle connections as early
//! as slow ones. Here the time-out of a head starts at its first byte.

mod streams;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use streams::Streams;

use super::level::ServiceLevel;
use super::limits::ConnectionLimits;
use super::malformed;
use crate::http::body::BodyReader;

/// The longest time that a reserve connection may take to send its only request.
const RESERVE_PATIENCE: Duration = Duration::from_secs(2);
/// The longest write time-out while the shop closes.
const CLOSING_WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a connection waits for.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The first byte of a request; `is_new` until the first request.
    Idle { since: Instant, is_new: bool },
    /// The rest of a request's head.
    Head { since: Instant },
    /// The shop's answer. The client may close its sending side and still gets the answer, unless `heeds_end` is set because a
    /// handler waits for more of the body.
    Answering { heeds_end: bool },
    /// Nothing: the connection was upgraded to another protocol.
    Left,
    /// HTTP/2: requests, or their answers.
    Streams(Streams),
}

#[derive(Debug)]
pub(super) struct Phases {
    phase: Mutex<Phase>,
    /// Since when the client has read nothing of the pending bytes.
    stalled_since: Mutex<Option<Instant>>,
    is_closing: AtomicBool,
    /// The waker of the reading task, if the end of the client's stream was hidden from it.
    reader: Mutex<Option<Waker>>,
    /// Signalled when another connection needs the slot.
    evicted: Notify,
    is_evicted: AtomicBool,
    header_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
}

impl Phases {
    pub(super) fn new(limits: &ConnectionLimits, level: ServiceLevel) -> Phases {
        let ConnectionLimits { header_timeout, idle_timeout, write_timeout, .. } = *limits;
        let patience = match level {
            ServiceLevel::Everything => Duration::MAX,
            ServiceLevel::HealthOnly(_) => RESERVE_PATIENCE,
        };
        let (header_timeout, idle_timeout) = (header_timeout.min(patience), idle_timeout.min(patience));
        let phase = Mutex::new(Phase::Idle { since: Instant::now(), is_new: true });
        Phases {
            phase,
            stalled_since: Mutex::new(None),
            is_closing: AtomicBool::new(false),
            reader: Mutex::new(None),
            evicted: Notify::new(),
            is_evicted: AtomicBool::new(false),
            header_timeout,
            idle_timeout,
            write_timeout,
        }
    }

    /// Returns when the connection times out, if its phase does not change before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let stalled = self.stalled_since.lock().map(|since| since + self.write_timeout());
        let waited = match *self.phase.lock() {
            Phase::Idle { since, .. } => Some(since + self.idle_timeout),
            Phase::Head { since } => Some(since + self.header_timeout),
            Phase::Streams(Streams { open: 0, since, .. }) => Some(since + self.streams_idle_timeout()),
            Phase::Streams(Streams { sending: 1.., since, .. }) => Some(since + self.write_timeout()),
            // Streams end on tasks of their own, which do not wake the one that waits for this moment: it looks again.
            Phase::Streams(_) => Some(Instant::now() + self.idle_timeout),
            Phase::Answering { .. } | Phase::Left => None,
        };
        stalled.into_iter().chain(waited).min()
    }

    fn bytes_arrived(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Idle { .. } = *phase {
            *phase = Phase::Head { since: Instant::now() };
        }
    }

    fn write_timeout(&self) -> Duration {
        match self.is_closing.load(Ordering::Relaxed) {
            true => self.write_timeout.min(CLOSING_WRITE_TIMEOUT),
            false => self.write_timeout,
        }
    }

    /// A client of HTTP/2 is told that the connection closes, and has little time left to close it.
    fn streams_idle_timeout(&self) -> Duration {
        match self.is_closing.load(Ordering::Relaxed) {
            true => self.idle_timeout.min(CLOSING_WRITE_TIMEOUT),
            false => self.idle_timeout,
        }
    }

    /// The connection speaks HTTP/2 from here on.
    pub(super) fn begin_streams(&self) {
        let streams = Streams { open: 0, sending: 0, since: Instant::now(), is_new: true };
        *self.phase.lock() = Phase::Streams(streams);
    }

    pub(super) fn stream_opened(&self) {
        self.with_streams(|streams| (streams.open, streams.is_new) = (streams.open + 1, false));
    }

    pub(super) fn stream_closed(&self) {
        self.with_streams(|streams| streams.open = streams.open.saturating_sub(1));
    }

    /// Notes that a stream waits for its client to take what was sent, or that the client took it.
    pub(super) fn stream_sends(&self, is_sending: bool) {
        self.with_streams(|streams| {
            streams.sending = if is_sending { streams.sending + 1 } else { streams.sending.saturating_sub(1) };
        });
    }

    fn with_streams(&self, change: impl FnOnce(&mut Streams)) {
        if let Phase::Streams(streams) = &mut *self.phase.lock() {
            change(streams);
            streams.since = Instant::now();
        }
    }

    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    fn wrote(&self, is_stalled: bool) {
        let mut since = self.stalled_since.lock();
        if since.is_some() != is_stalled {
            *since = is_stalled.then(Instant::now);
        }
    }

    pub(super) fn head_complete(&self) {
        *self.phase.lock() = Phase::Answering { heeds_end: false };
    }

    pub(super) fn answered(&self) {
        {
            let mut phase = self.phase.lock();
            if let Phase::Answering { .. } = *phase {
                *phase = Phase::Idle { since: Instant::now(), is_new: false };
            }
        }
        self.wake_reader();
    }

    /// Makes the connection close when the client closes its sending side: the handler needs more of the body, or the answer is
    /// endless.
    pub(super) fn heed_end(&self) {
        if let Phase::Answering { heeds_end } = &mut *self.phase.lock() {
            *heeds_end = true;
        }
        self.wake_reader();
    }

    pub(super) fn leave_http(&self) {
        *self.phase.lock() = Phase::Left;
        self.wake_reader();
    }

    /// Returns `true` if the end of the client's stream is to be hidden from the reading task, which is woken when that changes.
    fn overlooks_end(&self, context: &Context<'_>) -> bool {
        let overlooks = matches!(*self.phase.lock(), Phase::Answering { heeds_end: false });
        if overlooks {
            *self.reader.lock() = Some(context.waker().clone());
        }
        overlooks
    }

    fn wake_reader(&self) {
        if let Some(waker) = self.reader.lock().take() {
            waker.wake();
        }
    }

    /// Returns since when the connection is idle; sorts connections that never sent a request first.
    pub(super) fn waits_since(&self) -> Option<(bool, Instant)> {
        match *self.phase.lock() {
            Phase::Idle { since, is_new } => Some((!is_new, since)),
            Phase::Streams(Streams { open: 0, since, is_new, .. }) => Some((!is_new, since)),
            Phase::Head { .. } | Phase::Answering { .. } | Phase::Left | Phase::Streams(_) => None,
        }
    }

    /// Closes the connection in favour of another one, after the answer in progress.
    pub(super) fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
        self.evicted.notify_one();
    }

    /// Waits until the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    #[cfg(test)]
    pub(super) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Relaxed)
    }

    /// Returns `true` if the shop is sending no answer, so that the HTTP library may be sending its own.
    pub(super) fn is_between_answers(&self) -> bool {
        matches!(*self.phase.lock(), Phase::Idle { .. } | Phase::Head { .. })
    }
}

impl BodyReader for Phases {
    fn wants_more(&self) {
        self.heed_end();
    }

    /// The bytes that looked like a new head were the rest of an unread body.
    fn is_free(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Head { .. } = *phase {
            *phase = Phase::Idle { since: Instant::now(), is_new: false };
        }
    }
}

/// A stream that records in its phases when bytes arrive and when none can be sent.
pub(super) struct Tracked<T> {
    inner: T,
    phases: Arc<Phases>,
    /// The unsent rest of the answer that replaces the HTTP library's own one.
    stand_in: Option<Bytes>,
}

impl<T> Tracked<T> {
    pub(super) fn new(inner: T, phases: Arc<Phases>) -> Tracked<T> {
        Tracked { inner, phases, stand_in: None }
    }
}

impl<T: AsyncWrite + Unpin> Tracked<T> {
    /// Sends bytes, but a problem document in place of the HTTP library's own answer.
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let own = if self.phases.is_between_answers() { malformed::find(bytes) } else { None };
        match own {
            None => Pin::new(&mut self.inner).poll_write(context, bytes),
            Some((0, status)) => {
                let rest = self.stand_in.get_or_insert_with(|| malformed::answer(status));
                while !rest.is_empty() {
                    let sent = ready!(Pin::new(&mut self.inner).poll_write(context, rest))?;
                    if sent == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    rest.advance(sent);
                }
                Poll::Ready(Ok(bytes.len()))
            }
            Some((ours, _)) => Pin::new(&mut self.inner).poll_write(context, &bytes[..ours]),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tracked<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.phases.bytes_arrived();
        } else if buffer.remaining() > 0 && self.phases.overlooks_end(context) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tracked<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.poll_send(context, bytes);
        self.phases.wrote(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match slices {
            [only] => self.poll_send(context, only),
            several => Pin::new(&mut self.inner).poll_write_vectored(context, several),
        };
        self.phases.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);
    const WRITE: Duration = Duration::from_secs(30);

    fn phases() -> Phases {
        let limits = ConnectionLimits {
            threads: 1,
            connections_max: 1,
            connections_per_address_max: 1,
            header_timeout: HEADER,
            body_timeout: HEADER,
            idle_timeout: IDLE,
            write_timeout: WRITE,
            shutdown_grace: HEADER,
        };
        Phases::new(&limits, ServiceLevel::Everything)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_times_out() {
        let phases = phases();
        phases.head_complete();
        phases.wrote(true);
        let stalled = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        phases.wrote(true);
        assert_eq!(phases.deadline(), Some(stalled + WRITE));
        phases.close();
        assert_eq!(phases.deadline(), Some(stalled + CLOSING_WRITE_TIMEOUT));
        phases.wrote(false);
        assert_eq!(phases.deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_a_head_starts_at_its_first_byte() {
        let phases = phases();
        let start = Instant::now();
        assert_eq!(phases.deadline(), Some(start + IDLE));
        tokio::time::advance(Duration::from_secs(60)).await;
        phases.bytes_arrived();
        let first_byte = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        phases.bytes_arrived();
        assert_eq!(phases.deadline(), Some(first_byte + HEADER));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_its_time() {
        let phases = phases();
        phases.bytes_arrived();
        phases.head_complete();
        phases.bytes_arrived();
        assert_eq!(phases.deadline(), None);
        phases.answered();
        assert_eq!(phases.deadline(), Some(Instant::now() + IDLE));
    }

    #[tokio::test(start_paused = true)]
    async fn streams_side_by_side_have_one_clock() {
        let phases = phases();
        phases.begin_streams();
        let start = Instant::now();
        phases.bytes_arrived();
        assert_eq!((phases.deadline(), phases.waits_since()), (Some(start + IDLE), Some((false, start))));
        phases.stream_opened();
        phases.stream_opened();
        tokio::time::advance(WRITE).await;
        let later = Some(Instant::now() + IDLE);
        assert_eq!((phases.deadline(), phases.waits_since()), (later, None), "handlers may take their time");
        phases.stream_sends(true);
        phases.stream_closed();
        assert_eq!(phases.deadline(), Some(Instant::now() + WRITE), "one of them is not read");
        phases.stream_sends(false);
        phases.stream_closed();
        assert_eq!(phases.waits_since(), Some((true, Instant::now())));
        phases.close();
        assert_eq!(phases.deadline(), Some(Instant::now() + CLOSING_WRITE_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drained_body_leaves_the_connection_idle() {
        let phases = phases();
        phases.head_complete();
        phases.answered();
        phases.bytes_arrived();
        phases.is_free();
        assert_eq!(phases.deadline(), Some(Instant::now() + IDLE));
    }
}
