//! Orders with their lines, as two statements and two answers.

use domain::ids::OrderId;
use domain::order::Order;
use mysql_async::Value;
use rustc_hash::FxHashMap;

use super::read::answers_of;
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::mysql::session::Answers;
use crate::mysql::sql::is_in;
use crate::records::{Line, StoredOrder};
use crate::selects::{select_line, select_order};

/// Selects these orders and their lines.
pub(super) fn select(ids: &[OrderId]) -> Vec<String> {
    let these = is_in("order_id", ids.iter().map(|id| id.0));
    vec![
        format!("{}WHERE {these}", select_order!("")),
        format!("{}WHERE {these} ORDER BY order_id, line_no", select_line!("")),
    ]
}

/// Reads orders and then all of their lines. An order whose row or line cannot be read is a failure of its own.
pub(super) fn orders(answers: Answers) -> Result<Vec<(OrderId, Result<Order>)>> {
    let mut answers = answers_of(answers);
    let orders = answers.next().unwrap_or_default();
    let mut lines: FxHashMap<OrderId, Result<Vec<Line>>> = FxHashMap::default();
    for row in answers.next().unwrap_or_default() {
        let order = row.last().cloned();
        let (order, line) = match from_row::<(Line, i64)>(row) {
            Ok((line, order)) => (OrderId(order), Ok(line)),
            Err(failure) => {
                let order = id(order)?;
                (OrderId(order), Err(failure.named(select_line!(""), Some(&order.to_string()))))
            }
        };
        let of_order = lines.entry(order).or_insert_with(|| Ok(vec![]));
        match (of_order.as_mut(), line) {
            (Ok(lines), Ok(line)) => lines.push(line),
            (Ok(_), Err(failure)) => *of_order = Err(failure),
            (Err(_), _) => {}
        }
    }
    let orders = orders.into_iter().map(|row| {
        let id = OrderId(id(row.first().cloned())?);
        let lines = lines.remove(&id).unwrap_or_else(|| Ok(vec![]));
        let stored =
            from_row::<StoredOrder>(row).map_err(|failure| failure.named(select_order!(""), Some(&id.0.to_string())));
        Ok((id, stored.and_then(|stored| Ok(stored.with(lines?).order))))
    });
    orders.collect()
}

fn id(cell: Option<Value>) -> Result<i64> {
    from_row(cell.into_iter().collect())
}
