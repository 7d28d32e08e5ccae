//! Orders and their events.

use app::ports::views::{HistoryEvent, OrderViews, Reading};
use app::state::rows::Timer;
use domain::ids::{OrderId, UserId};
use domain::order::{Order, Outcome};

use super::{Chain, ChainPlace, SqliteViews};
use crate::left_out::Found;
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
            let first = ORDERS.first(connection, user, before.map(|before| before.0))?;
            let at = ChainPlace { user, first, left_out: &self.left_out };
            ORDERS.readable(connection, at, limit, |id| {
                let row = order(connection, OrderId(id))?;
                Ok(row.map(|row| (row.order, row.previous.map(|previous| previous.0))))
            })
        })
    }

    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>> {
        self.list(limit, move |connection, limit| {
            let sql = page(outcome);
            let mut statement = connection.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, |before| before.0);
            let ids = statement.query_map((before, limit), |row| row.get(0).map(OrderId))?;
            let mut found = Found::default();
            for id in ids {
                let row = order(connection, id?).transpose();
                row.into_iter().try_for_each(|row| found.add(row.map(|row| row.order)))?;
            }
            Ok(found)
        })
    }

    fn stuck_orders(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            let sql = format!("SELECT count(*) FROM orders WHERE {}", indexed(Outcome::CompensationStuck));
            Ok(find(connection, &sql, [])?.unwrap_or(0))
        })
    }

    fn open_orders(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            let [pending, compensating] = [Outcome::Pending, Outcome::Compensating].map(indexed);
            let sql = format!("SELECT (SELECT count(*) FROM orders WHERE {pending}) + (SELECT count(*) FROM orders WHERE {compensating})");
            Ok(find(connection, &sql, [])?.unwrap_or(0))
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

/// Returns the condition under which the partial index `orders_by_outcome` is used: it repeats the index's own.
fn indexed(outcome: Outcome) -> String {
    format!("outcome = '{}' AND outcome <> 'COMPLETED'", outcome.name())
}

/// Returns the statement that reads the ids of a page.
fn page(outcome: Option<Outcome>) -> String {
    let condition = match outcome {
        None => String::new(),
        Some(Outcome::Completed) => format!("AND outcome = '{}' ", Outcome::Completed.name()),
        Some(outcome) => format!("AND {} ", indexed(outcome)),
    };
    format!("SELECT order_id FROM orders WHERE order_id < ?1 {condition}ORDER BY order_id DESC LIMIT ?2")
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::{DATABASE_FILE, Options, open};

    #[test]
    fn a_page_of_an_outcome_is_read_from_its_index() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), Options::default()).unwrap());
        let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let plan = |sql: &str| -> String {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values = vec![9; explain.parameter_count()];
            explain.query_row(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap()
        };
        let by_outcome = "SEARCH orders USING COVERING INDEX orders_by_outcome (outcome=? AND rowid<?)";
        for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Completed) {
            assert_eq!(plan(&page(Some(outcome))), by_outcome);
        }
        for outcome in [None, Some(Outcome::Completed)] {
            assert_eq!(plan(&page(outcome)), "SEARCH orders USING INTEGER PRIMARY KEY (rowid<?)");
        }
        let stuck = format!("SELECT count(*) FROM orders WHERE {}", indexed(Outcome::CompensationStuck));
        assert_eq!(plan(&stuck), "SEARCH orders USING COVERING INDEX orders_by_outcome (outcome=?)");
    }
}
