//! Notices over a WebSocket, and what the reader may ask for.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use app::ports::views::ToldNotice;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::Listener;
use crate::api::texts::{self, Text, notices, values};
use crate::api::{Shop, unavailable};
use crate::http::connections::Held;
use crate::http::{Code, Problem};
use crate::live::feed::Feed;
use crate::openapi::{Describes, Operation};

/// The longest message of a reader. A longer one ends the conversation; one that is much longer is not even read.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;
const FRAME_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
const TOPICS_MAX: usize = 100;
const TOPIC: &str = "/topic/order/";
/// So soon it is seen, while a reader is waited for, that the shop closes.
const CLOSING_SEEN: Duration = Duration::from_secs(1);
/// How long a reader may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(3);

/// `GET /api/ws`: the messages of `GET /api/events` as text frames `{id, type, data}` (N-01…N-04, N-06).
///
/// An answer to what the reader asked is no notice and has no `id`. The conversation ends with 4001 when the token expires.
///
/// The reader may send `{"resumeAfter": id}` and `{"subscribe": "/topic/order/{n}"}`. He gets all his notices either way;
/// those of an order he subscribed to carry its `topic`, and he is told at once how it stands.
pub(crate) async fn connect(
    State(shop): State<Shop>,
    listener: Listener,
    held: Option<Extension<Held>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_refused| Problem::invalid_header("Upgrade", "required", values::WEBSOCKET))?;
    let feed = listener.feed(&shop).await?;
    let (told, language) = (feed.position(), listener.language);
    let beat_at = Instant::now() + shop.stream_heartbeat;
    let conversation = move |socket| Conversation {
        socket,
        feed,
        told,
        listener,
        shop,
        topics: BTreeSet::new(),
        beat_at,
        is_heard: true,
    };
    // The library would otherwise reserve 128 KiB for what a reader may say.
    let upgrade = upgrade.read_buffer_size(MESSAGE_BYTES_MAX).write_buffer_size(0);
    let upgrade = upgrade.max_message_size(FRAME_BYTES_MAX).max_frame_size(FRAME_BYTES_MAX);
    let mut response = upgrade.on_upgrade(|socket| async move {
        conversation(socket).run().await;
        drop(held);
    });
    response.headers_mut().extend(language.headers());
    Ok(response)
}

/// The connection that a conversation keeps open; the request says nothing of it.
impl Describes for Extension<Held> {
    fn describe(_: &mut Operation) {}
}

impl Describes for Result<WebSocketUpgrade, WebSocketUpgradeRejection> {
    fn describe(operation: &mut Operation) {
        operation.refuse(Code::ValidationFailed);
    }
}

/// What a reader may say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Asked {
    ResumeAfter(i64),
    Subscribe(String),
}

/// Why a conversation ends.
enum Ending {
    /// The reader said goodbye, or is gone.
    Left,
    ShopCloses,
    ReadsTooSlowly,
    TokenExpired,
    SaysTooMuch,
    StoreFails,
}

struct Conversation {
    socket: WebSocket,
    feed: Feed,
    /// The number of the last notice that was sent.
    told: i64,
    listener: Listener,
    shop: Shop,
    /// Numbers of orders that the reader subscribed to.
    topics: BTreeSet<String>,
    beat_at: Instant,
    /// Whether the reader showed a sign of life since the last heartbeat.
    is_heard: bool,
}

impl Conversation {
    async fn run(mut self) {
        loop {
            if self.listener.session.left().is_zero() {
                return self.end(Ending::TokenExpired).await;
            }
            let wakes_at =
                self.beat_at.min(Instant::now() + self.shop.stream_heartbeat.min(self.listener.session.left()));
            let step = tokio::select! {
                said = self.socket.recv() => match said {
                    Some(Ok(said)) => self.hear(said).await,
                    Some(Err(_unreadable)) => Err(Ending::SaysTooMuch),
                    None => return,
                },
                news = self.feed.next() => match news {
                    Ok(Some(news)) => self.tell(&news).await,
                    Ok(None) => Err(Ending::ShopCloses),
                    Err(error) => {
                        tracing::error!("A stream of notices ends, as the store does not answer: {error}");
                        Err(Ending::StoreFails)
                    }
                },
                () = sleep_until(wakes_at) => self.beat().await,
            };
            if let Err(ending) = step {
                return self.end(ending).await;
            }
        }
    }

    async fn tell(&mut self, news: &[ToldNotice]) -> Result<(), Ending> {
        for notice in news {
            if self.listener.session.left().is_zero() {
                return Err(Ending::TokenExpired);
            }
            // What is handed over now arrives before anything that says so.
            self.told = notice.number;
            let data = texts::notices::told(notice, self.listener.language);
            let frame = frame(Some(notice.number), &notice.kind, self.topic_of(notice).as_deref(), &data);
            self.send(Message::text(frame)).await?;
        }
        Ok(())
    }

    fn topic_of(&self, notice: &ToldNotice) -> Option<String> {
        if self.topics.is_empty() {
            return None;
        }
        let data: Value = serde_json::from_str(&notice.data).ok()?;
        let order = data["orderNumber"].as_str().filter(|order| self.topics.contains(*order))?;
        Some(format!("{TOPIC}{order}"))
    }

    async fn hear(&mut self, said: Message) -> Result<(), Ending> {
        self.is_heard = true;
        let text = match said {
            Message::Text(text) => text,
            Message::Binary(_) => return self.object(Code::ValidationFailed, notices::NOT_TEXT).await,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Ending::Left),
        };
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(Ending::SaysTooMuch);
        }
        match serde_json::from_str(text.as_str()) {
            Ok(Asked::ResumeAfter(after)) if after >= 0 => {
                self.told = after;
                self.feed.resume(after);
                Ok(())
            }
            Ok(Asked::Subscribe(topic)) => self.subscribe(&topic).await,
            Ok(Asked::ResumeAfter(_)) | Err(_) => self.object(Code::ValidationFailed, notices::NOT_ASKED).await,
        }
    }

    /// Somebody else's order does not exist for this reader.
    async fn subscribe(&mut self, topic: &str) -> Result<(), Ending> {
        let order = topic.strip_prefix(TOPIC).and_then(|number| self.shop.submitter.codec.order_id(number));
        let order = match order {
            Some(order) => self.shop.submitter.views.order(order).await.map_err(|error| {
                unavailable(error);
                Ending::StoreFails
            })?,
            None => None,
        };
        let Some(order) = order.filter(|order| order.user() == self.listener.user()) else {
            return self.object(Code::OrderNotFound, notices::NO_SUCH_TOPIC).await;
        };
        if self.topics.len() >= TOPICS_MAX {
            return self.object(Code::ValidationFailed, notices::TOPICS_TOO_MANY).await;
        }
        let number = order.created.number.to_string();
        let data = json!({
            "orderId": number,
            "orderNumber": number,
            "outcome": order.outcome.name(),
            "status": order.status.name(),
            "reason": order.reason.map(domain::reason::Reason::code),
        });
        let topic = format!("{TOPIC}{number}");
        self.topics.insert(number);
        let frame = frame(None, "order.status", Some(&topic), &data.to_string());
        self.send(Message::text(frame)).await
    }

    /// Answers what cannot be done; the conversation goes on.
    async fn object(&mut self, code: Code, detail: Text) -> Result<(), Ending> {
        let data = json!({"code": code.as_str(), "detail": detail.of(self.listener.language)});
        let frame = frame(None, "error", None, &data.to_string());
        self.send(Message::text(frame)).await
    }

    async fn beat(&mut self) -> Result<(), Ending> {
        // Awake because the token expires: the loop sees to it.
        if Instant::now() < self.beat_at {
            return Ok(());
        }
        // A ping that was not answered until the next one is due: nobody is there any more.
        if !std::mem::take(&mut self.is_heard) {
            return Err(Ending::Left);
        }
        self.beat_at = Instant::now() + self.shop.stream_heartbeat;
        self.send(Message::Ping(axum::body::Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        let patience = Instant::now() + self.shop.write_timeout;
        let mut sending = pin!(self.socket.send(message));
        loop {
            let slice = patience.min(Instant::now() + CLOSING_SEEN);
            match timeout_at(slice, sending.as_mut()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(_gone)) => return Err(Ending::Left),
                Err(_elapsed) if patience <= Instant::now() || self.feed.is_closed() => {
                    return Err(Ending::ReadsTooSlowly);
                }
                Err(_elapsed) => {}
            }
        }
    }

    /// Says goodbye, and why, as far as the reader still listens.
    async fn end(mut self, ending: Ending) {
        let resume = format!("resume after {}", self.told);
        let (code, reason) = match ending {
            Ending::Left => (1000, String::new()),
            Ending::ShopCloses => (1001, resume),
            Ending::SaysTooMuch => (1009, format!("a message is text of at most {MESSAGE_BYTES_MAX} bytes")),
            Ending::StoreFails => (1011, resume),
            Ending::ReadsTooSlowly => {
                self.shop.submitter.subscriptions.note_too_slow();
                (4000, resume)
            }
            Ending::TokenExpired => (4001, format!("the token has expired; {resume} with a new one")),
        };
        let goodbye = async {
            let frame = CloseFrame { code, reason: reason.into() };
            let _gone = self.socket.send(Message::Close(Some(frame))).await;
            // A connection that is closed before the reader has answered may take the last frames with it.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _elapsed = timeout(FAREWELL, goodbye).await;
    }
}

/// Kinds and topics are plain words, and the data is JSON already. Only a notice has a number.
fn frame(id: Option<i64>, kind: &str, topic: Option<&str>, data: &str) -> String {
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    let topic = topic.map(|topic| format!(r#""topic":"{topic}","#)).unwrap_or_default();
    format!(r#"{{{id}"type":"{kind}",{topic}"data":{data}}}"#)
}
