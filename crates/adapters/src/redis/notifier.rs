//! Wake-ups over publish and subscribe: who is concerned, and nothing of what happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use app::ports::{Hear, Notification, Notifier, Wake};
use domain::ids::{OrderId, RequestId, UserId};
use futures_util::StreamExt as _;
use redis::RedisError;
use tokio::sync::mpsc;

use super::Redis;

/// Wakes that wait to be sent; when they are too many, the others find out by looking.
const WAKES_MAX: usize = 1_024;
/// Wakes that go out as one message.
const AT_ONCE: usize = 256;
const AGAIN_AFTER: Duration = Duration::from_millis(100);
const CHANNEL: &str = "wakes";

/// The bell of one process.
pub struct RedisNotifier {
    redis: Arc<Redis>,
    /// Tells this process's own wakes from those of others.
    me: u64,
    wakes: mpsc::Sender<Wake>,
    is_subscribed: Arc<AtomicBool>,
}

/// Sender, users, orders, requests.
type Message = (u64, Vec<i64>, Vec<i64>, Vec<i64>);

impl RedisNotifier {
    pub fn new(redis: Arc<Redis>) -> RedisNotifier {
        let mut me = [0; 8];
        // Without chance, others' wakes are taken for one's own, and are found by looking.
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
            // Too many at once: what is not sent is found by looking.
            let _ = self.wakes.try_send(wake);
        }
    }

    fn listen(&self, hear: Hear) {
        let hearing = Hearing { me: self.me, hear, is_subscribed: Arc::clone(&self.is_subscribed) };
        self.redis.handle().spawn(hearing.run(Arc::downgrade(&self.redis)));
    }

    fn is_heard(&self) -> bool {
        self.redis.works() && self.is_subscribed.load(Ordering::Acquire)
    }
}

async fn send(redis: Weak<Redis>, me: u64, mut wakes: mpsc::Receiver<Wake>) {
    let mut waiting = vec![];
    while wakes.recv_many(&mut waiting, AT_ONCE).await > 0 {
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
    serde_json::to_string(&message).expect("numbers are JSON")
}

struct Hearing {
    me: u64,
    hear: Hear,
    is_subscribed: Arc<AtomicBool>,
}

impl Hearing {
    async fn run(self, redis: Weak<Redis>) {
        loop {
            let Some(at) = redis.upgrade() else { return };
            let (client, channel, works) = (at.client().clone(), at.key(CHANNEL), at.works());
            drop(at);
            if works {
                // It ends when the connection does, whatever the reason.
                let _ = self.subscribed(&client, &channel).await;
                self.is_subscribed.store(false, Ordering::Release);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn subscribed(&self, client: &redis::Client, channel: &str) -> Result<(), RedisError> {
        let mut line = client.get_async_pubsub().await?;
        line.subscribe(channel).await?;
        self.is_subscribed.store(true, Ordering::Release);
        // Whatever was sent before was not heard.
        (self.hear)(Notification::Nothing);
        let mut messages = line.into_on_message();
        while let Some(message) = messages.next().await {
            (self.hear)(self.understand(message.get_payload_bytes()));
        }
        Ok(())
    }

    fn understand(&self, message: &[u8]) -> Notification {
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
    fn what_is_sent_is_understood_by_others_and_not_by_oneself() {
        let wake = Wake { users: vec![UserId(2), UserId(1), UserId(2)], orders: vec![OrderId(3)], requests: vec![] };
        let message = message(7, [wake, Wake::default()].into_iter());
        let hearing = |me| Hearing { me, hear: Box::new(|_| ()), is_subscribed: Arc::default() };
        let expected = Wake { users: vec![UserId(1), UserId(2)], orders: vec![OrderId(3)], requests: vec![] };
        assert_eq!(hearing(8).understand(message.as_bytes()), Notification::Wake(expected));
        assert_eq!(hearing(7).understand(message.as_bytes()), Notification::Wake(Wake::default()));
        assert_eq!(hearing(7).understand(b"?"), Notification::Nothing);
    }
}
