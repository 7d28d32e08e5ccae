//! Finds every value of a body that cannot be parsed. A parser stops at the first one, so each one that is found is replaced by a
//! value that can be parsed, in a copy of the body.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::explain::{self, Step, TWICE, UNKNOWN, Wrong, expected_names, first_wrong};
use crate::http::Problem;

/// The most values that are named.
const WRONG_MAX: usize = 10;
/// The most values that are replaced: those inside of a value that stands in for another one are not named.
const REPLACED_MAX: usize = 40;
/// The most values that are tried in place of one: nothing, one of the right type, and a word that is known.
const TRIES_MAX: usize = 3;

/// Returns the problem of a body that cannot be parsed, with all its wrong values.
pub(super) fn failure<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    let first = match explain::failure::<T>(bytes) {
        Ok(first) => first,
        Err(problem) => return problem,
    };
    let problem = Problem::invalid(first.pointer.clone(), first.code, first.detail.clone());
    let later = later_wrong::<T>(bytes, first).into_iter();
    later.fold(problem, |problem, Wrong { pointer, code, detail, .. }| problem.and_invalid(pointer, code, detail))
}

/// Returns the wrong values after the first one, in the order in which the parser meets them.
fn later_wrong<T: DeserializeOwned>(bytes: &[u8], first: Wrong) -> Vec<Wrong> {
    let mut found = vec![];
    let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else { return found };
    let mut replaced: Vec<Vec<Step>> = vec![];
    let mut wrong = first;
    while found.len() + 1 < WRONG_MAX && replaced.len() < REPLACED_MAX {
        let Some(Some(next)) = mend::<T>(&mut body, &wrong) else { break };
        replaced.push(wrong.steps);
        if !replaced.iter().any(|stands_in| next.steps.starts_with(stands_in)) {
            found.push(next.clone());
        }
        wrong = next;
    }
    found
}

/// Replaces a wrong value, and returns the next one. `None` if no value was found that can stand in for it.
fn mend<T: DeserializeOwned>(body: &mut Value, wrong: &Wrong) -> Option<Option<Wrong>> {
    match wrong.code {
        UNKNOWN => {
            remove(body, &wrong.steps)?;
            return Some(first_wrong::<T>(body));
        }
        // The copy has it once.
        TWICE => return Some(first_wrong::<T>(body)),
        _ => {}
    }
    let mut value = stand_in(&wrong.message).unwrap_or(Value::Null);
    for _ in 0..TRIES_MAX {
        replace(body, &wrong.steps, value)?;
        match first_wrong::<T>(body) {
            Some(still) if still.steps == wrong.steps => value = stand_in(&still.message)?,
            next => return Some(next),
        }
    }
    None
}

/// Returns a value of the type that the parser expected.
fn stand_in(message: &str) -> Option<Value> {
    if message.starts_with("unknown variant") {
        return expected_names(message).first().map(|word| json!(word));
    }
    let (_, expected) = message.rsplit_once(", expected ")?;
    Some(match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" | "f32" | "f64" => json!(1),
        "a string" | "a borrowed string" | "a character" => json!(""),
        "a boolean" => json!(false),
        "a sequence" => json!([]),
        "a map" => json!({}),
        other if other.starts_with("enum ") => json!(""),
        other if other.starts_with("struct ") || other.contains(" struct ") => json!({}),
        _ => return None,
    })
}

/// Returns the value that contains the last step, and this step; `None` for the body itself.
fn container<'v, 's>(body: &'v mut Value, steps: &'s [Step]) -> Option<(&'v mut Value, &'s Step)> {
    let (last, way) = steps.split_last()?;
    let inner = way.iter().try_fold(body, |value, step| match step {
        Step::Field(name) => value.get_mut(name.as_str()),
        Step::Element(place) => value.get_mut(*place),
    });
    Some((inner?, last))
}

fn replace(body: &mut Value, steps: &[Step], value: Value) -> Option<()> {
    match container(body, steps)? {
        (Value::Object(fields), Step::Field(name)) => {
            fields.insert(name.clone(), value);
        }
        (Value::Array(elements), Step::Element(place)) => *elements.get_mut(*place)? = value,
        _ => return None,
    }
    Some(())
}

fn remove(body: &mut Value, steps: &[Step]) -> Option<()> {
    let (Value::Object(fields), Step::Field(name)) = container(body, steps)? else { return None };
    fields.remove(name).map(drop)
}
