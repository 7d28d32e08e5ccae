//! Orders and their events.

use app::ports::views::{HistoryEvent, OrderViews, Reading};
use app::state::rows::Timer;
use domain::ids::{OrderId, UserId};
use domain::order::{Order, Outcome};

use super::order_rows::orders;
use super::{Chain, MysqlViews, at_one_moment, each, first};
use crate::left_out::{Found, Limits};
use crate::mysql::sql::statement;
use crate::selects::{select_line, select_order};

const ORDERS: Chain =
    Chain { table: "orders", link: "order_id", previous: "previous_order_id", newest: "last_order_id" };

impl MysqlViews {
    /// Reads at most `limit` orders with their lines, and leaves out those that cannot be read.
    fn list_orders<'a>(
        &'a self,
        limit: usize,
        select: impl Fn(i64) -> [String; 2] + Send + 'a,
    ) -> Reading<'a, Vec<Order>> {
        Box::pin(async move {
            let mut limits = Limits::of(limit);
            loop {
                let answers = self.ask(at_one_moment(select(limits.sql()).to_vec())).await?;
                let mut found = Found::default();
                for (_, order) in orders(answers)? {
                    found.add_row(order)?;
                }
                match found.page(limits, &self.left_out) {
                    Ok(page) => return Ok(page),
                    Err(more) => limits = more,
                }
            }
        })
    }
}

impl OrderViews for MysqlViews {
    fn order(&self, id: OrderId) -> Reading<'_, Option<Order>> {
        Box::pin(self.orders.ask(id, &self.pool, self.background.handle()))
    }

    fn orders_of(&self, user: UserId, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        self.list_orders(limit, move |limit| {
            let chain = ORDERS.of(user.0, before.map(|before| before.0), limit);
            [
                format!("{chain}{}JOIN chain ON order_id = link ORDER BY depth", select_order!("")),
                format!("{chain}{}JOIN chain ON order_id = link ORDER BY order_id, line_no", select_line!("")),
            ]
        })
    }

    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let newest = match outcome {
            None => "orders WHERE".to_owned(),
            Some(Outcome::Completed) => format!("orders WHERE outcome = '{}' AND", Outcome::Completed.name()),
            // With a limit the server might rather read all orders from the newest on.
            Some(outcome) => {
                format!("orders FORCE INDEX (orders_by_outcome) WHERE not_completed = '{}' AND", outcome.name())
            }
        };
        let newest = format!("SELECT order_id FROM {newest} order_id < ? ORDER BY order_id DESC LIMIT ?");
        self.list_orders(limit, move |limit| {
            let newest = format!("JOIN ({}) AS newest USING (order_id)", statement(&newest, &[&before, &limit]));
            [
                format!("{}{newest} ORDER BY order_id DESC", select_order!("")),
                format!("{}{newest} ORDER BY order_id, line_no", select_line!("")),
            ]
        })
    }

    fn stuck_orders(&self) -> Reading<'_, i64> {
        let count = "SELECT count(*) FROM orders WHERE not_completed = 'COMPENSATION_STUCK'".to_owned();
        self.read([count], |rows| Ok(first(rows)?.unwrap_or(0)))
    }

    fn open_orders(&self) -> Reading<'_, i64> {
        let count = "SELECT count(*) FROM orders WHERE not_completed IN ('PENDING', 'COMPENSATING')".to_owned();
        self.read([count], |rows| Ok(first(rows)?.unwrap_or(0)))
    }

    fn timer(&self, id: OrderId) -> Reading<'_, Option<Timer>> {
        let select = "SELECT due_at, kind, asked FROM timer WHERE order_id = ?";
        self.read([statement(select, &[&id.0])], first)
    }

    fn history(&self, id: OrderId) -> Reading<'_, Vec<HistoryEvent>> {
        let select =
            "SELECT type, payload, version, cause, occurred_at FROM event WHERE order_id = ? ORDER BY position";
        self.read([statement(select, &[&id.0])], each)
    }
}
