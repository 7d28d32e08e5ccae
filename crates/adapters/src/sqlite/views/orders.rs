//! Orders and their events.

use app::ports::views::{HistoryEvent, OrderViews, Reading};
use app::state::rows::Timer;
use domain::ids::{OrderId, UserId};
use domain::order::{Order, Outcome};

use super::{Chain, SqliteViews, follow, sql_limit};
use crate::sqlite::cells::{find, find_all};
use crate::sqlite::store::{order, timer};

const ORDERS: Chain = Chain {
    newest: "SELECT last_order_id FROM customer WHERE user_id = ?1",
    previous: "SELECT previous_order_id FROM orders WHERE order_id = ?1 AND user_id = ?2",
};

impl OrderViews for SqliteViews {
    fn order(&self, id: OrderId) -> Reading<'_, Option<Order>> {
        self.read(move |connection| Ok(order(connection, id)?.map(|row| row.order)))
    }

    fn orders_of(&self, user: UserId, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        self.read(move |connection| {
            let newest = ORDERS.first(connection, user, before.map(|before| before.0))?.map(OrderId);
            follow(newest, limit, |id| Ok(order(connection, id)?.map(|row| (row.order, row.previous))))
        })
    }

    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        self.read(move |connection| {
            // Stuck orders have a partial index, which SQLite uses only with a literal condition.
            let condition = match outcome {
                None => String::new(),
                Some(outcome) => format!("AND outcome = '{}' ", outcome.name()),
            };
            let sql =
                format!("SELECT order_id FROM orders WHERE order_id < ?1 {condition}ORDER BY order_id DESC LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, |before| before.0);
            let ids = statement.query_map((before, sql_limit(limit)), |row| row.get(0).map(OrderId))?;
            let rows = ids.map(|id| order(connection, id?)).filter_map(Result::transpose);
            rows.map(|row| row.map(|row| row.order)).collect()
        })
    }

    fn stuck_orders(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM orders WHERE outcome = 'COMPENSATION_STUCK'";
            Ok(find(connection, sql, [])?.unwrap_or(0))
        })
    }

    fn timer(&self, id: OrderId) -> Reading<'_, Option<Timer>> {
        self.read(move |connection| timer(connection, id))
    }

    fn history(&self, id: OrderId) -> Reading<'_, Vec<HistoryEvent>> {
        self.read(move |connection| {
            let sql = "SELECT type, payload, version, cause, occurred_at
                 FROM order_event_run CROSS JOIN event ON position BETWEEN first_position AND last_position
                 WHERE order_event_run.order_id = ?1 ORDER BY first_position, position";
            find_all(connection, sql, [id.0])
        })
    }
}
