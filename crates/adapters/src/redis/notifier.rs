//! Wake-ups over publish and subscribe: whom a commit concerns, and nothing of its content.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use app::ports::{Notification, Notifier, OnNotification, Wake};
use domain::ids::{OrderId, RequestId, UserId};
use futures_util::StreamExt as _;
use redis::RedisError;
use tokio::sync::{mpsc, watch};

use super::Redis;
use super::servers::Reached;

/// The most wake-ups waiting to be sent; further ones are dropped, and found by polling.
const WAKES_MAX: usize = 1_024;
/// The most wake-ups in one message.
const WAKES_PER_MESSAGE_MAX: usize = 256;
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const CHANNEL: &str = "wakes";

/// The notifier of one process.
pub struct RedisNotifier {
    redis: Arc<Redis>,
    /// Distinguishes this process's own wake-ups from those of others.
    me: u64,
    wakes: mpsc::Sender<Wake>,
    is_subscribed: Arc<AtomicBool>,
}

/// Sender, users, orders, requests.
type Message = (u64, Vec<i64>, Vec<i64>, Vec<i64>);

impl RedisNotifier {
    pub fn new(redis: Arc<Redis>) -> RedisNotifier {
        let mut me = [0; 8];
        // Without random bytes, wake-ups of others are taken for own ones, and found by polling.
        let _ = getrandom::fill(&mut me);
        let me = u64::from_be_bytes(me);
        let (wakes, waiting) = mpsc::channel(WAKES_MAX);
        redis.handle().spawn(send(Arc::downgrade(&redis), me, waiting));
        RedisNotifier { redis, me, wakes, is_subscribed: Arc::default() }
    }
}

impl Notifier for RedisNotifier {
    fn notify(&self, wake: Wake) {
        if self.redis.works() {
            // The queue is full: dropped wake-ups are found by polling.
            let _ = self.wakes.try_send(wake);
        }
    }

    fn listen(&self, on_notification: OnNotification) {
        let listener = Listener { me: self.me, on_notification, is_subscribed: Arc::clone(&self.is_subscribed) };
        self.redis.handle().spawn(listener.run(Arc::downgrade(&self.redis)));
    }

    fn is_heard(&self) -> bool {
        self.redis.works() && self.is_subscribed.load(Ordering::Acquire)
    }
}

async fn send(redis: Weak<Redis>, me: u64, mut wakes: mpsc::Receiver<Wake>) {
    let mut waiting = vec![];
    while wakes.recv_many(&mut waiting, WAKES_PER_MESSAGE_MAX).await > 0 {
        let Some(redis) = redis.upgrade() else { return };
        let message = message(me, waiting.drain(..));
        let channel = redis.key(CHANNEL);
        redis
            .call(|mut line| async move {
                redis::cmd("PUBLISH").arg(channel).arg(message).query_async::<i64>(&mut line).await
            })
            .await;
    }
}

fn message(me: u64, wakes: impl Iterator<Item = Wake>) -> String {
    let mut message: Message = (me, vec![], vec![], vec![]);
    for wake in wakes {
        message.1.extend(wake.users.iter().map(|user| user.0));
        message.2.extend(wake.orders.iter().map(|order| order.0));
        message.3.extend(wake.requests.iter().map(|request| request.0));
    }
    for ids in [&mut message.1, &mut message.2, &mut message.3] {
        ids.sort_unstable();
        ids.dedup();
    }
    serde_json::to_string(&message).expect("numbers have a JSON form")
}

struct Listener {
    me: u64,
    on_notification: OnNotification,
    is_subscribed: Arc<AtomicBool>,
}

impl Listener {
    async fn run(self, redis: Weak<Redis>) {
        loop {
            let Some(at) = redis.upgrade() else { return };
            let (mut reached, channel, works) = (at.reached(), at.key(CHANNEL), at.works());
            drop(at);
            if works {
                // It ends when the connection is lost, and when other servers are used.
                let _ = self.subscribed(&mut reached, &channel).await;
                self.is_subscribed.store(false, Ordering::Release);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn subscribed(
        &self,
        reached: &mut watch::Receiver<Option<Reached>>,
        channel: &str,
    ) -> Result<(), RedisError> {
        let clients = reached.borrow_and_update().as_ref().map(|reached| reached.listen_at.clone()).unwrap_or_default();
        // The processes divide the nodes of a cluster among themselves.
        let chosen = usize::try_from(self.me % clients.len().max(1) as u64).unwrap_or_default();
        let Some(client) = clients.get(chosen) else { return Ok(()) };
        let mut line = client.get_async_pubsub().await?;
        line.subscribe(channel).await?;
        self.is_subscribed.store(true, Ordering::Release);
        // Earlier messages were missed.
        (self.on_notification)(Notification::Nothing);
        let mut messages = line.into_on_message();
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                _ = reached.changed() => None,
            };
            let Some(message) = message else { return Ok(()) };
            (self.on_notification)(self.parse(message.get_payload_bytes()));
        }
    }

    fn parse(&self, message: &[u8]) -> Notification {
        match serde_json::from_slice::<Message>(message) {
            Ok((from, ..)) if from == self.me => Notification::Wake(Wake::default()),
            Ok((_, users, orders, requests)) => Notification::Wake(Wake {
                users: users.into_iter().map(UserId).collect(),
                orders: orders.into_iter().map(OrderId).collect(),
                requests: requests.into_iter().map(RequestId).collect(),
            }),
            Err(_) => Notification::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_read_a_message_and_its_sender_ignores_it() {
        let wake = Wake { users: vec![UserId(2), UserId(1), UserId(2)], orders: vec![OrderId(3)], requests: vec![] };
        let message = message(7, [wake, Wake::default()].into_iter());
        let listener = |me| Listener { me, on_notification: Box::new(|_| ()), is_subscribed: Arc::default() };
        let expected = Wake { users: vec![UserId(1), UserId(2)], orders: vec![OrderId(3)], requests: vec![] };
        assert_eq!(listener(8).parse(message.as_bytes()), Notification::Wake(expected));
        assert_eq!(listener(7).parse(message.as_bytes()), Notification::Wake(Wake::default()));
        assert_eq!(listener(7).parse(b"?"), Notification::Nothing);
    }
}
