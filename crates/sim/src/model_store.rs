//! A model store: the reference behaviour of every adapter, without a technology.

mod due;

use std::ops::Range;

use app::events::outbox;
use app::ports::{BoxFuture, Commit, CommitError, CommitId, DueTimer, Durability, LoadError, Store, StoreError};
use app::state::ids::Sequence;
use app::state::rows::{
    AccountKey, CampaignSnapshotKey, ClaimKey, ContactKey, CustomerKey, DetailsKey, FigureKey, HoldingKey, Key,
    ModesKey, NewEvent, NotificationSettingsKey, OrderKey, PaymentKey, PlacedKey, ProductSnapshotKey, Prunable, Prune,
    Rows, ShipmentKey, StorageKey, TimerKey,
};
use app::state::table::Change;
use domain::ids::{CampaignId, NoticeId, UserId};
use domain::time::Timestamp;

use crate::constraints::{self, open_alert};
use crate::disk::{Disk, OutboxRow, State};
use crate::planned_fault::{CommitFault, Faults};

/// A store on a model disk. Dropping it at any moment is a crash: committed state survives.
#[derive(Debug)]
pub struct ModelStore {
    disk: Disk,
    faults: Faults,
    /// The last key that the open transaction locked.
    locked: Option<Key>,
}

impl ModelStore {
    pub fn open(disk: &Disk) -> ModelStore {
        ModelStore::with_faults(disk, Faults::default())
    }

    pub fn with_faults(disk: &Disk, faults: Faults) -> ModelStore {
        ModelStore { disk: disk.clone(), faults, locked: None }
    }

    fn lock_and_read(&mut self, keys: &[Key], rows: &mut Rows) -> Result<(), StoreError> {
        self.faults.of_load(keys)?;
        let (first, last) = (keys.iter().min(), keys.iter().max());
        assert!(first.is_none_or(|first| self.locked.is_none_or(|last| last < *first)), "{first:?} is locked too late");
        self.locked = self.locked.max(last.copied());
        let state = self.disk.lock();
        keys.iter().for_each(|key| read(&state, *key, rows));
        rows.decided_until = rows.decided_until.max(state.decided_until);
        Ok(())
    }

    fn commit_now(&mut self, commit: &Commit<'_>) -> Result<(), CommitError> {
        self.locked = None;
        let fault = self.faults.of_commit();
        match &fault {
            Some(CommitFault::Refused(error)) => return Err(error.clone()),
            Some(CommitFault::LostBefore) => return Err(CommitError::Unknown("as planned".into())),
            Some(CommitFault::LostAfter) | None => {}
        }
        let mut state = self.disk.lock();
        constraints::check(&mut state, commit)?;
        write(&mut state, commit);
        match fault {
            Some(_) => Err(CommitError::Unknown("as planned".into())),
            None => Ok(()),
        }
    }

    fn take_numbers(&self, sequence: Sequence, count: i64) -> Result<Range<i64>, StoreError> {
        self.faults.of_lease()?;
        let mut state = self.disk.lock();
        let next = state.sequences.entry(sequence).or_insert(sequence.first());
        let start = *next;
        *next += count;
        Ok(start..*next)
    }
}

impl Store for ModelStore {
    fn load<'a>(&'a mut self, keys: &'a [Key], rows: &'a mut Rows) -> BoxFuture<'a, Result<(), LoadError>> {
        let loaded = self.lock_and_read(keys, rows).map_err(LoadError::from);
        Box::pin(std::future::ready(loaded))
    }

    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, Result<Durability, CommitError>> {
        let committed = self.commit_now(&commit).map(|()| Durability::Reached);
        Box::pin(std::future::ready(committed))
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.locked = None;
        Box::pin(std::future::ready(Ok(())))
    }

    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let found = self.faults.of_lookup().map(|()| self.disk.lock().commits.contains(&id));
        Box::pin(std::future::ready(found))
    }

    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, Result<Range<i64>, StoreError>> {
        let numbers = self.take_numbers(sequence, count);
        Box::pin(std::future::ready(numbers))
    }

    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>> {
        let state = self.disk.lock();
        Box::pin(std::future::ready(Ok(due::timers(&state, now, limit))))
    }

    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>> {
        let state = self.disk.lock();
        let of_campaign = state.holdings.iter().filter(|(key, _)| key.campaign == campaign);
        let holders = of_campaign.map(|(key, holding)| (key.user, holding.count())).collect();
        Box::pin(std::future::ready(Ok(holders)))
    }

    /// Always 0: the model sends no statements.
    fn take_statements(&mut self) -> u64 {
        0
    }
}

fn read(state: &State, key: Key, rows: &mut Rows) {
    match key {
        // Offsets are compared in the commit that moves them.
        Key::Offset(_) => {}
        Key::Inbox(key) => rows.inbox.loaded(key, state.inbox.contains(&key).then_some(())),
        Key::Parked(key) => rows.parked.loaded(key, state.parked.get(&key).cloned()),
        Key::ParkedEvent(key) => rows.parked_events.loaded(key, state.parked_events.get(&key).cloned()),
        Key::DeadLetter(id) => rows.letters.loaded(id, state.letters.get(&id).cloned()),
        Key::Answer(key) => rows.answers.loaded(key, state.answers.get(&key).cloned()),
        Key::Login(key) => rows.logins.loaded(key, state.logins.get(&key).cloned()),
        Key::ApiKey(id) => rows.api_keys.loaded(id, state.api_keys.get(&id).cloned()),
        Key::Modes => rows.modes.loaded(ModesKey, state.modes.last().cloned()),
        Key::Identity(key) => rows.identities.loaded(key, state.identities.get(&key).copied()),
        Key::Details(id) => rows.details.loaded(DetailsKey(id), state.details.get(&id).cloned()),
        Key::Webhook(id) => rows.webhooks.loaded(id, state.webhooks.get(&id).cloned()),
        Key::Alert(key) => rows.alerts.loaded(key, open_alert(state, key).cloned()),
        Key::WebhookDelivery(key) => rows.deliveries.loaded(key, state.deliveries.get(&key).cloned()),
        Key::NotificationSettings(user) => {
            let found = state.notification_settings.get(&user).cloned();
            rows.notification_settings.loaded(NotificationSettingsKey(user), found);
        }
        Key::Notification(key) => rows.notifications.loaded(key, state.notifications.get(&key).cloned()),
        Key::Order(id) => rows.orders.loaded(OrderKey(id), state.orders.get(&id).cloned()),
        Key::Timer(id) => rows.timers.loaded(TimerKey(id), state.timers.get(&id).copied()),
        Key::Payment(id) => rows.payments.loaded(PaymentKey(id), state.payments.get(&id).cloned()),
        Key::Shipment(id) => rows.shipments.loaded(ShipmentKey(id), state.shipments.get(&id).cloned()),
        Key::Storage(id) => rows.storages.loaded(StorageKey(id), state.storages.get(&id).copied()),
        Key::CallbackRow(key) => rows.callbacks.loaded(key, state.callbacks.get(&key).cloned()),
        Key::Claim(key) => rows.claims.loaded(key, state.claims.get(&key).copied()),
        Key::Placed(id) => {
            rows.placed.loaded(PlacedKey(id), state.orders.get(&id).map(|row| row.order.clone()));
        }
        Key::CampaignSnapshot(id) => {
            rows.campaign_snapshots.loaded(CampaignSnapshotKey(id), state.campaigns.get(&id).cloned())
        }
        Key::ProductSnapshot(id) => {
            rows.product_snapshots.loaded(ProductSnapshotKey(id), state.products.get(&id).cloned())
        }
        Key::Contact(user) => {
            let login = state.logins.values().find(|login| login.user == user);
            rows.contacts.loaded(ContactKey(user), login.map(|login| login.email.clone()));
        }
        Key::Request(id) => rows.requests.loaded(id, state.requests.get(&id).cloned()),
        Key::Customer(id) => rows.customers.loaded(CustomerKey(id), state.customers.get(&id).copied()),
        Key::Account(id) => rows.accounts.loaded(AccountKey(id), state.accounts.get(&id).copied()),
        Key::Holding(key) => rows.holdings.loaded(key, state.holdings.get(&key).cloned()),
        Key::Campaign(id) => rows.campaigns.loaded(id, state.campaigns.get(&id).cloned()),
        Key::DropBuyer(key) => rows.buyers.loaded(key, state.buyers.get(&key).cloned()),
        Key::DropCard(key) => rows.cards.loaded(key, state.cards.get(&key).copied()),
        Key::Drop(id) => rows.drops.loaded(id, state.drops.get(&id).cloned()),
        Key::Product(id) => rows.products.loaded(id, state.products.get(&id).cloned()),
        Key::Sales(key) => rows.sales.loaded(key, state.sales.get(&key).copied()),
    }
}

fn write(state: &mut State, commit: &Commit<'_>) {
    let rows = commit.rows;
    for (key, change) in rows.inbox.changes() {
        if change == Change::Delete {
            state.inbox.remove(&key)
        } else {
            state.inbox.insert(key)
        };
    }
    apply(&mut state.parked, rows.parked.changes(), |key| key);
    apply(&mut state.parked_events, rows.parked_events.changes(), |key| key);
    apply(&mut state.letters, rows.letters.changes(), |key| key);
    apply(&mut state.answers, rows.answers.changes(), |key| key);
    apply(&mut state.logins, rows.logins.changes(), |key| key);
    state.trail.extend(rows.trail.iter().cloned());
    for token in &rows.ended_tokens {
        state.ended_tokens.entry(token.mark).or_insert(*token);
    }
    apply(&mut state.api_keys, rows.api_keys.changes(), |key| key);
    state.modes.extend(rows.modes.changes().into_iter().map(|(ModesKey, change)| change.kept().0.clone()));
    apply(&mut state.identities, rows.identities.changes(), |key| key);
    apply(&mut state.details, rows.details.changes(), |key| key.0);
    apply(&mut state.webhooks, rows.webhooks.changes(), |key| key);
    apply(&mut state.deliveries, rows.deliveries.changes(), |key| key);
    let alerts = rows.alerts.changes();
    state.alerts.extend(alerts.iter().filter_map(|(_, change)| change.row()).map(|alert| (alert.id, alert.clone())));
    apply(&mut state.notification_settings, rows.notification_settings.changes(), |key| key.0);
    apply(&mut state.notifications, rows.notifications.changes(), |key| key);
    apply(&mut state.orders, rows.orders.changes(), |key| key.0);
    apply(&mut state.timers, rows.timers.changes(), |key| key.0);
    apply(&mut state.payments, rows.payments.changes(), |key| key.0);
    apply(&mut state.shipments, rows.shipments.changes(), |key| key.0);
    apply(&mut state.storages, rows.storages.changes(), |key| key.0);
    apply(&mut state.callbacks, rows.callbacks.changes(), |key| key);
    apply(&mut state.claims, rows.claims.changes(), |key: ClaimKey| key);
    apply(&mut state.requests, rows.requests.changes(), |key| key);
    apply(&mut state.customers, rows.customers.changes(), |key| key.0);
    apply(&mut state.accounts, rows.accounts.changes(), |key| key.0);
    apply(&mut state.holdings, rows.holdings.changes(), |key| key);
    apply(&mut state.campaigns, rows.campaigns.changes(), |key| key);
    apply(&mut state.buyers, rows.buyers.changes(), |key| key);
    apply(&mut state.cards, rows.cards.changes(), |key| key);
    apply(&mut state.drops, rows.drops.changes(), |key| key);
    apply(&mut state.products, rows.products.changes(), |key| key);
    apply(&mut state.sales, rows.sales.changes(), |key| key);
    write_lists(state, rows);
    count_figures(state, rows);
    prune(state, rows);
    append_events(state, &rows.events);
    state.offsets.extend(commit.offsets.iter().map(|moved| (moved.key, moved.to)));
    state.commits.insert(commit.id);
    state.decided_until = state.decided_until.max(commit.now);
}

fn apply<K, I: Ord, V: Clone>(
    table: &mut std::collections::BTreeMap<I, V>,
    changes: Vec<(K, Change<'_, V>)>,
    id: impl Fn(K) -> I,
) {
    for (key, change) in changes {
        match change.row() {
            Some(row) => table.insert(id(key), row.clone()),
            None => table.remove(&id(key)),
        };
    }
}

fn write_lists(state: &mut State, rows: &Rows) {
    state.drop_links.extend(rows.drop_links.iter().map(|link| ((link.drop, link.number), link.clone())));
    let holders: Vec<HoldingKey> = rows.holdings.changed().collect();
    for link in &rows.coupon_links {
        let holds = |key: &&HoldingKey| state.holdings[*key].coupons.iter().any(|coupon| coupon.id == link.coupon);
        let holder = holders.iter().find(holds).expect("a coupon is written with its holding");
        state.coupons.insert(link.coupon, (*holder, link.previous));
    }
    state.entries.extend(rows.entries.iter().map(|entry| (entry.id, *entry)));
    state.receipts.extend(rows.receipts.iter().map(|receipt| (receipt.id, receipt.clone())));
    state.notices.extend(rows.notices.iter().map(|notice| (notice.id, notice.clone())));
}

fn count_figures(state: &mut State, rows: &Rows) {
    for added in &rows.figures {
        *state.figures.entry(added.key.clone()).or_default() += added.amount;
    }
    for cut in &rows.cuts {
        let is_old = |key: &FigureKey| {
            (key.counted, key.resolution) == (cut.counted, cut.resolution) && key.began_at < cut.before
        };
        let mut old: Vec<FigureKey> = state.figures.keys().filter(|key| is_old(key)).cloned().collect();
        old.sort_by_key(|key| key.began_at);
        old.truncate(usize::try_from(cut.limit).unwrap_or(usize::MAX));
        old.iter().for_each(|key| {
            state.figures.remove(key);
        });
    }
}

/// Deletes old notices and deliveries, like a store does.
fn prune(state: &mut State, rows: &Rows) {
    for Prune { what, before, limit } in &rows.prunes {
        let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
        match what {
            Prunable::Notices => {
                let oldest = state.notices.iter().take(limit).filter(|(_, notice)| notice.at < *before);
                let old: Vec<NoticeId> = oldest.map(|(id, _)| *id).collect();
                old.iter().for_each(|id| drop(state.notices.remove(id)));
            }
            // No day of the simulator is that long.
            Prunable::Inbox(_) => {}
            Prunable::Deliveries(webhook) => {
                let of_endpoint = state.deliveries.iter().filter(|(key, _)| key.webhook == *webhook).take(limit);
                let is_removed = state
                    .webhooks
                    .get(webhook)
                    .is_some_and(|endpoint| endpoint.status == domain::webhook::Status::Removed);
                let old = of_endpoint
                    .filter(|(_, delivery)| delivery.created_at < *before && (is_removed || !delivery.state.is_open()));
                let old: Vec<_> = old.map(|(key, _)| *key).collect();
                old.iter().for_each(|key| drop(state.deliveries.remove(key)));
                state.deliveries_pruned_before = state.deliveries_pruned_before.max(Some(*before));
            }
            Prunable::EndedTokens => state.ended_tokens.retain(|_, token| token.expires >= *before),
        }
    }
}

fn append_events(state: &mut State, events: &[NewEvent]) {
    let records = outbox::seal(&mut state.heads, events);
    for (record, event) in records.into_iter().zip(events) {
        state.shards[record.shard].push(state.outbox.len());
        let NewEvent { order, version, cause, at, .. } = event;
        state.outbox.push(OutboxRow { record, order: *order, version: *version, cause, at: *at });
    }
}
