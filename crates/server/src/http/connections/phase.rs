//! What a connection is waiting for, and how long it may.
//!
//! The HTTP library's own timeout runs from the end of the previous answer, so that it would close
//! idle connections as soon as slow ones. Here the clock of a head starts at its first byte.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// For the first byte of a request.
    Idle { since: Instant },
    /// For the rest of its head.
    Head { since: Instant },
    /// For our own answer.
    Answering,
}

#[derive(Debug)]
pub(super) struct Phases {
    phase: Mutex<Phase>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl Phases {
    pub(super) fn new(header_timeout: Duration, idle_timeout: Duration) -> Phases {
        let phase = Mutex::new(Phase::Idle { since: Instant::now() });
        Phases { phase, header_timeout, idle_timeout }
    }

    /// When the connection is to be closed, unless something happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match *self.phase.lock() {
            Phase::Idle { since } => Some(since + self.idle_timeout),
            Phase::Head { since } => Some(since + self.header_timeout),
            Phase::Answering => None,
        }
    }

    fn bytes_arrived(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Idle { .. } = *phase {
            *phase = Phase::Head { since: Instant::now() };
        }
    }

    pub(super) fn head_complete(&self) {
        *self.phase.lock() = Phase::Answering;
    }

    pub(super) fn answered(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Answering = *phase {
            *phase = Phase::Idle { since: Instant::now() };
        }
    }

    /// The bytes that looked like a new head were the rest of a body that nobody read.
    pub(super) fn body_drained(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Head { .. } = *phase {
            *phase = Phase::Idle { since: Instant::now() };
        }
    }
}

/// A stream that notes when bytes arrive.
pub(super) struct Noting<T> {
    inner: T,
    phases: Arc<Phases>,
}

impl<T> Noting<T> {
    pub(super) fn new(inner: T, phases: Arc<Phases>) -> Noting<T> {
        Noting { inner, phases }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Noting<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.phases.bytes_arrived();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noting<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
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
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
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

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_a_head_starts_at_its_first_byte() {
        let phases = Phases::new(HEADER, IDLE);
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
        let phases = Phases::new(HEADER, IDLE);
        phases.bytes_arrived();
        phases.head_complete();
        phases.bytes_arrived();
        assert_eq!(phases.deadline(), None);
        phases.answered();
        assert_eq!(phases.deadline(), Some(Instant::now() + IDLE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drained_body_leaves_the_connection_idle() {
        let phases = Phases::new(HEADER, IDLE);
        phases.head_complete();
        phases.answered();
        phases.bytes_arrived();
        phases.body_drained();
        assert_eq!(phases.deadline(), Some(Instant::now() + IDLE));
    }
}
