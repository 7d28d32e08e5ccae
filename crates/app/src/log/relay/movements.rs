//! The movements of stock and points that are derived from events. Each outbox row describes its commit, so every
//! movement is published once, under an identity derived from the row's: consumers detect repeats.

use std::sync::Arc;

use domain::ids::{Code, ProductId, UserId};
use domain::money::Money;
use domain::order::fulfilment::Goods;
use domain::order::saga::Step;
use domain::time::Timestamp;

use crate::events::event::{Event, PointsMoved, Sold, StepReport, StockMoved, StockMovement};

/// Returns the movements of an event, in order.
pub(crate) fn of(event: &Event, at: Timestamp) -> Vec<Event> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events move nothing")]
    match event {
        Event::ProductRegistered(new) if new.stock > 0 => {
            vec![stock(StockMovement::Received, new.product_id, new.stock, None, at)]
        }
        Event::StockAdjusted(adjusted) => {
            let movement = if adjusted.delta < 0 { StockMovement::WrittenOff } else { StockMovement::Received };
            let mut moved = moved(movement, adjusted.product_id, adjusted.delta.saturating_abs(), None, at);
            moved.reason = Some(Arc::clone(&adjusted.reason));
            vec![Event::StockMoved(moved)]
        }
        Event::StockDeductionCompleted(report) => of_step(report, StockMovement::Held, at),
        Event::StockRestored(report) => of_step(report, StockMovement::Released, at),
        Event::OrderCompleted(order) => {
            let sold = order.products.iter();
            sold.map(|sold| stock(StockMovement::Sold, sold.id, sold.qty, Some(&order.order_id), at)).collect()
        }
        Event::OrderReturned(back) => {
            let goods = match back.goods {
                Goods::Returned => came_back(StockMovement::Returned, &back.products, &back.order_id, at),
                Goods::WrittenOff => came_back(StockMovement::Lost, &back.products, &back.order_id, at),
                // They move when they arrive.
                Goods::Awaited => vec![],
            };
            let points = (!back.points_restored.is_zero())
                .then(|| points("RESTORED", back.user_id, back.points_restored, Some(&back.order_id), at));
            goods.into_iter().chain(points).collect()
        }
        Event::OrderGoodsArrived(arrived) => {
            let movement = if arrived.written_off { StockMovement::Lost } else { StockMovement::Returned };
            came_back(movement, &arrived.products, &arrived.order_id, at)
        }
        Event::PointsCharged(charged) => vec![points("CHARGED", charged.user_id, charged.amount, None, at)],
        Event::PointDeductionCompleted(report) => of_points(report, "DEDUCTED", at),
        Event::PointsRestored(report) => of_points(report, "RESTORED", at),
        _ => vec![],
    }
}

fn came_back(movement: StockMovement, products: &[Sold], order: &Code, at: Timestamp) -> Vec<Event> {
    products.iter().map(|sold| stock(movement, sold.id, sold.qty, Some(order), at)).collect()
}

/// A repeated report, or one of an older version without amounts, moves nothing.
fn of_step(report: &StepReport, movement: StockMovement, at: Timestamp) -> Vec<Event> {
    let Step::Stock(product) = report.step else { return vec![] };
    let moved = report.quantity.map(|quantity| stock(movement, product, quantity, Some(&report.order_id), at));
    moved.into_iter().collect()
}

fn of_points(report: &StepReport, entry: &str, at: Timestamp) -> Vec<Event> {
    let (Some(user), Some(amount)) = (report.user_id, report.points) else { return vec![] };
    vec![points(entry, user, amount, Some(&report.order_id), at)]
}

fn stock(movement: StockMovement, product: ProductId, units: i64, order: Option<&Code>, at: Timestamp) -> Event {
    Event::StockMoved(moved(movement, product, units, order, at))
}

fn moved(
    movement: StockMovement,
    product_id: ProductId,
    quantity: i64,
    order: Option<&Code>,
    moved_at: Timestamp,
) -> StockMoved {
    let (on_hand_change, reserved_change, sold_change) = match movement {
        StockMovement::Received => (quantity, 0, 0),
        StockMovement::WrittenOff => (-quantity, 0, 0),
        StockMovement::Held => (0, quantity, 0),
        StockMovement::Released => (0, -quantity, 0),
        StockMovement::Sold => (-quantity, -quantity, quantity),
        StockMovement::Returned => (quantity, 0, -quantity),
        StockMovement::Lost => (0, 0, -quantity),
    };
    StockMoved {
        product_id,
        movement,
        quantity,
        on_hand_change,
        reserved_change,
        sold_change,
        order_id: order.cloned(),
        reason: None,
        moved_at,
    }
}

fn points(entry: &str, user_id: UserId, amount: Money, order: Option<&Code>, moved_at: Timestamp) -> Event {
    let change = if entry == "DEDUCTED" { -amount.amount() } else { amount.amount() };
    Event::PointsMoved(PointsMoved { user_id, entry: entry.into(), amount, change, order_id: order.cloned(), moved_at })
}
