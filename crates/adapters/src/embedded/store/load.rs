//! Reads rows by their keys, each with a statement that stays prepared.

use app::outbox::uuid;
use app::rows::{
    AccountKey, AnswerKey, ClaimKey, CustomerKey, HoldingKey, InboxKey, Key, ModesKey, OfferKey, OrderKey, OrderRow,
    Rows, SalesKey, SettledKey, StoredAnswer, TermsKey, Timer, TimerKey,
};
use domain::claim::Claim;
use domain::coupon::{Campaign, Coupon, Holding};
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::points::Account;
use domain::stock::Product;
use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row};

use super::{Before, settling, undelivered};
use crate::embedded::records::{
    self, Cells, select_campaign, select_coupon, select_customer, select_letter, select_line, select_login,
    select_mode_change, select_order, select_product, select_request, step_cells,
};

/// Reads a row that its key names, if it is there.
pub(in crate::embedded) fn find<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, read).optional()
}

/// An order with its lines. Both are of one moment only within a transaction.
pub(in crate::embedded) fn order(connection: &Connection, id: OrderId) -> Result<Option<OrderRow>> {
    let stored = find(connection, select_order!("WHERE order_id = ?1"), [id.0], records::stored_order)?;
    let Some(stored) = stored else { return Ok(None) };
    let mut lines = connection.prepare_cached(select_line!("WHERE order_id = ?1 ORDER BY line_no"))?;
    let lines: Result<Vec<records::Line>> = lines.query_map([id.0], records::line)?.collect();
    Ok(Some(stored.with(lines?)))
}

pub(super) fn load(connection: &Connection, keys: &[Key], rows: &mut Rows, before: &mut Before) -> Result<()> {
    keys.iter().try_for_each(|key| load_one(connection, *key, rows, before))
}

fn load_one(connection: &Connection, key: Key, rows: &mut Rows, before: &mut Before) -> Result<()> {
    match key {
        // Where a group stands is compared by the commit itself.
        Key::Offset(_) => {}
        Key::Inbox(key) => rows.inbox.loaded(key, inbox(connection, key)?),
        Key::Parked(key) => rows.parked.loaded(key, undelivered::parked(connection, key)?),
        Key::ParkedEvent(key) => rows.parked_events.loaded(key, undelivered::event(connection, key)?),
        Key::Letter(id) => {
            let sql = select_letter!("WHERE letter_id = ?1");
            rows.letters.loaded(id, find(connection, sql, [id.0], records::letter)?);
        }
        Key::Answer(key) => rows.answers.loaded(key, answer(connection, key)?),
        Key::Telling(key) => settling::load_telling(connection, key, rows)?,
        Key::Login(key) => {
            let sql = select_login!("WHERE email_key = ?1");
            rows.logins.loaded(key, find(connection, sql, [key.0.as_slice()], records::login)?);
        }
        Key::Modes => {
            let sql = select_mode_change!("ORDER BY version DESC LIMIT 1");
            rows.modes.loaded(ModesKey, find(connection, sql, [], records::modes_change)?);
        }
        Key::Order(id) => {
            let found = order(connection, id)?;
            before.steps.extend(found.iter().map(|row| (id, row.order.saga.steps.clone())));
            rows.orders.loaded(OrderKey(id), found);
        }
        Key::Timer(id) => rows.timers.loaded(TimerKey(id), timer(connection, id)?),
        Key::Payment(id) => settling::load_payment(connection, id, rows)?,
        Key::Shipment(id) => settling::load_shipment(connection, id, rows)?,
        Key::Storage(id) => settling::load_storage(connection, id, rows)?,
        Key::Claim(key) => rows.claims.loaded(key, claim(connection, key)?),
        Key::Settled(id) => rows.settled.loaded(SettledKey(id), settled(connection, id)?),
        Key::Terms(id) => rows.terms.loaded(TermsKey(id), campaign(connection, id)?),
        Key::Offer(id) => rows.offers.loaded(OfferKey(id), product(connection, id)?),
        Key::Request(id) => {
            let sql = select_request!("WHERE request_id = ?1");
            rows.requests.loaded(id, find(connection, sql, [id.0], records::request)?);
        }
        Key::Customer(user) => {
            let sql = select_customer!("WHERE user_id = ?1");
            rows.customers.loaded(CustomerKey(user), find(connection, sql, [user.0], records::customer)?);
        }
        Key::Account(user) => rows.accounts.loaded(AccountKey(user), account(connection, user)?),
        Key::Holding(key) => {
            let found = holding(connection, key)?;
            before.holdings.extend(found.iter().map(|holding| (key, holding.coupons.clone())));
            rows.holdings.loaded(key, found);
        }
        Key::Campaign(id) => rows.campaigns.loaded(id, campaign(connection, id)?),
        Key::Product(id) => rows.products.loaded(id, product(connection, id)?),
        Key::Sales(key) => rows.sales.loaded(key, sales(connection, key)?),
    }
    Ok(())
}

fn inbox(connection: &Connection, key: InboxKey) -> Result<Option<()>> {
    let sql = "SELECT 1 FROM inbox WHERE consumer_group = ?1 AND event_id = ?2";
    find(connection, sql, (key.group.name(), uuid(key.event.0)), |_| Ok(()))
}

fn answer(connection: &Connection, key: AnswerKey) -> Result<Option<StoredAnswer>> {
    let sql = "SELECT fingerprint, answer, answered_at FROM idempotency WHERE key = ?1";
    find(connection, sql, [key.0.as_slice()], records::answer)
}

fn timer(connection: &Connection, order: OrderId) -> Result<Option<Timer>> {
    let sql = "SELECT due_at, kind, asked FROM timer WHERE order_id = ?1";
    find(connection, sql, [order.0], records::timer)
}

fn claim(connection: &Connection, key: ClaimKey) -> Result<Option<Claim>> {
    let sql = "SELECT state, reason FROM claim WHERE order_id = ?1 AND step = ?2 AND product_id = ?3";
    let (step, product) = step_cells(key.step);
    find(connection, sql, (key.order.0, step, product), |row| records::claim(&mut Cells::of(row)))
}

fn settled(connection: &Connection, order: OrderId) -> Result<Option<()>> {
    let sql = "SELECT 1 FROM orders WHERE order_id = ?1 AND (outcome = 'COMPLETED' OR outcome = 'CANCELLED')";
    find(connection, sql, [order.0], |_| Ok(()))
}

fn campaign(connection: &Connection, id: CampaignId) -> Result<Option<Campaign>> {
    find(connection, select_campaign!("WHERE campaign_id = ?1"), [id.0], records::campaign)
}

fn product(connection: &Connection, id: ProductId) -> Result<Option<Product>> {
    find(connection, select_product!("WHERE product_id = ?1"), [id.0], records::product)
}

fn account(connection: &Connection, user: UserId) -> Result<Option<Account>> {
    let sql = "SELECT balance FROM points_account WHERE user_id = ?1";
    find(connection, sql, [user.0], |row| Ok(Account { user, balance: Money::won(row.get(0)?) }))
}

fn holding(connection: &Connection, key: HoldingKey) -> Result<Option<Holding>> {
    let sql = select_coupon!("WHERE campaign_id = ?1 AND user_id = ?2 ORDER BY nth");
    let mut statement = connection.prepare_cached(sql)?;
    let coupons = statement.query_map((key.campaign.0, key.user.0), |row| records::coupon(&mut Cells::of(row)))?;
    let coupons: Vec<Coupon> = coupons.collect::<Result<_>>()?;
    let HoldingKey { campaign, user } = key;
    Ok((!coupons.is_empty()).then_some(Holding { campaign, user, coupons }))
}

fn sales(connection: &Connection, key: SalesKey) -> Result<Option<i64>> {
    let sql = "SELECT sold FROM product_sales WHERE day = ?1 AND product_id = ?2";
    find(connection, sql, (key.day, key.product.0), |row| row.get(0))
}
