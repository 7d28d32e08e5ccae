//! Reads request bodies within their limits, and drains unread ones so that the connection stays usable.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

use super::{Code, Problem};
use crate::api::texts::{bodies, details};
use crate::config;

/// The limits of a request's body. The state of every router with a JSON body provides them.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    pub bytes_max: usize,
    pub timeout: Duration,
}

impl From<&config::Server> for BodyLimits {
    fn from(server: &config::Server) -> BodyLimits {
        BodyLimits { bytes_max: server.body_bytes_max, timeout: server.body_timeout() }
    }
}

/// The most bytes of an unread body that are read and dropped after the answer. A client that is still sending when the
/// connection closes may never see the answer.
const DRAINED_BYTES_MAX: usize = 1024 * 1024;

/// Returns `true` if the headers announce a body.
pub(crate) fn is_announced(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Reads the whole body.
///
/// # Errors
/// A problem if the body is compressed, too large, too slow or incomplete.
pub async fn read(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<Bytes, Problem> {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(Problem::new(Code::MediaTypeUnsupported, details::BODY_COMPRESSED));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limits.bytes_max as u64) {
        return Err(too_large(limits.bytes_max));
    }
    let collected = collect(body, limits.bytes_max);
    tokio::time::timeout(limits.timeout, collected).await.unwrap_or_else(|_elapsed| {
        let seconds = limits.timeout.as_secs_f64();
        Err(Problem::new(Code::RequestTimeout, details::BODY_TOO_SLOW.with(seconds)))
    })
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| Problem::invalid("#", "incomplete", bodies::BROKEN_OFF))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        // A small body is one frame, and is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, details::BODY_TOO_LARGE.with(bytes_max))
}

/// A body whose unread rest is read and dropped when the handler drops it.
pub(super) struct Drained<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> {
    body: Option<B>,
    patience: Duration,
    /// Whether the client still waits for `100 Continue`, which the first read sends.
    unasked: bool,
    reader: Option<Arc<dyn BodyReader>>,
}

/// The state of the connection that a body is read from.
pub(super) trait BodyReader: Send + Sync {
    /// Notes that the handler waits for more of the body.
    fn wants_more(&self);
    /// Notes that the connection holds no rest of the body any more.
    fn is_free(&self);
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Drained<B> {
    pub(super) fn new(body: B, patience: Duration, reader: Arc<dyn BodyReader>) -> Drained<B> {
        Drained { body: Some(body), patience, unasked: false, reader: Some(reader) }
    }

    /// Marks the body of a client that waits for `100 Continue`.
    pub(super) fn unasked(mut self) -> Drained<B> {
        self.unasked = true;
        self
    }
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> HttpBody for Drained<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.unasked = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if frame.is_pending()
            && let Some(reader) = &self.reader
        {
            reader.wants_more();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(B::size_hint).unwrap_or_default()
    }
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Drop for Drained<B> {
    fn drop(&mut self) {
        let (Some(body), Some(reader)) = (self.body.take(), self.reader.take()) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if body.is_end_stream() || self.unasked {
            return;
        }
        let patience = self.patience;
        runtime.spawn(async move {
            // Too slow or too long: dropping the body closes the connection.
            let _elapsed = tokio::time::timeout(patience, drain(body)).await;
            reader.is_free();
        });
    }
}

async fn drain<B: HttpBody<Data = Bytes> + Unpin>(mut body: B) {
    let mut dropped = 0;
    while dropped <= DRAINED_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else {
            return;
        };
        dropped += frame.data_ref().map_or(0, Bytes::len);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::Full;
    use http_body_util::channel::Channel;

    use super::*;

    #[derive(Default)]
    struct Reader(AtomicUsize);

    impl BodyReader for Reader {
        fn wants_more(&self) {}

        fn is_free(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const LIMITS: BodyLimits = BodyLimits { bytes_max: 8, timeout: Duration::from_millis(50) };

    async fn chunks(chunks: &[&'static str]) -> Result<Bytes, Problem> {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(chunks.len().max(1));
        for chunk in chunks {
            sender.send_data(Bytes::from_static(chunk.as_bytes())).await.unwrap();
        }
        drop(sender);
        read(&HeaderMap::new(), Body::new(body), LIMITS).await
    }

    #[tokio::test]
    async fn chunks_are_put_together() {
        assert_eq!(chunks(&[]).await.unwrap(), "");
        assert_eq!(chunks(&["abc"]).await.unwrap(), "abc");
        assert_eq!(chunks(&["abc", "def", "gh"]).await.unwrap(), "abcdefgh");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let refused = chunks(&["abc", "def", "ghi"]).await.unwrap_err();
        assert_eq!(refused.code(), Code::BodyTooLarge);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, 9.into());
        let refused = read(&headers, Body::empty(), LIMITS).await.unwrap_err();
        assert_eq!(refused.code(), Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        for (coding, is_plain) in [("gzip", false), ("br", false), ("gzip, identity", false), ("identity", true)] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            let read = read(&headers, Body::empty(), LIMITS).await;
            assert_eq!(
                read.map_err(|problem| problem.code()),
                if is_plain { Ok(Bytes::new()) } else { Err(Code::MediaTypeUnsupported) },
                "{coding}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_arrive_times_out() {
        let (_sender, body) = Channel::<Bytes, Infallible>::new(1);
        let refused = read(&HeaderMap::new(), Body::new(body), LIMITS).await.unwrap_err();
        assert_eq!(refused.code(), Code::RequestTimeout);
    }

    #[tokio::test]
    async fn an_unread_body_is_drained() {
        let reader = Arc::new(Reader::default());
        let body = Full::new(Bytes::from_static(b"unread"));
        drop(Drained::new(body, Duration::from_secs(1), Arc::<Reader>::clone(&reader)));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(reader.0.load(Ordering::Relaxed), 1);
    }
}
