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
pub(super) struct OrderDesk(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Vec<(OrderId, oneshot::Sender<Found>)>,
    /// Whether somebody asks for all who wait. Who comes meanwhile is asked for next, so nobody is answered with what was
    /// before he came.
    is_served: bool,
}

impl OrderDesk {
    pub(super) async fn ask(self: &Arc<Self>, order: OrderId, (pool, handle): (&Pool, &Handle)) -> Found {
        let (tell, told) = oneshot::channel();
        let was_served = {
            let mut queue = self.0.lock();
            queue.waiting.push((order, tell));
            std::mem::replace(&mut queue.is_served, true)
        };
        if !was_served {
            handle.spawn(Arc::clone(self).serve(pool.clone()));
        }
        told.await.unwrap_or_else(|_| Err(StoreError("the views are closed".to_owned())))
    }

    async fn serve(self: Arc<Self>, pool: Pool) {
        while let Some(some) = self.next() {
            let ids: Vec<OrderId> = some.iter().map(|(id, _)| *id).collect();
            let found = find(pool.clone(), &ids).await.map_err(StoreError::from);
            for (id, tell) in some {
                // Who does not wait any more does not mind.
                let _ = tell.send(found.as_ref().map(|found| found.get(&id).cloned()).map_err(Clone::clone));
            }
        }
    }

    fn next(&self) -> Option<Vec<(OrderId, oneshot::Sender<Found>)>> {
        let mut queue = self.0.lock();
        let some = queue.waiting.len().min(ORDERS_MAX);
        queue.is_served = some > 0;
        queue.is_served.then(|| queue.waiting.drain(..some).collect())
    }
}

async fn find(pool: Pool, ids: &[OrderId]) -> Result<HashMap<OrderId, Order>> {
    let found = orders(ask(pool, at_one_moment(select(ids))).await?)?;
    Ok(found.into_iter().map(|order| (order.id(), order)).collect())
}
