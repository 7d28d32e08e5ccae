//! Batches reads of single orders: a commit wakes many waiting requests, and each reads its order at the same moment.

use std::collections::HashMap;
use std::sync::Arc;

use app::ports::StoreError;
use domain::ids::OrderId;
use domain::order::Order;
use mysql_async::Pool;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::order_rows::{orders, select};
use super::read::{ask, at_one_moment};
use crate::mysql::failure::Result;

/// The most orders in one read.
const ORDERS_MAX: usize = 256;

type Found = std::result::Result<Option<Order>, StoreError>;

#[derive(Default)]
pub(super) struct OrderReadBatcher(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Vec<(OrderId, oneshot::Sender<Found>)>,
    /// True while a task is reading. Requests that arrive meanwhile are part of its next read, so that none is answered
    /// with a state from before its arrival.
    has_reader: bool,
}

impl OrderReadBatcher {
    pub(super) async fn ask(self: &Arc<Self>, order: OrderId, pool: &Pool, handle: &Handle) -> Found {
        let (sender, receiver) = oneshot::channel();
        let had_reader = {
            let mut queue = self.0.lock();
            queue.waiting.push((order, sender));
            std::mem::replace(&mut queue.has_reader, true)
        };
        if !had_reader {
            handle.spawn(Reader { batcher: Arc::clone(self), is_done: false }.run(pool.clone()));
        }
        receiver.await.unwrap_or_else(|_| Err(StoreError::Failed("the views are closed".to_owned())))
    }

    fn next(&self) -> Option<Vec<(OrderId, oneshot::Sender<Found>)>> {
        let mut queue = self.0.lock();
        let some = queue.waiting.len().min(ORDERS_MAX);
        queue.has_reader = some > 0;
        queue.has_reader.then(|| queue.waiting.drain(..some).collect())
    }
}

/// Reads until no request is waiting. If it ends earlier, with its runtime or by a panic, the waiting requests fail,
/// and the next request starts another reader.
struct Reader {
    batcher: Arc<OrderReadBatcher>,
    is_done: bool,
}

impl Reader {
    async fn run(mut self, pool: Pool) {
        while let Some(some) = self.batcher.next() {
            let ids: Vec<OrderId> = some.iter().map(|(id, _)| *id).collect();
            let found = find(pool.clone(), &ids).await.map_err(StoreError::from);
            for (id, sender) in some {
                let order = match &found {
                    Ok(found) => found.get(&id).cloned().transpose(),
                    Err(error) => Err(error.clone()),
                };
                // The receiver may have stopped waiting.
                let _ = sender.send(order);
            }
        }
        self.is_done = true;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.is_done {
            *self.batcher.0.lock() = Queue::default();
        }
    }
}

/// Reads orders, each of them or why it cannot be read.
async fn find(pool: Pool, ids: &[OrderId]) -> Result<HashMap<OrderId, std::result::Result<Order, StoreError>>> {
    let found = orders(ask(pool, at_one_moment(select(ids))).await?)?;
    Ok(found.into_iter().map(|(id, order)| (id, order.map_err(StoreError::from))).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use tokio::runtime::Runtime;

    use super::*;

    #[tokio::test]
    async fn waiting_requests_fail_when_the_reader_is_interrupted() {
        // A server that accepts connections and never sends a greeting.
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let pool = Pool::new(format!("mysql://nobody@{address}/shop").as_str());
        let runtime = Runtime::new().unwrap();
        let batcher = Arc::new(OrderReadBatcher::default());
        let ask = |order, handle: &Handle| {
            let (batcher, pool, handle) = (Arc::clone(&batcher), pool.clone(), handle.clone());
            tokio::spawn(async move { batcher.ask(OrderId(order), &pool, &handle).await })
        };
        let first = ask(1, runtime.handle());
        tokio::task::yield_now().await;
        server.accept().unwrap();
        let waiting = ask(2, runtime.handle());
        tokio::task::yield_now().await;
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let too_late = ask(3, &handle);
        for asked in [first, waiting, too_late] {
            let found =
                tokio::time::timeout(Duration::from_secs(60), asked).await.expect("the request is answered").unwrap();
            assert!(found.is_err(), "{found:?}");
        }
    }
}
