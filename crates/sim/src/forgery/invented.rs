//! Invented events of any kind about existing orders: the example of the event's schema with the order's own facts.

use app::events::event::EventKind;
use app::log::reactions::groups_of;
use domain::ids::ProductId;
use domain::order::Order;
use serde_json::Value;

use super::dice::Dice;
use super::record::Record;
use crate::disk::State;
use crate::process::CODEC;

/// The facts of an order that an event names.
struct Facts<'o> {
    order: &'o Order,
    code: String,
    product: ProductId,
    quantity: i64,
    coupon: i64,
    attempt: i64,
}

pub(super) fn invent(record: &mut Record, state: &State, dice: &mut Dice<'_>) {
    let read: Vec<EventKind> =
        EventKind::ALL.iter().copied().filter(|kind| groups_of(*kind).next().is_some()).collect();
    let orders: Vec<&Order> = state.orders.values().map(|row| &row.order).collect();
    let (Some(kind), Some(order)) = (dice.pick(&read), dice.pick(&orders)) else { return };
    let Some(mut value) = example(kind) else { return };
    let line = dice.pick(&order.created.lines);
    let facts = Facts {
        order,
        code: CODEC.order(order.id()).to_string(),
        product: line.as_ref().map_or(ProductId(1), |line| line.product),
        quantity: line.map_or(1, |line| line.quantity),
        coupon: order.created.coupon.map_or(1, |wanted| wanted.campaign.0),
        attempt: state.payments.get(&order.id()).map_or(1, |payment| payment.attempt),
    };
    fill(&mut value, &facts);
    record.become_kind(kind);
    record.value = Some(value.to_string().into_bytes());
    record.take_fresh_identity(dice);
}

fn example(kind: EventKind) -> Option<Value> {
    let schema: Value = serde_json::from_str(kind.schema()).ok()?;
    schema.get("examples")?.get(0).cloned()
}

fn fill(value: &mut Value, facts: &Facts<'_>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, facts)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match fact(name, facts) {
                    Some(fact) => *value = fact,
                    None => fill(value, facts),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fact(field: &str, facts: &Facts<'_>) -> Option<Value> {
    let created = &facts.order.created;
    Some(match field {
        "orderId" | "orderNumber" => facts.code.clone().into(),
        "userId" => created.user.0.into(),
        "productId" | "id" => facts.product.0.into(),
        "quantity" | "qty" => facts.quantity.into(),
        "couponId" => facts.coupon.into(),
        "points" => created.points.amount().into(),
        "amount" => created.due.amount().into(),
        "attempt" => facts.attempt.into(),
        _ => return None,
    })
}
