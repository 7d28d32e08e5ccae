//! Orders with their lines. The facts of placing are written once; later only the state changes.

use app::state::rows::{OrderRow, Rows};
use domain::order::saga::{Direction, Step, StepRecord, StepState};
use domain::order::{Line, Order, Rule};
use rusqlite::{CachedStatement, Connection, Result, params};

use crate::sqlite::cells::Run as _;
use crate::sqlite::store::transaction::Before;
use crate::words::{saga_step_cells, step_reason};

const INSERT_ORDER: &str =
    "INSERT INTO orders (order_id, order_number, user_id, outcome, status, reason, is_restoring, mode, payment,
    pay_within_us, pay_before_at, total, discount, points, amount_due, campaign_id, coupon_id, coupon_state,
    coupon_reason, coupon_at, point_state, point_reason, point_at, receiver, warehouse_storage, is_processing, version,
    created_at, updated_at, previous_order_id, chosen_by, after_sales, completed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33)";

const INSERT_LINE: &str =
    "INSERT INTO order_line (order_id, line_no, product_id, name, quantity, unit_price, stock_state, stock_reason,
    stock_at, returned, drop_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

pub(super) fn orders(connection: &Connection, rows: &Rows, before: &Before) -> Result<()> {
    let changes = rows.orders.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(INSERT_ORDER)?;
    let mut insert_line = connection.prepare_cached(INSERT_LINE)?;
    for (key, change) in changes {
        let (row, is_new) = change.kept();
        if is_new {
            insert_order(&mut insert, row)?;
            insert_lines(&mut insert_line, &row.order)?;
        } else {
            update_order(connection, &row.order)?;
            let known = before.steps.get(&key.0).map_or(&[][..], Vec::as_slice);
            update_lines(connection, &row.order, known)?;
        }
    }
    Ok(())
}

const fn is_restoring(order: &Order) -> bool {
    matches!(order.saga.direction, Direction::Restoring(_))
}

fn insert_order(insert: &mut CachedStatement<'_>, OrderRow { order, previous }: &OrderRow) -> Result<()> {
    let created = &order.created;
    let coupon = saga_step_cells(order, Step::Coupon);
    let point = saga_step_cells(order, Step::Point);
    insert.run(params![
        created.id.0,
        created.number.as_str(),
        created.user.0,
        order.outcome.name(),
        order.status.name(),
        order.reason.map(domain::reason::Reason::code),
        is_restoring(order),
        created.mode.name(),
        created.payment.name(),
        i64::try_from(created.pay_within.as_micros()).unwrap_or(i64::MAX),
        order.pay_before.map(domain::time::Timestamp::micros),
        created.total.amount(),
        created.discount.amount(),
        created.points.amount(),
        created.due.amount(),
        created.coupon.map(|wanted| wanted.campaign.0),
        created.coupon.and_then(|wanted| wanted.coupon).map(|coupon| coupon.0),
        coupon.0,
        coupon.1,
        coupon.2,
        point.0,
        point.1,
        point.2,
        receiver(order)?,
        created.warehouse_storage,
        order.is_processing,
        order.version,
        created.at.micros(),
        order.updated_at.micros(),
        previous.map(|previous| previous.0),
        created.chosen_by.map(Rule::name),
        after_sales(order)?,
        order.completed_at.map(domain::time::Timestamp::micros),
    ])?;
    Ok(())
}

fn update_order(connection: &Connection, order: &Order) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE orders SET outcome = ?2, status = ?3, reason = ?4, is_restoring = ?5, pay_before_at = ?6,
             coupon_state = ?7, coupon_reason = ?8, coupon_at = ?9, point_state = ?10, point_reason = ?11,
             point_at = ?12, version = ?13, updated_at = ?14, receiver = ?15, warehouse_storage = ?16,
             is_processing = ?17, after_sales = ?18, completed_at = ?19
         WHERE order_id = ?1",
    )?;
    let coupon = saga_step_cells(order, Step::Coupon);
    let point = saga_step_cells(order, Step::Point);
    update.run(params![
        order.id().0,
        order.outcome.name(),
        order.status.name(),
        order.reason.map(domain::reason::Reason::code),
        is_restoring(order),
        order.pay_before.map(domain::time::Timestamp::micros),
        coupon.0,
        coupon.1,
        coupon.2,
        point.0,
        point.1,
        point.2,
        order.version,
        order.updated_at.micros(),
        receiver(order)?,
        order.created.warehouse_storage,
        order.is_processing,
        after_sales(order)?,
        order.completed_at.map(domain::time::Timestamp::micros),
    ])?;
    Ok(())
}

fn receiver(order: &Order) -> Result<Option<String>> {
    let json = order.created.receiver.as_ref().map(serde_json::to_string).transpose();
    json.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn after_sales(order: &Order) -> Result<Option<String>> {
    let json = order.after_sales.as_deref().map(serde_json::to_string).transpose();
    json.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn insert_lines(insert: &mut CachedStatement<'_>, order: &Order) -> Result<()> {
    for (line_no, line, record) in lines(order) {
        insert.run(params![
            order.id().0,
            line_no,
            line.product.0,
            &line.name,
            line.quantity,
            line.unit_price.amount(),
            record.state.name(),
            step_reason(record.state),
            record.at.micros(),
            order.returned(index(line_no)),
            line.drop.map(|drop| drop.0),
        ])?;
    }
    Ok(())
}

fn update_lines(connection: &Connection, order: &Order, known: &[StepRecord]) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE order_line SET stock_state = ?3, stock_reason = ?4, stock_at = ?5, returned = ?6
         WHERE order_id = ?1 AND line_no = ?2",
    )?;
    // Returns are rare, so all lines are written instead of finding the returned ones.
    let has_moved = |(_, _, record): &(i64, &Line, &StepRecord)| !order.returned.is_empty() || !known.contains(record);
    for (line_no, _, StepRecord { state, at, .. }) in lines(order).filter(has_moved) {
        let state: StepState = *state;
        update.run((
            order.id().0,
            line_no,
            state.name(),
            step_reason(state),
            at.micros(),
            order.returned(index(line_no)),
        ))?;
    }
    Ok(())
}

/// The index of a line number among the order's lines.
fn index(line_no: i64) -> usize {
    usize::try_from(line_no - 1).unwrap_or_default()
}

/// Returns each line with its number and its step: a saga's steps begin with one per line, in their order.
fn lines(order: &Order) -> impl Iterator<Item = (i64, &Line, &StepRecord)> {
    let lines = order.created.lines.iter().zip(&order.saga.steps);
    (1..).zip(lines).map(|(line_no, (line, record))| (line_no, line, record))
}
