//! The facts that the store keeps of archived events, and the rows because of which events must stay.

use app::audit::{Archived, Needed};
use app::log::reactions::Group;
use app::ports::StoreError;
use app::ports::views::ShardPlace;
use app::state::rows::OffsetKey;
use app::state::settings::Carrier;
use domain::order::Outcome;
use domain::shipment;
use domain::time::Timestamp;

use super::Asked;
use crate::selects::{SELECT_POSITIONS, select_relayed};

/// The usual retention of a broker, in microseconds: events that are younger stay in the store.
const CARRIED_US: i64 = 7 * 86_400 * 1_000_000;

/// The conditions with which a store finds events.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    /// Trailing groups read all events as one partition.
    pub(crate) is_whole: bool,
    /// Compares an event with the place that a row `owed` names.
    pub(crate) of_row: &'static str,
}

/// Returns what the store keeps; an error text if this program cannot read it.
pub(crate) fn archived<A: Asked>(asked: &mut A) -> Result<Result<Option<Archived>, String>, A::Error> {
    let kept: Vec<String> = asked.rows("SELECT archived FROM archive")?;
    let read = kept.first().map(|text| serde_json::from_str(text)).transpose();
    Ok(read.map_err(|error| format!("archive: it cannot be read: {error}")))
}

/// Returns what an audit knows of the archive; one that cannot be read is a violation, and not a reason to end.
pub(crate) fn known(read: Result<Option<Archived>, StoreError>) -> Result<Option<Archived>, StoreError> {
    match read {
        Err(StoreError::Unreadable(_)) => Ok(None),
        read => read,
    }
}

/// Returns everything because of which events must stay, with the moment of the first of them.
pub(crate) fn needed<A: Asked>(asked: &mut A, places: Places) -> Result<Vec<Needed>, A::Error> {
    let mut needed = vec![];
    let mut keep = |by: &str, since: Vec<Option<i64>>| {
        let since = since.into_iter().flatten().min();
        needed.extend(since.map(|at| Needed { by: by.to_owned(), since: Timestamp::from_micros(at) }));
    };
    for outcome in Outcome::ALL.iter().filter(|outcome| !outcome.is_final()).map(|outcome| outcome.name()) {
        // Both conditions: orders that did not complete have an index of their own.
        let select =
            format!("SELECT MIN(created_at) FROM orders WHERE outcome = '{outcome}' AND outcome <> 'COMPLETED'");
        keep(&format!("an order that is {outcome}"), asked.rows(&select)?);
    }
    let of_order = |rest: &str| format!("SELECT MIN(orders.created_at) FROM {rest}");
    let owed = "payment JOIN orders ON orders.order_id = payment.order_id
                WHERE payment.due_at IS NOT NULL OR payment.owed_since IS NOT NULL";
    keep("a payment that is under way or owed", asked.rows(&of_order(owed))?);
    let on_the_way: Vec<String> = shipment::State::ALL
        .iter()
        .filter(|state| is_under_way(**state))
        .map(|state| format!("'{}'", state.name()))
        .collect();
    let shipped = format!(
        "shipment JOIN orders ON orders.order_id = shipment.order_id WHERE shipment.state IN ({})",
        on_the_way.join(", ")
    );
    keep("a shipment that is under way", asked.rows(&of_order(&shipped))?);
    let undecided = "SELECT MIN(created_at) FROM coupon_request WHERE status = 'PENDING'";
    keep("a coupon request without a decision", asked.rows(undecided)?);
    let of_row = |table: &str, rest: &str| {
        let on = places.of_row;
        format!(
            "SELECT MIN(event.occurred_at) FROM {table} AS owed JOIN event ON {on} WHERE owed.due_at IS NOT NULL {rest}"
        )
    };
    // What was on its way to a removed endpoint is not sent any more.
    let to_any = "AND NOT EXISTS
        (SELECT 1 FROM webhook WHERE webhook.webhook_id = owed.webhook_id AND webhook.status = 'REMOVED')";
    keep("a delivery to a webhook that is under way", asked.rows(&of_row("webhook_delivery", to_any))?);
    keep("a notification that is under way", asked.rows(&of_row("notification", ""))?);
    keep("a parked event", asked.rows("SELECT MIN(occurred_at) FROM parked_event")?);
    let letters = "SELECT MIN(occurred_at) FROM dead_letter WHERE status NOT IN ('HANDLED', 'DROPPED')";
    keep("an open dead letter", asked.rows(letters)?);
    needed.extend(behind(asked, places)?);
    Ok(needed)
}

const fn is_under_way(state: shipment::State) -> bool {
    !matches!(state, shipment::State::Delivered | shipment::State::Returned | shipment::State::Canceled)
}

/// Groups and relays that have not come to the end.
fn behind<A: Asked>(asked: &mut A, places: Places) -> Result<Vec<Needed>, A::Error> {
    let mut needed = vec![];
    let words: Vec<String> = asked.rows("SELECT value FROM meta WHERE name = 'executor'")?;
    let carrier = words.first().map(|word| Carrier::from_name(word).unwrap_or(Carrier::Inline));
    let offsets: Vec<Option<(OffsetKey, i64)>> = asked.rows(SELECT_POSITIONS)?;
    let reads_store = |group: Group| group.is_trailing() || carrier == Some(Carrier::OwnLog);
    let own = offsets.into_iter().flatten().filter(|(key, _)| key.partition.topic.is_none() && reads_store(key.group));
    for (OffsetKey { group, partition }, position) in own {
        let select = if group.is_trailing() && places.is_whole {
            format!("SELECT occurred_at FROM event WHERE position >= {position} ORDER BY position LIMIT 1")
        } else {
            let shard = partition.number;
            format!("SELECT occurred_at FROM event WHERE shard = {shard} AND seq >= {position} ORDER BY seq LIMIT 1")
        };
        let first: Vec<i64> = asked.rows(&select)?;
        let since = first.first().map(|at| Timestamp::from_micros(*at));
        needed.extend(since.map(|since| Needed { by: format!("{}, which has not handled it", group.name()), since }));
    }
    if carrier.is_some_and(Carrier::has_relay) {
        // Also shards that no relay has taken yet: its first one publishes all of their events.
        let shards: Vec<ShardPlace> = asked.rows(select_relayed!("ORDER BY outbox_shard.shard"))?;
        let waiting = shards.into_iter().filter_map(|place| place.waiting_since).min();
        needed.extend(waiting.map(|since| Needed { by: "the relay, which has not published it".to_owned(), since }));
        let newest: Vec<Option<i64>> =
            asked.rows("SELECT occurred_at FROM event WHERE position = (SELECT MAX(position) FROM event)")?;
        let since = newest.into_iter().flatten().next().map(|at| Timestamp::from_micros(at.saturating_sub(CARRIED_US)));
        needed
            .extend(since.map(|since| Needed { by: "groups that read the broker, for seven days".to_owned(), since }));
    }
    Ok(needed)
}
