//! Single orders, asked for together: a commit wakes many who wait, and each of them looks at his order at the same moment.

use std::collections::HashMap;
use std::sync::Arc;

use app::ports::StoreError;
use domain::ids::OrderId;
use domain::order::Order;
use mysql_async::Pool;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::orders::{orders, select};
use super::{ask, at_one_moment};
use crate::mysql::failure::Result;

/// Orders asked for at once.
const ORDERS_MAX: usize = 256;

type Found = std::result::Result<Option<Order>, StoreError>;

#[derive(Default)]
pub(super) struct OrderReadBatcher(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Vec<(OrderId, oneshot::Sender<Found>)>,
    /// Whether somebody asks for all who wait. Who comes meanwhile is asked for next, so nobody is answered with what was
    /// before he came.
    is_served: bool,
}

impl OrderReadBatcher {
    pub(super) async fn ask(self: &Arc<Self>, order: OrderId, (pool, handle): (&Pool, &Handle)) -> Found {
        let (tell, told) = oneshot::channel();
        let was_served = {
            let mut queue = self.0.lock();
            queue.waiting.push((order, tell));
            std::mem::replace(&mut queue.is_served, true)
        };
        if !was_served {
            handle.spawn(Serving { desk: Arc::clone(self), is_done: false }.run(pool.clone()));
        }
        told.await.unwrap_or_else(|_| Err(StoreError("the views are closed".to_owned())))
    }

    fn next(&self) -> Option<Vec<(OrderId, oneshot::Sender<Found>)>> {
        let mut queue = self.0.lock();
        let some = queue.waiting.len().min(ORDERS_MAX);
        queue.is_served = some > 0;
        queue.is_served.then(|| queue.waiting.drain(..some).collect())
    }
}

/// Serves until nobody waits. When it ends before that, with its runtime or by a panic, who waits is told so, and the next one who
/// asks is served again.
struct Serving {
    desk: Arc<OrderReadBatcher>,
    is_done: bool,
}

impl Serving {
    async fn run(mut self, pool: Pool) {
        while let Some(some) = self.desk.next() {
            let ids: Vec<OrderId> = some.iter().map(|(id, _)| *id).collect();
            let found = find(pool.clone(), &ids).await.map_err(StoreError::from);
            for (id, tell) in some {
                // Who does not wait any more does not mind.
                let _ = tell.send(found.as_ref().map(|found| found.get(&id).cloned()).map_err(Clone::clone));
            }
        }
        self.is_done = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.is_done {
            *self.desk.0.lock() = Queue::default();
        }
    }
}

async fn find(pool: Pool, ids: &[OrderId]) -> Result<HashMap<OrderId, Order>> {
    let found = orders(ask(pool, at_one_moment(select(ids))).await?)?;
    Ok(found.into_iter().map(|order| (order.id(), order)).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use tokio::runtime::Runtime;

    use super::*;

    #[tokio::test]
    async fn who_waits_when_serving_is_interrupted_is_told_so() {
        // It takes connections, and never greets anybody.
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let pool = Pool::new(format!("mysql://nobody@{address}/shop").as_str());
        let runtime = Runtime::new().unwrap();
        let desk = Arc::new(OrderReadBatcher::default());
        let ask = |order, handle: &Handle| {
            let (desk, pool, handle) = (Arc::clone(&desk), pool.clone(), handle.clone());
            tokio::spawn(async move { desk.ask(OrderId(order), (&pool, &handle)).await })
        };
        let served = ask(1, runtime.handle());
        tokio::task::yield_now().await;
        server.accept().unwrap();
        let waits = ask(2, runtime.handle());
        tokio::task::yield_now().await;
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let too_late = ask(3, &handle);
        for asked in [served, waits, too_late] {
            let found = tokio::time::timeout(Duration::from_secs(60), asked).await.expect("he is told").unwrap();
            assert!(found.is_err(), "{found:?}");
        }
    }
}
