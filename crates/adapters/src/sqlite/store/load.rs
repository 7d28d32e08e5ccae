//! Reads rows by their keys, each with a statement that stays prepared.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use app::events::outbox::uuid;
use app::state::rows::{
    AccountKey, AnswerKey, CampaignSnapshotKey, ClaimKey, ContactKey, CustomerKey, DeadLetter, DetailsKey, EmailKey,
    HoldingKey, InboxKey, Key, Login, ModesChange, ModesKey, NotificationSettingsKey, OrderKey, OrderRow, PlacedKey,
    ProductSnapshotKey, Rows, Sales, SalesKey, StoredAnswer, Timer, TimerKey,
};
use domain::claim::Claim;
use domain::coupon::{Campaign, Coupon, Holding};
use domain::ids::{CampaignId, DeadLetterId, OrderId, ProductId, UserId};
use domain::stock::Product;
use rusqlite::{Connection, Result};

use super::customer_row::CustomerRow;
use super::transaction::Before;
use super::{alerts, api_keys, details, drops, failed_delivery, fulfilment, notifications, webhooks};
use crate::records::StoredOrder;
use crate::selects::{
    select_answer, select_campaign, select_coupon, select_letter, select_line, select_login, select_mode_change,
    select_order, select_product, select_request,
};
use crate::sqlite::cells::{find, find_all, with_owner};
use crate::words::step_cells;

/// Reads an order with its lines. Only within a transaction are both of one moment.
pub(in crate::sqlite) fn order(connection: &Connection, id: OrderId) -> Result<Option<OrderRow>> {
    let stored: Option<StoredOrder> = find(connection, select_order!("WHERE order_id = ?1"), [id.0])?;
    let Some(stored) = stored else { return Ok(None) };
    // A line names its product first, which does not say whose line it is.
    let lines = find_all(connection, select_line!("WHERE order_id = ?1 ORDER BY line_no"), [id.0])
        .map_err(|error| with_owner(error, &format!("order {id}")))?;
    Ok(Some(stored.with(lines)))
}

pub(super) fn load(connection: &Connection, keys: &[Key], rows: &mut Rows, before: &mut Before) -> Result<()> {
    keys.iter().try_for_each(|key| load_one(connection, *key, rows, before))
}

fn login(connection: &Connection, key: EmailKey) -> Result<Option<Login>> {
    find(connection, select_login!("WHERE email_key = ?1"), [key.0.as_slice()])
}

fn letter(connection: &Connection, id: DeadLetterId) -> Result<Option<DeadLetter>> {
    find(connection, select_letter!("WHERE letter_id = ?1"), [id.0])
}

fn modes(connection: &Connection) -> Result<Option<ModesChange>> {
    find(connection, select_mode_change!("ORDER BY version DESC LIMIT 1"), [])
}

#[expect(clippy::too_many_lines, reason = "one line or two for each kind of row")]
fn load_one(connection: &Connection, key: Key, rows: &mut Rows, before: &mut Before) -> Result<()> {
    match key {
        // The commit itself compares the groups' offsets.
        Key::Offset(_) => {}
        Key::Inbox(key) => rows.inbox.loaded(key, inbox(connection, key)?),
        Key::Parked(key) => rows.parked.loaded(key, failed_delivery::parked(connection, key)?),
        Key::ParkedEvent(key) => rows.parked_events.loaded(key, failed_delivery::event(connection, key)?),
        Key::DeadLetter(id) => rows.letters.loaded(id, letter(connection, id)?),
        Key::Answer(key) => rows.answers.loaded(key, answer(connection, key)?),
        Key::CallbackRow(key) => fulfilment::load_callback(connection, key, rows)?,
        Key::Login(key) => rows.logins.loaded(key, login(connection, key)?),
        Key::ApiKey(id) => rows.api_keys.loaded(id, api_keys::api_key(connection, id)?),
        Key::Modes => rows.modes.loaded(ModesKey, modes(connection)?),
        Key::Identity(key) => rows.identities.loaded(key, details::identity(connection, key)?),
        Key::Details(id) => rows.details.loaded(DetailsKey(id), details::details(connection, id)?),
        Key::Webhook(id) => rows.webhooks.loaded(id, webhooks::endpoint(connection, id)?),
        Key::Alert(key) => rows.alerts.loaded(key, alerts::open(connection, key)?),
        Key::WebhookDelivery(key) => rows.deliveries.loaded(key, webhooks::delivery(connection, key)?),
        Key::NotificationSettings(user) => {
            rows.notification_settings.loaded(NotificationSettingsKey(user), notifications::settings(connection, user)?)
        }
        Key::Notification(key) => rows.notifications.loaded(key, notifications::notification(connection, key)?),
        Key::Order(id) => {
            let found = order(connection, id)?;
            before.steps.extend(found.iter().map(|row| (id, row.order.saga.steps.clone())));
            rows.orders.loaded(OrderKey(id), found);
        }
        Key::Timer(id) => rows.timers.loaded(TimerKey(id), timer(connection, id)?),
        Key::Payment(id) => fulfilment::load_payment(connection, id, rows)?,
        Key::Shipment(id) => fulfilment::load_shipment(connection, id, rows)?,
        Key::Storage(id) => fulfilment::load_storage(connection, id, rows)?,
        Key::Claim(key) => rows.claims.loaded(key, claim(connection, key)?),
        Key::Placed(id) => rows.placed.loaded(PlacedKey(id), order(connection, id)?.map(|row| row.order)),
        Key::CampaignSnapshot(id) => rows.campaign_snapshots.loaded(CampaignSnapshotKey(id), campaign(connection, id)?),
        Key::ProductSnapshot(id) => rows.product_snapshots.loaded(ProductSnapshotKey(id), product(connection, id)?),
        Key::Contact(user) => rows.contacts.loaded(ContactKey(user), contact(connection, user)?),
        Key::Request(id) => {
            rows.requests.loaded(id, find(connection, select_request!("WHERE request_id = ?1"), [id.0])?)
        }
        Key::Customer(user) => {
            let row = customer_row(connection, user, before)?;
            rows.customers.loaded(CustomerKey(user), row.map(|row| row.customer));
        }
        Key::Account(user) => {
            let row = customer_row(connection, user, before)?;
            rows.accounts.loaded(AccountKey(user), row.and_then(CustomerRow::account));
        }
        Key::Holding(key) => {
            let found = holding(connection, key, before)?;
            before.holdings.extend(found.iter().map(|holding| (key, holding.coupons.clone())));
            rows.holdings.loaded(key, found);
        }
        Key::Campaign(id) => rows.campaigns.loaded(id, campaign(connection, id)?),
        Key::DropBuyer(key) => rows.buyers.loaded(key, drops::buyer_row(connection, key)?),
        Key::DropCard(key) => rows.cards.loaded(key, drops::card_row(connection, key)?),
        Key::Drop(id) => rows.drops.loaded(id, drops::drop_row(connection, id)?),
        Key::Product(id) => rows.products.loaded(id, product(connection, id)?),
        Key::Sales(key) => {
            let found = sales(connection, key)?;
            before.sales.extend(found.map(|found| (key, found)));
            rows.sales.loaded(key, found);
        }
    }
    Ok(())
}

fn inbox(connection: &Connection, key: InboxKey) -> Result<Option<()>> {
    let sql = "SELECT 1 FROM inbox WHERE consumer_group = ?1 AND event_id = ?2";
    Ok(find::<i64>(connection, sql, (key.group.name(), uuid(key.event.0)))?.map(drop))
}

fn answer(connection: &Connection, key: AnswerKey) -> Result<Option<StoredAnswer>> {
    let sql = select_answer!("WHERE `key` = ?1");
    find(connection, sql, [key.0.as_slice()])
}

pub(in crate::sqlite) fn timer(connection: &Connection, order: OrderId) -> Result<Option<Timer>> {
    let sql = "SELECT due_at, kind, asked FROM timer WHERE order_id = ?1";
    find(connection, sql, [order.0])
}

fn claim(connection: &Connection, key: ClaimKey) -> Result<Option<Claim>> {
    let sql = "SELECT state, reason FROM claim WHERE order_id = ?1 AND step = ?2 AND product_id = ?3";
    let (step, product) = step_cells(key.step);
    find(connection, sql, (key.order.0, step, product))
}

fn campaign(connection: &Connection, id: CampaignId) -> Result<Option<Campaign>> {
    find(connection, select_campaign!("WHERE campaign_id = ?1"), [id.0])
}

fn product(connection: &Connection, id: ProductId) -> Result<Option<Product>> {
    find(connection, select_product!("WHERE product_id = ?1"), [id.0])
}

fn contact(connection: &Connection, user: UserId) -> Result<Option<Arc<str>>> {
    let email: Option<String> = find(connection, "SELECT email FROM login WHERE user_id = ?1", [user.0])?;
    Ok(email.map(Arc::from))
}

/// Reads a customer's row, which several keys share, once.
fn customer_row<'b>(connection: &Connection, user: UserId, before: &'b mut Before) -> Result<Option<&'b CustomerRow>> {
    Ok(match before.customers.entry(user) {
        Entry::Occupied(read) => read.into_mut().as_ref(),
        Entry::Vacant(unread) => unread.insert(CustomerRow::find(connection, user)?).as_ref(),
    })
}

fn holding(connection: &Connection, key: HoldingKey, before: &mut Before) -> Result<Option<Holding>> {
    let HoldingKey { campaign, user } = key;
    let mut coupons: Vec<Coupon> = vec![];
    if let Some(row) = customer_row(connection, user, before)? {
        for id in row.coupons(connection, campaign)? {
            coupons.extend(find(connection, select_coupon!("WHERE coupon_id = ?1"), [id.0])?);
        }
    }
    Ok((!coupons.is_empty()).then_some(Holding { campaign, user, coupons }))
}

fn sales(connection: &Connection, key: SalesKey) -> Result<Option<Sales>> {
    let sql = "SELECT sold, returned FROM product_sales WHERE day = ?1 AND product_id = ?2";
    let found: Option<(i64, i64)> = find(connection, sql, (key.day, key.product.0))?;
    Ok(found.map(|(sold, returned)| Sales { sold, returned }))
}
