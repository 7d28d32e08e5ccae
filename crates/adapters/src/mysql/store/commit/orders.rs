//! Orders with their lines. The facts of placing are written once; later only the state changes.

use app::state::rows::{OrderRow, Rows};
use app::state::table::Change;
use domain::order::saga::{Direction, Step, StepRecord};
use domain::order::{Line, Order, Rule};

use crate::mysql::sql::{Insert, Script};
use crate::mysql::store::transaction::Before;
use crate::mysql::store::upsert::{Upsert, put_all};
use crate::words::{saga_step_cells, step_reason};

const ORDERS: Upsert = Upsert {
    head: "INSERT INTO orders (order_id, order_number, user_id, outcome, status, reason, is_restoring, mode, payment, \
           pay_within_us, pay_before_at, total, discount, points, amount_due, campaign_id, coupon_id, coupon_state, \
           coupon_reason, coupon_at, point_state, point_reason, point_at, receiver, warehouse_storage, is_processing, version, \
           created_at, updated_at, previous_order_id, chosen_by, after_sales, completed_at) VALUES ",
    update: " ON DUPLICATE KEY UPDATE outcome = VALUES(outcome), status = VALUES(status), reason = VALUES(reason), \
             is_restoring = VALUES(is_restoring), pay_before_at = VALUES(pay_before_at), \
             coupon_state = VALUES(coupon_state), coupon_reason = VALUES(coupon_reason), \
             coupon_at = VALUES(coupon_at), point_state = VALUES(point_state), point_reason = VALUES(point_reason), \
             point_at = VALUES(point_at), receiver = VALUES(receiver), \
             warehouse_storage = VALUES(warehouse_storage), is_processing = VALUES(is_processing), \
             version = VALUES(version), updated_at = VALUES(updated_at), \
             after_sales = VALUES(after_sales), completed_at = VALUES(completed_at)",
};
const LINES: Upsert = Upsert {
    head: "INSERT INTO order_line (order_id, line_no, product_id, name, quantity, unit_price, stock_state, \
           stock_reason, stock_at, returned, drop_id) VALUES ",
    update: " ON DUPLICATE KEY UPDATE stock_state = VALUES(stock_state), stock_reason = VALUES(stock_reason), \
             stock_at = VALUES(stock_at), returned = VALUES(returned)",
};

pub(super) fn orders(script: &mut Script, rows: &Rows, before: &Before) {
    put_all(script, &rows.orders, ORDERS, |insert, _, row| write_order(insert, row));
    let changes = rows.orders.changes();
    let new: Vec<&Order> = changes
        .iter()
        .filter_map(|(_, change)| if let Change::Insert(row) = change { Some(&row.order) } else { None })
        .collect();
    let mut insert = Insert::new(script, LINES.head, "").awaiting(new.iter().map(|order| lines(order).count()).sum());
    for order in new {
        lines(order).for_each(|line| write_line(&mut insert, order, line));
    }
    drop(insert);
    let mut insert = Insert::new(script, LINES.head, LINES.update);
    for (key, change) in &changes {
        if let Change::Update(row) = change {
            let known = before.steps.get(&key.0).map_or(&[][..], Vec::as_slice);
            // Returns are rare, so all lines are written instead of finding the returned ones.
            let has_returns = !row.order.returned.is_empty();
            let moved = lines(&row.order).filter(|line| has_returns || !known.contains(line.record));
            moved.for_each(|line| write_line(&mut insert, &row.order, line));
        }
    }
}

/// A line of an order, and the step that claims its stock.
struct NumberedLine<'o> {
    number: i64,
    line: &'o Line,
    record: &'o StepRecord,
}

/// Returns each line with its number and the step that claims its stock.
fn lines(order: &Order) -> impl Iterator<Item = NumberedLine<'_>> {
    (1..).zip(&order.created.lines).filter_map(|(number, line)| {
        let step = Step::Stock(line.product);
        let record = order.saga.steps.iter().find(|record| record.step == step)?;
        Some(NumberedLine { number, line, record })
    })
}

fn write_line(insert: &mut Insert<'_>, order: &Order, NumberedLine { number, line, record }: NumberedLine<'_>) {
    insert.row(&[
        &order.id().0,
        &number,
        &line.product.0,
        &line.name,
        &line.quantity,
        &line.unit_price,
        &record.state.name(),
        &step_reason(record.state),
        &record.at,
        &order.returned(usize::try_from(number - 1).unwrap_or_default()),
        &line.drop.map(|drop| drop.0),
    ]);
}

fn write_order(insert: &mut Insert<'_>, OrderRow { order, previous }: &OrderRow) {
    let created = &order.created;
    let coupon = saga_step_cells(order, Step::Coupon);
    let point = saga_step_cells(order, Step::Point);
    let receiver = created.receiver.as_ref();
    let receiver = receiver.map(|receiver| serde_json::to_string(receiver).expect("a receiver has a JSON form"));
    let after_sales = order.after_sales.as_deref();
    let after_sales = after_sales.map(|after| serde_json::to_string(after).expect("after-sales data has a JSON form"));
    insert.row(&[
        &created.id.0,
        &created.number.as_str(),
        &created.user.0,
        &order.outcome.name(),
        &order.status.name(),
        &order.reason.map(domain::reason::Reason::code),
        &matches!(order.saga.direction, Direction::Restoring(_)),
        &created.mode.name(),
        &created.payment.name(),
        &i64::try_from(created.pay_within.as_micros()).unwrap_or(i64::MAX),
        &order.pay_before,
        &created.total,
        &created.discount,
        &created.points,
        &created.due,
        &created.coupon.map(|wanted| wanted.campaign.0),
        &created.coupon.and_then(|wanted| wanted.coupon).map(|coupon| coupon.0),
        &coupon.0,
        &coupon.1,
        &coupon.2,
        &point.0,
        &point.1,
        &point.2,
        &receiver,
        &created.warehouse_storage,
        &order.is_processing,
        &order.version,
        &created.at,
        &order.updated_at,
        &previous.map(|previous| previous.0),
        &created.chosen_by.map(Rule::name),
        &after_sales,
        &order.completed_at,
    ]);
}
