//! `doorbuster coupon|product|user|order history`, and `order why`: what happened, and because of what.

pub(in crate::commands) mod trail;

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::client::{AdminClient, ask, plain};
use crate::cli::{MomentArgs, ShopArgs};
use crate::commands::output::table::aligned;
use crate::commands::{Error, print};

/// Fields that say what was decided, and by which rule or for which reason.
const DECIDING: [&str; 16] = [
    "mode",
    "chosenBy",
    "status",
    "shipmentStatus",
    "storageStatus",
    "reason",
    "code",
    "cancelReason",
    "refundReason",
    "rejectReason",
    "steps",
    "payBefore",
    "askAgainAt",
    "amount",
    "refundAmount",
    "resolvedBy",
];

/// Shows the history at a path.
pub(in crate::commands) fn show(shop: &ShopArgs, path: &str, moment: &MomentArgs) -> Result<ExitCode, Error> {
    let mut path = format!("{path}?limit={}", moment.limit);
    if let Some(as_of) = &moment.as_of {
        let _infallible = write!(path, "&asOf={}", as_of.replace('+', "%2B"));
    }
    ask(shop, "GET", &path, None, history)
}

fn history(answer: &Value) -> String {
    let mut text = format!("As of {}:\n", plain(&answer["asOf"]));
    match answer["state"].as_object() {
        None => text.push_str("  it did not exist yet\n"),
        Some(state) => {
            let row = |(name, value): (&String, &Value)| vec![format!("  {name}"), plain(value)];
            text += &aligned(&state.iter().map(row).collect::<Vec<_>>());
            text.push('\n');
        }
    }
    let events = answer["events"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |event: &Value| {
        let cause = format!("by {}", plain(&event["cause"]));
        vec![plain(&event["at"]), plain(&event["type"]), plain(&event["status"]), cause, decided(&event["payload"])]
    };
    text += &aligned(&events.iter().map(row).collect::<Vec<_>>());
    if !answer["nextCursor"].is_null() {
        text += "\nThere are more events; the endpoint's cursor leads to them.";
    }
    text
}

/// Returns the deciding fields of an event, as text.
fn decided(payload: &Value) -> String {
    let field = |name: &&str| payload.get(name).map(|value| format!("{name}: {}", plain(value)));
    DECIDING.iter().filter_map(field).collect::<Vec<_>>().join(", ")
}

/// Shows each event of an order below the one that caused it.
pub(in crate::commands) fn why(shop: &ShopArgs, order: &str) -> Result<ExitCode, Error> {
    let path = format!("/api/admin/orders/{order}/history?limit=100");
    let events = AdminClient::open_to_read(shop)?.pages(&path, "events")?;
    let roots = tree(&events);
    if shop.json {
        return print(
            &json!({"orderNumber": order, "causes": roots.iter().map(as_json).collect::<Vec<_>>()}).to_string(),
        );
    }
    let mut text = order.to_owned();
    draw(&roots, "", &mut text);
    print(&text)
}

/// What was asked of the shop, or an event, with everything that it caused.
struct Node<'a> {
    /// The command or event that was not stored, if the node stands for one.
    name: &'a str,
    event: Option<&'a Value>,
    caused: Vec<Node<'a>>,
}

/// Groups events under their causes. A cause that is no stored event is a command, or a request that was answered in the
/// commit that made it.
fn tree(events: &[Value]) -> Vec<Node<'_>> {
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
    let cause = |place: usize| events[place]["cause"].as_str().unwrap_or_default();
    let parent = |place: usize| kinds[..place].iter().rposition(|kind| *kind == cause(place));
    let mut children: Vec<Vec<usize>> = vec![vec![]; events.len()];
    let mut roots: Vec<(&str, &str, Vec<usize>)> = vec![];
    for (place, event) in events.iter().enumerate() {
        match parent(place) {
            Some(parent) => children[parent].push(place),
            None => {
                let (name, at) = (cause(place), event["at"].as_str().unwrap_or_default());
                match roots.last_mut() {
                    Some((last, then, places)) if (*last, *then) == (name, at) => places.push(place),
                    _ => roots.push((name, at, vec![place])),
                }
            }
        }
    }
    let nodes = |places: Vec<usize>| places.into_iter().map(|place| node(events, &children, place)).collect();
    roots.into_iter().map(|(name, _, places)| Node { name, event: None, caused: nodes(places) }).collect()
}

fn node<'a>(events: &'a [Value], children: &[Vec<usize>], place: usize) -> Node<'a> {
    let caused = children[place].iter().map(|child| node(events, children, *child)).collect();
    Node { name: events[place]["type"].as_str().unwrap_or_default(), event: Some(&events[place]), caused }
}

fn draw(nodes: &[Node<'_>], indent: &str, text: &mut String) {
    for (place, node) in nodes.iter().enumerate() {
        let is_last = place + 1 == nodes.len();
        let (branch, below) = if is_last { ("└─", "   ") } else { ("├─", "│  ") };
        let _infallible = write!(text, "\n{indent}{branch} {}", node.name);
        if let Some(event) = node.event {
            let _infallible = write!(text, "  {}  {}", plain(&event["at"]), decided(&event["payload"]));
        }
        draw(&node.caused, &format!("{indent}{below}"), text);
    }
}

fn as_json(node: &Node<'_>) -> Value {
    let caused: Vec<Value> = node.caused.iter().map(as_json).collect();
    let Some(event) = node.event else { return json!({"cause": node.name, "caused": caused}) };
    let fields = DECIDING.iter().filter_map(|name| Some(((*name).to_owned(), event["payload"].get(name)?.clone())));
    let decided: Map<String, Value> = fields.collect();
    json!({
        "eventId": event["eventId"], "type": node.name, "at": event["at"], "status": event["status"], "decided": decided,
        "caused": caused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_stands_below_its_cause() {
        let event = |kind: &str, cause: &str, payload: Value| json!({"type": kind, "cause": cause, "at": "T", "payload": payload});
        let events = [
            event("OrderCreated", "PlaceOrder", json!({"mode": "parallel", "items": []})),
            event("StockDeductionFailed", "StockDeductionRequested", json!({"reason": "stock.exhausted"})),
            event("OrderCancelled", "StockDeductionFailed", json!({"reason": "stock.exhausted"})),
        ];
        let mut text = String::from("ORD-1");
        draw(&tree(&events), "", &mut text);
        assert_eq!(
            text,
            "ORD-1\n├─ PlaceOrder\n│  └─ OrderCreated  T  mode: parallel\n└─ StockDeductionRequested\n   \
             └─ StockDeductionFailed  T  reason: stock.exhausted\n      └─ OrderCancelled  T  reason: stock.exhausted"
        );
    }
}
