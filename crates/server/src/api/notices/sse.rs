//! Notices as server-sent events.

use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use app::ports::views::ToldNotice;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::ids::UserId;
use futures_util::stream;
use tokio::time::Instant;

use super::Listener;
use crate::api::products::waiting::QueueWatch;
use crate::api::response::replies::applied;
use crate::api::{Shop, texts};
use crate::http::Problem;
use crate::http::language::Language;
use crate::live::feed::Feed;
use crate::security::auth::OpenSession;

/// The range of the random delay after which a client reconnects, so that not all clients reconnect at once.
const RETRY_MS: std::ops::Range<u32> = 1_000..5_000;

/// `GET /api/events`: `id` is the number of the notice, `event` its kind, `data` JSON (N-01…N-03, C-03, C-17, C-33).
///
/// Resumes after `Last-Event-ID` (or `?lastEventId=`); without it, sends new notices only. `event: reset` replaces notices that
/// are too old or too many. A client that reads too slowly is disconnected; it reconnects and misses nothing. Texts are in the
/// language of `Accept-Language`. `Prefer: wait=N` ends the stream after N seconds; it also ends when the token expires, with
/// `event: auth.expired` as its last event.
pub(crate) async fn events(State(shop): State<Shop>, listener: Listener) -> Result<Response, Problem> {
    let feed = listener.feed(&shop).await?;
    let mut greeting = retry();
    if listener.after.is_none() {
        // A client that loses the connection before the first notice resumes from here.
        let _infallible = writeln!(greeting, "id: {}", feed.position());
    }
    greeting.push('\n');
    let Listener { session, language, prefer, .. } = listener;
    let ends = prefer.wait.map(|wait| Instant::now() + wait);
    let heartbeat = shop.stream_heartbeat;
    let queues = QueueWatch::new(shop, UserId(session.principal.user_id));
    let greeting = Some(greeting);
    let stream = Stream { feed, queues, session, language, greeting, ends, heartbeat, is_over: false };
    let body = Body::from_stream(stream::unfold(stream, Stream::step));
    let headers = [(CONTENT_TYPE.as_str(), "text/event-stream"), ("x-accel-buffering", "no")];
    let mut response = (language.headers(), headers, body).into_response();
    applied(&mut response, prefer);
    Ok(response)
}

struct Stream {
    feed: Feed,
    queues: QueueWatch,
    session: OpenSession,
    language: Language,
    greeting: Option<String>,
    /// When the stream ends by `Prefer: wait`.
    ends: Option<Instant>,
    heartbeat: Duration,
    is_over: bool,
}

impl Stream {
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Stream)> {
        let text = self.next().await?;
        Some((Ok(Bytes::from(text)), self))
    }

    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        let mut silent = Duration::ZERO;
        loop {
            if self.session.left().is_zero() {
                return Some(self.expire());
            }
            if let Some(moved) = self.queues.moved().await {
                return Some(moved);
            }
            let left = self.ends.map(|ends| ends.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            let quiet =
                self.heartbeat.saturating_sub(silent).min(left.unwrap_or(self.heartbeat)).min(self.session.left());
            let patience = quiet.min(self.queues.patience());
            match tokio::time::timeout(patience, self.feed.next()).await {
                // The token may have ended while the stream waited.
                Ok(Ok(Some(_))) | Err(_) if self.session.left().is_zero() => return Some(self.expire()),
                Ok(Ok(Some(news))) => return Some(news.iter().map(|notice| event(notice, self.language)).collect()),
                Ok(Ok(None)) => {
                    self.is_over = true;
                    return Some(format!(": the shop is closing\n{}\n", retry()));
                }
                Ok(Err(error)) => {
                    tracing::error!("A notice stream ends because the store could not be read: {error}");
                    return None;
                }
                Err(_elapsed) if left.is_some_and(|left| left <= patience) => return None,
                Err(_elapsed) if patience < quiet => silent += patience,
                Err(_elapsed) => return Some(":\n\n".to_owned()),
            }
        }
    }

    /// Ends the stream, because its token is no longer valid.
    fn expire(&mut self) -> String {
        self.is_over = true;
        expired(self.language)
    }
}

/// Formats a notice as an event. The data is one line, since compact JSON has no line breaks.
fn event(notice: &ToldNotice, language: Language) -> String {
    format!("id: {}\nevent: {}\ndata: {}\n\n", notice.number, notice.kind, texts::notices::data(notice, language))
}

/// The last event of a stream whose token has expired. It has no number, so that the client resumes after the last notice.
fn expired(language: Language) -> String {
    format!("event: auth.expired\ndata: {}\n\n", texts::notices::expired(language))
}

fn retry() -> String {
    let spread = RETRY_MS.end - RETRY_MS.start;
    let retry_ms = RETRY_MS.start + getrandom::u32().unwrap_or_default() % spread;
    format!("retry: {retry_ms}\n")
}
