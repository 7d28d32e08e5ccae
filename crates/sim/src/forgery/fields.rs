//! Changes of fields in an event's JSON: numbers, and codes of other orders and other shops.

use serde_json::{Map, Number, Value};

use super::dice::Dice;
use super::record::Record;
use crate::disk::State;
use crate::process::CODEC;

/// Most fields that one change affects.
const CHANGES_MAX: usize = 3;
const NUMBERS: [i64; 12] = [0, 1, 2, 3, 7, -1, -3, 1_000, 1_000_000_000, i64::MAX, i64::MIN, (1 << 53) - 1];

/// Changes one or several fields of a record's JSON, if it has any.
pub(super) fn change(record: &mut Record, state: &State, dice: &mut Dice<'_>) {
    let Some(mut value) = record.value.as_deref().and_then(|value| serde_json::from_slice::<Value>(value).ok()) else {
        return;
    };
    for _change in 0..=dice.below(CHANGES_MAX) {
        let mut leaves = 0;
        visit(&mut value, &mut |_| leaves += 1);
        let (chosen, mut at) = (dice.below(leaves), 0);
        visit(&mut value, &mut |leaf| {
            if at == chosen {
                *leaf = other(leaf, state, dice);
            }
            at += 1;
        });
    }
    if dice.below(8) == 7 {
        reshape(&mut value, dice);
    }
    record.value = Some(value.to_string().into_bytes());
}

/// Visits all leaf values.
fn visit(value: &mut Value, each: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| visit(value, each)),
        Value::Object(fields) => fields.values_mut().for_each(|value| visit(value, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => each(value),
    }
}

fn other(leaf: &Value, state: &State, dice: &mut Dice<'_>) -> Value {
    match (leaf, dice.below(16)) {
        (_, 15) => Value::Null,
        (_, 14) => Value::Object(Map::new()),
        (Value::Number(number), 13) => Value::String(number.to_string()),
        (Value::Number(number), 10..=12) => {
            let number = number.as_i64().unwrap_or_default();
            Value::from(number.wrapping_add(i64::from(dice.byte()) - 128))
        }
        (Value::Number(_), 9) => Number::from_f64(1.5).map_or(Value::Null, Value::Number),
        (Value::Number(_), _) => Value::from(dice.pick(&NUMBERS).unwrap_or_default()),
        (Value::Bool(is_so), _) => Value::Bool(!is_so),
        (Value::String(text), 13) => Value::String(format!("{text}\u{0}é")),
        (Value::String(_), 12) => Value::String("x".repeat(70_000)),
        (Value::String(_), 11) => Value::String(String::new()),
        (Value::String(_), 10) => Value::String("1970-01-01T00:00:00Z".into()),
        (Value::String(_), 9) => Value::String("9999-12-31T23:59:59.999999Z".into()),
        (Value::String(text), _) => Value::String(dice.pick(&codes(text, state)).unwrap_or_default()),
        (Value::Null | Value::Array(_) | Value::Object(_), _) => Value::from(1),
    }
}

/// Returns codes of the same kind, and one that names nothing.
fn codes(like: &str, state: &State) -> Vec<String> {
    let nothings = CODEC.order(domain::ids::OrderId(999_999));
    let orders = state.orders.keys().map(|order| CODEC.order(*order));
    let coupons = state.coupons.keys().map(|coupon| CODEC.coupon(*coupon));
    let requests = state.requests.keys().map(|request| CODEC.request(*request));
    let payments = state.payments.keys().map(|order| CODEC.payment(*order));
    let all = orders.chain(coupons).chain(requests).chain(payments).chain([nothings]);
    let mut all: Vec<String> = all.map(|code| code.to_string()).collect();
    let prefix = like.split('-').next().unwrap_or_default().to_owned();
    let words = ["STOCK", "COUPON", "POINT", "stock.exhausted", "step.timed_out", "COMPLETED", "CANCELLED", "SUCCESS"];
    if all.iter().any(|code| code.starts_with(&prefix)) && like.contains('-') {
        all.retain(|code| code.starts_with(&prefix));
    } else {
        all.extend(words.iter().map(|word| (*word).to_owned()));
    }
    all
}

/// Repeats or removes an element of a list, or adds or removes a field of an object.
fn reshape(value: &mut Value, dice: &mut Dice<'_>) {
    let Value::Object(fields) = value else { return };
    let lists: Vec<String> =
        fields.iter().filter(|(_, value)| value.is_array()).map(|(name, _)| name.clone()).collect();
    match (dice.pick(&lists), dice.below(4)) {
        (Some(list), 0) => drop(fields.insert(list, Value::Array(vec![]))),
        (Some(list), 1) => {
            if let Some(Value::Array(values)) = fields.get_mut(&list) {
                values.extend(values.first().cloned());
            }
        }
        (_, 2) => drop(fields.insert("surprise".into(), Value::Bool(true))),
        _ => {
            let names: Vec<String> = fields.keys().cloned().collect();
            dice.pick(&names).and_then(|name| fields.remove(&name));
        }
    }
}
