//! Notices over a WebSocket, and the messages that a client may send.

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
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{self, Text, notices, values};
use crate::http::connections::Held;
use crate::http::{Code, Problem};
use crate::live::feed::Feed;
use crate::openapi::{Describes, Operation};

/// The longest message of a client, in bytes. A longer one closes the connection; one above `FRAME_BYTES_MAX` is not even read.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;
const FRAME_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
const TOPICS_MAX: usize = 100;
const TOPIC: &str = "/topic/order/";
/// How often a send that waits for a slow client checks whether the shop is closing.
const CLOSING_SEEN: Duration = Duration::from_secs(1);
/// How long a client may take to answer the close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// `GET /api/ws`: the messages of `GET /api/events` as text frames `{id, type, data}` (N-01…N-04, N-06).
///
/// An answer to a client's message is no notice and has no `id`. The connection closes with 4001 when the token expires. The reason of
/// a close frame is in the language of the handshake.
///
/// The client may send `{"resumeAfter": id}` and `{"subscribe": "/topic/order/{n}"}`. It gets all of its user's notices either
/// way; those of a subscribed order carry its `topic`, and the subscription is answered with the order's status.
pub(crate) async fn connect(
    State(shop): State<Shop>,
    listener: Listener,
    held: Option<Extension<Held>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_refused| Problem::invalid_header("Upgrade", "required", values::WEBSOCKET))?;
    let feed = listener.feed(&shop).await?;
    let (last_sent, language) = (feed.position(), listener.language);
    let beat_at = Instant::now() + shop.stream_heartbeat;
    let conversation = move |socket| Conversation {
        socket,
        feed,
        last_sent,
        listener,
        shop,
        topics: BTreeSet::new(),
        beat_at,
        is_heard: true,
    };
    // The library would otherwise reserve 128 KiB for each client's messages.
    let upgrade = upgrade.read_buffer_size(MESSAGE_BYTES_MAX).write_buffer_size(0);
    let upgrade = upgrade.max_message_size(FRAME_BYTES_MAX).max_frame_size(FRAME_BYTES_MAX);
    let mut response = upgrade.on_upgrade(|socket| async move {
        conversation(socket).run().await;
        drop(held);
    });
    response.headers_mut().extend(language.headers());
    Ok(response)
}

/// Describes nothing: a client does not send it.
impl Describes for Extension<Held> {
    fn describe(_: &mut Operation) {}
}

impl Describes for Result<WebSocketUpgrade, WebSocketUpgradeRejection> {
    fn describe(operation: &mut Operation) {
        operation.refuse(Code::ValidationFailed);
    }
}

/// A message of a client.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Asked {
    ResumeAfter(i64),
    Subscribe(String),
}

/// Why a connection is closed.
enum Ending {
    /// The client closed the connection, or is gone.
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
    last_sent: i64,
    listener: Listener,
    shop: Shop,
    /// The numbers of subscribed orders.
    topics: BTreeSet<String>,
    beat_at: Instant,
    /// Whether the client sent anything since the last heartbeat.
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
                received = self.socket.recv() => match received {
                    Some(Ok(message)) => self.receive(message).await,
                    Some(Err(_unreadable)) => Err(Ending::SaysTooMuch),
                    None => return,
                },
                news = self.feed.next() => match news {
                    Ok(Some(news)) => self.send_notices(&news).await,
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

    async fn send_notices(&mut self, news: &[ToldNotice]) -> Result<(), Ending> {
        for notice in news {
            if self.listener.session.left().is_zero() {
                return Err(Ending::TokenExpired);
            }
            // The notice is sent before any close frame that names its number.
            self.last_sent = notice.number;
            let data = texts::notices::data(notice, self.listener.language);
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

    async fn receive(&mut self, message: Message) -> Result<(), Ending> {
        self.is_heard = true;
        let text = match message {
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
                self.last_sent = after;
                self.feed.resume(after);
                Ok(())
            }
            Ok(Asked::Subscribe(topic)) => self.subscribe(&topic).await,
            Ok(Asked::ResumeAfter(_)) | Err(_) => self.object(Code::ValidationFailed, notices::NOT_A_MESSAGE).await,
        }
    }

    /// Subscribes to an order. An order of another user is answered as not found.
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

    /// Answers an invalid message with an `error` frame; the connection stays open.
    async fn object(&mut self, code: Code, detail: Text) -> Result<(), Ending> {
        let data = json!({"code": code.as_str(), "detail": detail.of(self.listener.language)});
        let frame = frame(None, "error", None, &data.to_string());
        self.send(Message::text(frame)).await
    }

    async fn beat(&mut self) -> Result<(), Ending> {
        // Woken early because the token expires; the loop handles that.
        if Instant::now() < self.beat_at {
            return Ok(());
        }
        // The last ping was not answered before the next one is due: the client is gone.
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

    /// Sends the close frame with its reason, and waits for the client's answer.
    async fn end(mut self, ending: Ending) {
        let resume = Some(notices::RESUME.with(self.last_sent));
        let (code, reason) = match ending {
            Ending::Left => (1000, None),
            Ending::ShopCloses => (1001, resume),
            Ending::SaysTooMuch => (1009, Some(notices::MESSAGE_TOO_LONG.with(MESSAGE_BYTES_MAX))),
            Ending::StoreFails => (1011, resume),
            Ending::ReadsTooSlowly => {
                self.shop.submitter.subscriptions.note_too_slow();
                (4000, resume)
            }
            Ending::TokenExpired => (4001, Some(notices::RESUME_WITH_NEW_TOKEN.with(self.last_sent))),
        };
        let reason = reason.map(|reason| reason.of(self.listener.language).into_owned()).unwrap_or_default();
        let closing = async {
            let frame = CloseFrame { code, reason: reason.into() };
            let _gone = self.socket.send(Message::Close(Some(frame))).await;
            // Closing the connection before the client has answered could lose the last frames.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _elapsed = timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// Formats a frame. Kinds and topics need no escaping, and the data is JSON already. Only a notice has an id.
fn frame(id: Option<i64>, kind: &str, topic: Option<&str>, data: &str) -> String {
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    let topic = topic.map(|topic| format!(r#""topic":"{topic}","#)).unwrap_or_default();
    format!(r#"{{{id}"type":"{kind}",{topic}"data":{data}}}"#)
}
