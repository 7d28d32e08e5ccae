//! The constraints of every store's tables: the last check behind the domain's rules.

use std::collections::BTreeSet;

use app::ports::{Commit, CommitError};
use app::state::rows::{AlertKey, Rows};
use app::state::table::Change;
use domain::alert::Alert;
use domain::coupon::Holding;
use domain::money::Money;
use domain::webhook::Delivery;

use crate::disk::{RefusedRow, State};

/// Checks that the state accepts the whole commit.
pub(crate) fn check(state: &mut State, commit: &Commit<'_>) -> Result<(), CommitError> {
    for moved in commit.offsets {
        if state.offsets.get(&moved.key).copied().unwrap_or(0) != moved.from {
            return Err(CommitError::Moved(moved.key));
        }
    }
    if let Some(changed) = commit.rows.held.iter().find(|held| state.campaigns.get(&held.id) != Some(held)) {
        return Err(CommitError::Contended(format!("campaign {} was changed by another process", changed.id)));
    }
    refuse_claims(state, commit.rows)
        .and_then(|()| refuse_rows(state, commit.rows))
        .and_then(|()| check_keys(state, commit.rows))
        .and_then(|()| check_rows(commit.rows))
        .and_then(|()| check_coupons(state, commit.rows))
        .and_then(|()| check_lists(state, commit.rows))
        .and_then(|()| check_deliveries(state, commit.rows))
        .map_err(CommitError::Constraint)
}

/// Fails a commit that writes a claim with a planned fault.
fn refuse_claims(state: &mut State, rows: &Rows) -> Result<(), String> {
    for (key, _) in written(rows.claims.changes()) {
        if let Some(times) = state.refused_claims.get_mut(&key).filter(|times| **times > 0) {
            *times -= 1;
            return Err(format!("claims: {key:?} is refused, as planned"));
        }
    }
    Ok(())
}

/// Fails a commit that writes a row with a planned fault.
fn refuse_rows(state: &mut State, rows: &Rows) -> Result<(), String> {
    for (row, times) in state.refused_rows.iter_mut().filter(|(_, times)| **times > 0) {
        let is_written = match row {
            RefusedRow::Claim(step) => written(rows.claims.changes()).any(|(key, _)| key.step == *step),
            RefusedRow::Payment => written(rows.payments.changes()).next().is_some(),
            RefusedRow::Shipment => written(rows.shipments.changes()).next().is_some(),
            RefusedRow::Storage => written(rows.storages.changes()).next().is_some(),
        };
        if is_written {
            *times -= 1;
            return Err(format!("{row:?} is refused, as planned"));
        }
    }
    Ok(())
}

/// An insert requires that the row is absent, an update that it exists. Timers are upserted.
fn check_keys(state: &State, rows: &Rows) -> Result<(), String> {
    fits("inbox", rows.inbox.changes(), |key| state.inbox.contains(key))?;
    fits("parked keys", rows.parked.changes(), |key| state.parked.contains_key(key))?;
    fits("parked events", rows.parked_events.changes(), |key| state.parked_events.contains_key(key))?;
    fits("letters", rows.letters.changes(), |key| state.letters.contains_key(key))?;
    fits("answers", rows.answers.changes(), |key| state.answers.contains_key(key))?;
    fits("logins", rows.logins.changes(), |key| state.logins.contains_key(key))?;
    fits("api keys", rows.api_keys.changes(), |key| state.api_keys.contains_key(key))?;
    fits("identities", rows.identities.changes(), |key| state.identities.contains_key(key))?;
    fits("details", rows.details.changes(), |key| state.details.contains_key(&key.0))?;
    fits("webhooks", rows.webhooks.changes(), |key| state.webhooks.contains_key(key))?;
    fits("alerts", rows.alerts.changes(), |key| open_alert(state, *key).is_some())?;
    fits("deliveries", rows.deliveries.changes(), |key| state.deliveries.contains_key(key))?;
    fits("notification settings", rows.notification_settings.changes(), |key| {
        state.notification_settings.contains_key(&key.0)
    })?;
    fits("notifications", rows.notifications.changes(), |key| state.notifications.contains_key(key))?;
    fits("orders", rows.orders.changes(), |key| state.orders.contains_key(&key.0))?;
    fits("payments", rows.payments.changes(), |key| state.payments.contains_key(&key.0))?;
    fits("shipments", rows.shipments.changes(), |key| state.shipments.contains_key(&key.0))?;
    fits("storages", rows.storages.changes(), |key| state.storages.contains_key(&key.0))?;
    fits("callbacks", rows.callbacks.changes(), |key| state.callbacks.contains_key(key))?;
    fits("claims", rows.claims.changes(), |key| state.claims.contains_key(key))?;
    fits("requests", rows.requests.changes(), |key| state.requests.contains_key(key))?;
    fits("customers", rows.customers.changes(), |key| state.customers.contains_key(&key.0))?;
    fits("accounts", rows.accounts.changes(), |key| state.accounts.contains_key(&key.0))?;
    fits("holdings", rows.holdings.changes(), |key| state.holdings.contains_key(key))?;
    fits("campaigns", rows.campaigns.changes(), |key| state.campaigns.contains_key(key))?;
    fits("buyers", rows.buyers.changes(), |key| state.buyers.contains_key(key))?;
    fits("cards", rows.cards.changes(), |key| state.cards.contains_key(key))?;
    fits("drops", rows.drops.changes(), |key| state.drops.contains_key(key))?;
    fits("products", rows.products.changes(), |key| state.products.contains_key(key))?;
    fits("sales", rows.sales.changes(), |key| state.sales.contains_key(key))
}

fn fits<K: std::fmt::Debug, V>(
    table: &str,
    changes: Vec<(K, Change<'_, V>)>,
    exists: impl Fn(&K) -> bool,
) -> Result<(), String> {
    for (key, change) in changes {
        match change {
            Change::Insert(_) if exists(&key) => return Err(format!("{table}: {key:?} is there already")),
            Change::Update(_) if !exists(&key) => return Err(format!("{table}: {key:?} is gone")),
            Change::Insert(_) | Change::Update(_) | Change::Delete => {}
        }
    }
    Ok(())
}

/// No figure is below zero or above its limit.
fn check_rows(rows: &Rows) -> Result<(), String> {
    for (id, product) in written(rows.products.changes()) {
        let adds_up = product.received == product.on_hand + product.sold + product.written_off;
        if !adds_up || product.reserved < 0 || product.available() < 0 || product.sold < 0 || product.written_off < 0 {
            return Err(format!("products: {id} does not add up: {product:?}"));
        }
    }
    for (id, campaign) in written(rows.campaigns.changes()) {
        if campaign.issued < 0 || campaign.issued > campaign.quantity {
            return Err(format!("campaigns: {id} has issued {} of {}", campaign.issued, campaign.quantity));
        }
    }
    for (id, account) in written(rows.accounts.changes()) {
        if account.balance < Money::ZERO {
            return Err(format!("accounts: {id:?} would be below zero"));
        }
    }
    Ok(())
}

/// A coupon has one holder, and an issue number is used once.
fn check_coupons(state: &State, rows: &Rows) -> Result<(), String> {
    let mut coupons = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for (key, holding) in written(rows.holdings.changes()) {
        let known = state.holdings.get(&key).map_or(0, |holding| holding.coupons.len());
        for coupon in holding.coupons.iter().skip(known) {
            if state.coupons.contains_key(&coupon.id) || !coupons.insert(coupon.id) {
                return Err(format!("coupons: {} is there already", coupon.id));
            }
            if !numbers.insert((key.campaign, coupon.issue_number)) {
                return Err(format!("coupons: number {} is given already", coupon.issue_number));
            }
        }
    }
    let campaigns: BTreeSet<_> = numbers.iter().map(|(campaign, _)| *campaign).collect();
    let of_campaigns = state.holdings.iter().filter(|(key, _)| campaigns.contains(&key.campaign));
    for (key, holding) in of_campaigns {
        if let Some(number) = numbers_of(holding).find(|number| numbers.contains(&(key.campaign, *number))) {
            return Err(format!("coupons: number {number} is given already"));
        }
    }
    Ok(())
}

fn numbers_of(holding: &Holding) -> impl Iterator<Item = i64> {
    holding.coupons.iter().map(|coupon| coupon.issue_number)
}

/// Returns the open alert of a key.
pub(crate) fn open_alert(state: &State, key: AlertKey) -> Option<&Alert> {
    state.alerts.values().find(|alert| alert.is_open() && AlertKey::of(alert) == key)
}

/// An endpoint gets an event once.
fn check_deliveries(state: &State, rows: &Rows) -> Result<(), String> {
    for (key, delivery) in written(rows.deliveries.changes()) {
        let is_same =
            |other: &Delivery| other.key != key && other.key.webhook == key.webhook && other.event == delivery.event;
        let in_batch = written(rows.deliveries.changes()).any(|(_, other)| is_same(other));
        if in_batch || state.deliveries.values().any(is_same) {
            return Err(format!("deliveries: {key:?} has the event of another"));
        }
    }
    Ok(())
}

/// Rows of append-only tables have unique identities.
fn check_lists(state: &State, rows: &Rows) -> Result<(), String> {
    unique("entries", rows.entries.iter().map(|entry| entry.id), |id| state.entries.contains_key(id))?;
    unique("receipts", rows.receipts.iter().map(|receipt| receipt.id), |id| state.receipts.contains_key(id))?;
    let links = rows.drop_links.iter().map(|link| (link.drop, link.number));
    unique("drop links", links, |key| state.drop_links.contains_key(key))?;
    unique("notices", rows.notices.iter().map(|notice| notice.id), |id| state.notices.contains_key(id))?;
    unique("notices", rows.notices.iter().map(|notice| (notice.user, notice.number)), |(user, number)| {
        state.notices.values().any(|notice| notice.user == *user && notice.number == *number)
    })
}

fn unique<K: std::fmt::Debug + Ord>(
    table: &str,
    keys: impl Iterator<Item = K>,
    exists: impl Fn(&K) -> bool,
) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if exists(&key) || seen.contains(&key) {
            return Err(format!("{table}: {key:?} is there already"));
        }
        seen.insert(key);
    }
    Ok(())
}

fn written<K, V>(changes: Vec<(K, Change<'_, V>)>) -> impl Iterator<Item = (K, &V)> {
    changes.into_iter().filter_map(|(key, change)| Some((key, change.row()?)))
}
