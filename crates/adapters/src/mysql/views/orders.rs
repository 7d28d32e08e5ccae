//! Orders and what happened to them.

use app::views::{HistoryEvent, OrderViews, Reading};
use domain::ids::{OrderId, UserId};
use domain::order::{Order, Outcome};

use super::{Chain, MysqlViews, answers_of, each, sql_limit};
use crate::mysql::failure::Result;
use crate::mysql::records::{self, Cells, select_order};
use crate::mysql::session::Answers;
use crate::mysql::sql::statement;
use crate::mysql::store::lines;

const ORDERS: Chain =
    Chain { table: "orders", link: "order_id", previous: "previous_order_id", newest: "last_order_id" };
/// As [`lines`] reads them.
const SELECT_LINES: &str = "SELECT product_id, order_line.name, quantity, unit_price, stock_state, stock_reason, \
                            stock_at, returned, order_id FROM order_line ";

impl OrderViews for MysqlViews {
    fn order(&self, id: OrderId) -> Reading<'_, Option<Order>> {
        let this = format!("WHERE order_id = {}", id.0);
        let select = [format!("{}{this}", select_order!("")), format!("{SELECT_LINES}{this} ORDER BY line_no")];
        self.read(select, |answers| Ok(orders(answers)?.pop()))
    }

    fn orders_of(&self, user: UserId, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        let chain = ORDERS.of(user.0, before.map(|before| before.0), limit);
        let select = [
            format!("{chain}{}JOIN chain ON order_id = link ORDER BY depth", select_order!("")),
            format!("{chain}{SELECT_LINES}JOIN chain ON order_id = link ORDER BY order_id, line_no"),
        ];
        self.read(select, orders)
    }

    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let condition = outcome.map_or_else(String::new, |outcome| format!("AND outcome = '{}' ", outcome.name()));
        let newest = format!("WHERE order_id < ? {condition}ORDER BY order_id DESC LIMIT ?");
        let newest = statement(&newest, &[&before, &sql_limit(limit)]);
        let select = [
            format!("{}{newest}", select_order!("")),
            format!(
                "{SELECT_LINES}JOIN (SELECT order_id FROM orders {newest}) AS newest USING (order_id) \
                 ORDER BY order_id, line_no"
            ),
        ];
        self.read(select, orders)
    }

    fn history(&self, id: OrderId) -> Reading<'_, Vec<HistoryEvent>> {
        let select =
            "SELECT type, payload, version, cause, occurred_at FROM event WHERE order_id = ? ORDER BY position";
        self.read([statement(select, &[&id.0])], |answers| each(answers, history_event))
    }
}

/// Orders, then all of their lines.
fn orders(answers: Answers) -> Result<Vec<Order>> {
    let mut answers = answers_of(answers);
    let orders = answers.next().unwrap_or_default();
    let mut lines = lines(answers.next().unwrap_or_default().into_iter())?;
    let orders = orders.into_iter().map(|row| {
        let stored = records::stored_order(&mut Cells::of(row))?;
        let lines = lines.remove(&stored.id()).unwrap_or_default();
        Ok(stored.with(lines).order)
    });
    orders.collect()
}

fn history_event(cells: &mut Cells) -> Result<HistoryEvent> {
    Ok(HistoryEvent { event: cells.event()?, version: cells.take()?, cause: cells.take()?, at: cells.at()? })
}
