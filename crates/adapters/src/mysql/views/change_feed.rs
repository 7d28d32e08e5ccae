//! Changes, for many subscriptions at once.

use app::ports::views::{ChangeFeed, Marks, Reading, Watched};
use domain::ids::{OrderId, RequestId, UserId};

use super::{MysqlViews, each, first};
use crate::mysql::sql::is_in;

/// The most ids in one statement.
const IDS_MAX: usize = 1_000;

/// A subscriber of an order waits for its payment as well.
const MARKS_OF_ORDERS: &str = "SELECT order_id, version + COALESCE(payment.updated_at, 0) \
                               FROM orders LEFT JOIN payment USING (order_id)";

impl ChangeFeed for MysqlViews {
    fn pulse(&self) -> Reading<'_, i64> {
        // Every change that concerns a subscriber is an event, and every event moves a shard.
        let select = "SELECT CAST(COALESCE(SUM(seq), 0) AS SIGNED) FROM outbox_shard".to_owned();
        self.read([select], |answers| Ok(first(answers)?.unwrap_or_default()))
    }

    fn marks(&self, watched: Watched) -> Reading<'_, Marks> {
        Box::pin(async move {
            let users = watched.users.iter().map(|user| user.0).collect();
            let orders = watched.orders.iter().map(|order| order.0).collect();
            let requests = watched.requests.iter().map(|request| request.0).collect();
            let users = self.numbers("SELECT user_id, notices FROM customer", "user_id", users).await?;
            let orders = self.numbers(MARKS_OF_ORDERS, "order_id", orders).await?;
            let select = "SELECT request_id, updated_at FROM coupon_request";
            let requests = self.numbers(select, "request_id", requests).await?;
            Ok(Marks {
                users: users.into_iter().map(|(user, mark)| (UserId(user), mark)).collect(),
                orders: orders.into_iter().map(|(order, mark)| (OrderId(order), mark)).collect(),
                requests: requests.into_iter().map(|(request, mark)| (RequestId(request), mark)).collect(),
            })
        })
    }
}

impl MysqlViews {
    async fn numbers(
        &self,
        select: &str,
        column: &str,
        ids: Vec<i64>,
    ) -> Result<Vec<(i64, i64)>, app::ports::StoreError> {
        let mut found = vec![];
        for some in ids.chunks(IDS_MAX) {
            let select = format!("{select} WHERE {}", is_in(column, some.iter().copied()));
            let read = self.read([select], each::<(i64, i64)>);
            found.extend(read.await?);
        }
        Ok(found)
    }
}
