//! Orders with their lines, as two statements and two answers.

use domain::ids::OrderId;
use domain::order::Order;

use super::read::answers_of;
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::mysql::session::Answers;
use crate::mysql::sql::is_in;
use crate::mysql::store::lines;
use crate::records::StoredOrder;
use crate::selects::{select_line, select_order};

/// Selects these orders and their lines.
pub(super) fn select(ids: &[OrderId]) -> Vec<String> {
    let these = is_in("order_id", ids.iter().map(|id| id.0));
    vec![
        format!("{}WHERE {these}", select_order!("")),
        format!("{}WHERE {these} ORDER BY order_id, line_no", select_line!("")),
    ]
}

/// Reads orders and then all of their lines.
pub(super) fn orders(answers: Answers) -> Result<Vec<Order>> {
    let mut answers = answers_of(answers);
    let orders = answers.next().unwrap_or_default();
    let mut lines = lines(answers.next().unwrap_or_default().into_iter())?;
    let orders = orders.into_iter().map(|row| {
        let stored: StoredOrder = from_row(row)?;
        let lines = lines.remove(&stored.id()).unwrap_or_default();
        Ok(stored.with(lines).order)
    });
    orders.collect()
}
