//! Reads rows by their keys: one statement for each kind, which locks in the order of keys.

use std::collections::BTreeMap;

use app::events::outbox::uuid;
use app::state::rows::{
    AccountKey, AlertKey, AnswerKey, BuyerKey, CallbackKey, CampaignSnapshotKey, CardKey, ClaimKey, ContactKey,
    Customer, CustomerKey, DeadLetter, EmailKey, HoldingKey, IdentityKey, InboxKey, Key, ModesKey, OrderKey, ParkKey,
    ParkedEventKey, PlacedKey, ProductSnapshotKey, Request, Rows, SalesKey, TimerKey,
};
use domain::coupon::{Campaign, Coupon, Holding};
use domain::ids::{ApiKeyId, CampaignId, DeadLetterId, DropId, OrderId, ProductId, RequestId, UserId, WebhookId};
use domain::notification::NotificationKey;
use domain::points::Account;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::webhook::DeliveryKey;
use mysql_async::Value;
use rustc_hash::FxHashMap;

use super::fulfilment::{self, Kind};
use super::locking_read::{entries, entries_by_last, index, loaded, locked, pairs};
use super::transaction::Before;
use super::{alerts, api_keys, details, drops, failed_delivery, notifications, webhooks};
use crate::mysql::cells::{MysqlCells, from_row};
use crate::mysql::failure::Result;
use crate::mysql::session::Answers;
use crate::mysql::sql::{KEYS_MAX, Script, is_in, statement};
use crate::records::{Cells as _, Line, StoredOrder};
use crate::selects::{
    select_account, select_answer, select_campaign, select_coupon, select_customer, select_line, select_login,
    select_mode_change, select_order, select_product, select_request,
};
use crate::words::step_cells;

/// Keys of one kind, which one statement looks up.
enum Lookup {
    Inbox(Vec<InboxKey>),
    Parked(Vec<ParkKey>),
    ParkedEvents(Vec<ParkedEventKey>),
    Letters(Vec<DeadLetterId>),
    Answers(Vec<AnswerKey>),
    Callbacks(Vec<CallbackKey>),
    Logins(Vec<EmailKey>),
    ApiKeys(Vec<ApiKeyId>),
    Modes,
    Identities(Vec<IdentityKey>),
    Details(Vec<ProductId>),
    Webhooks(Vec<WebhookId>),
    Deliveries(Vec<DeliveryKey>),
    Alerts(Vec<AlertKey>),
    NotificationSettings(Vec<UserId>),
    Notifications(Vec<NotificationKey>),
    Orders(Vec<OrderId>),
    Timers(Vec<OrderId>),
    Payments(Vec<OrderId>),
    Shipments(Vec<OrderId>),
    Storages(Vec<OrderId>),
    Claims(Vec<ClaimKey>),
    Placed(Vec<OrderId>),
    CampaignSnapshots(Vec<CampaignId>),
    ProductSnapshots(Vec<ProductId>),
    Contacts(Vec<UserId>),
    Requests(Vec<RequestId>),
    Customers(Vec<UserId>),
    Accounts(Vec<UserId>),
    Holdings(Vec<HoldingKey>),
    Campaigns(Vec<CampaignId>),
    Buyers(Vec<BuyerKey>),
    Cards(Vec<CardKey>),
    Drops(Vec<DropId>),
    Products(Vec<ProductId>),
    Sales(Vec<SalesKey>),
}

/// The lookups, and the indices of their answers.
pub(super) struct Load {
    lookups: Vec<(Lookup, usize)>,
}

macro_rules! gather {
    ($lookups:ident, $variant:ident, $key:expr) => {
        match $lookups.last_mut() {
            Some(Lookup::$variant(keys)) if keys.len() < KEYS_MAX => keys.push($key),
            _ => $lookups.push(Lookup::$variant(vec![$key])),
        }
    };
}

impl Load {
    pub(super) fn new(keys: &[Key], script: &mut Script) -> Load {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let mut lookups: Vec<Lookup> = vec![];
        for key in keys {
            match key {
                // The commit itself compares the groups' offsets.
                Key::Offset(_) => {}
                Key::Inbox(key) => gather!(lookups, Inbox, key),
                Key::Parked(key) => gather!(lookups, Parked, key),
                Key::ParkedEvent(key) => gather!(lookups, ParkedEvents, key),
                Key::DeadLetter(key) => gather!(lookups, Letters, key),
                Key::Answer(key) => gather!(lookups, Answers, key),
                Key::CallbackRow(key) => gather!(lookups, Callbacks, key),
                Key::Login(key) => gather!(lookups, Logins, key),
                Key::ApiKey(key) => gather!(lookups, ApiKeys, key),
                Key::Modes => lookups.push(Lookup::Modes),
                Key::Identity(key) => gather!(lookups, Identities, key),
                Key::Details(key) => gather!(lookups, Details, key),
                Key::Webhook(key) => gather!(lookups, Webhooks, key),
                Key::WebhookDelivery(key) => gather!(lookups, Deliveries, key),
                Key::Alert(key) => gather!(lookups, Alerts, key),
                Key::NotificationSettings(key) => gather!(lookups, NotificationSettings, key),
                Key::Notification(key) => gather!(lookups, Notifications, key),
                Key::Order(key) => gather!(lookups, Orders, key),
                Key::Timer(key) => gather!(lookups, Timers, key),
                Key::Payment(key) => gather!(lookups, Payments, key),
                Key::Shipment(key) => gather!(lookups, Shipments, key),
                Key::Storage(key) => gather!(lookups, Storages, key),
                Key::Claim(key) => gather!(lookups, Claims, key),
                Key::Placed(key) => gather!(lookups, Placed, key),
                Key::CampaignSnapshot(key) => gather!(lookups, CampaignSnapshots, key),
                Key::ProductSnapshot(key) => gather!(lookups, ProductSnapshots, key),
                Key::Contact(key) => gather!(lookups, Contacts, key),
                Key::Request(key) => gather!(lookups, Requests, key),
                Key::Customer(key) => gather!(lookups, Customers, key),
                Key::Account(key) => gather!(lookups, Accounts, key),
                Key::Holding(key) => gather!(lookups, Holdings, key),
                Key::Campaign(key) => gather!(lookups, Campaigns, key),
                Key::DropBuyer(key) => gather!(lookups, Buyers, key),
                Key::DropCard(key) => gather!(lookups, Cards, key),
                Key::Drop(key) => gather!(lookups, Drops, key),
                Key::Product(key) => gather!(lookups, Products, key),
                Key::Sales(key) => gather!(lookups, Sales, key),
            }
        }
        let orders: Vec<OrderId> = lookups.iter().flat_map(|lookup| lookup.orders().iter().copied()).collect();
        let lookups = lookups.into_iter().map(|lookup| {
            let index = script.add(lookup.statement());
            (lookup, index)
        });
        let lookups = lookups.collect();
        // An order's lock guards its lines; each statement sees what is committed when it begins.
        for some in orders.chunks(KEYS_MAX) {
            script.add(select_lines(some));
        }
        Load { lookups }
    }

    /// Reads the answers into the rows.
    pub(super) fn read(
        self,
        mut answers: Answers,
        rows: &mut Rows,
        before: &mut Before,
        script: &Script,
    ) -> Result<()> {
        let last = self.lookups.iter().map(|(_, index)| *index + 1).max().unwrap_or(answers.len());
        let lines = lines(answers.drain(last.min(answers.len())..).flatten());
        let mut lines = lines.map_err(|failure| failure.named(select_line!(""), None))?;
        for (lookup, index) in self.lookups {
            let found = std::mem::take(&mut answers[index]);
            let read = lookup.read(found, &mut lines, before, rows);
            read.map_err(|failure| failure.named(script.statements.get(index).map_or("", String::as_str), None))?;
        }
        Ok(())
    }
}

/// The lines of each order.
type LinesOf = FxHashMap<OrderId, Vec<Line>>;

fn select_lines(orders: &[OrderId]) -> String {
    let orders = is_in("order_id", orders.iter().map(|order| order.0));
    format!("{}{orders} ORDER BY order_id, line_no", select_line!("FORCE INDEX (PRIMARY) WHERE "))
}

fn lines(rows: impl Iterator<Item = Vec<Value>>) -> Result<LinesOf> {
    let mut lines = LinesOf::default();
    for row in rows {
        let (line, order): (Line, i64) = from_row(row)?;
        lines.entry(OrderId(order)).or_default().push(line);
    }
    Ok(lines)
}

/// Groups claims of the same kind: with a condition for each claim, the server takes four times as long to plan the
/// statement as to find the claims.
pub(super) fn claim_condition(keys: &[ClaimKey]) -> String {
    let mut orders: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for key in keys {
        orders.entry(step_cells(key.step)).or_default().push(key.order.0);
    }
    let conditions = orders.into_iter().map(|((step, product), orders)| {
        statement("(step = ? AND product_id = ? AND ", &[&step, &product]) + &is_in("order_id", orders) + ")"
    });
    conditions.collect::<Vec<_>>().join(" OR ")
}

impl Lookup {
    fn orders(&self) -> &[OrderId] {
        if let Lookup::Orders(orders) | Lookup::Placed(orders) = self { orders } else { &[] }
    }

    #[expect(clippy::too_many_lines, reason = "one line or two for each kind of row")]
    fn statement(&self) -> String {
        let primary =
            |select: &str, column: &str, ids: Vec<i64>| locked(select, "PRIMARY", &is_in(column, ids), column);
        match self {
            Lookup::Inbox(keys) => {
                let keys = keys.iter().map(|key| (key.group.name(), uuid(key.event.0)));
                let condition = pairs("consumer_group", "event_id", keys);
                locked("SELECT consumer_group, event_id FROM inbox", "PRIMARY", &condition, "consumer_group, event_id")
            }
            Lookup::Parked(keys) => failed_delivery::select_keys(keys),
            Lookup::ParkedEvents(keys) => failed_delivery::select_events(keys),
            Lookup::Letters(ids) => failed_delivery::select_letters(ids),
            Lookup::Answers(keys) => {
                locked(select_answer!(""), "idempotency_key", &is_in("`key`", keys.iter().map(|key| key.0)), "`key`")
            }
            Lookup::Callbacks(keys) => fulfilment::select_callbacks(keys),
            Lookup::Payments(ids) => fulfilment::select(Kind::Payment, ids),
            Lookup::Shipments(ids) => fulfilment::select(Kind::Shipment, ids),
            Lookup::Storages(ids) => fulfilment::select(Kind::Storage, ids),
            Lookup::Logins(keys) => {
                let select = select_login!("").replace(" FROM", ", email_key FROM");
                locked(&select, "login_email", &is_in("email_key", keys.iter().map(|key| key.0)), "email_key")
            }
            Lookup::ApiKeys(ids) => api_keys::select(ids),
            // Every change of the setting inserts the next row; the primary key rejects the second of two equal ones.
            Lookup::Modes => select_mode_change!("ORDER BY version DESC LIMIT 1").to_owned(),
            Lookup::Identities(keys) => details::select_identities(keys),
            Lookup::Details(ids) => details::select(ids),
            Lookup::Webhooks(ids) => webhooks::select_endpoints(ids),
            Lookup::Deliveries(keys) => webhooks::select_deliveries(keys),
            Lookup::Alerts(keys) => alerts::select_open(keys),
            Lookup::NotificationSettings(users) => notifications::select_settings(users),
            Lookup::Notifications(keys) => notifications::select(keys),
            Lookup::Orders(ids) => primary(select_order!(""), "order_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Timers(ids) => {
                let select = "SELECT order_id, due_at, kind, asked FROM timer";
                primary(select, "order_id", ids.iter().map(|id| id.0).collect())
            }
            Lookup::Claims(keys) => {
                let select = "SELECT order_id, step, product_id, state, reason FROM claim";
                locked(select, "PRIMARY", &claim_condition(keys), "order_id, step, product_id")
            }
            // No lock: an order's requests never change, and its answers are only added.
            Lookup::Placed(ids) => {
                select_order!("FORCE INDEX (PRIMARY) WHERE ").to_owned() + &is_in("order_id", ids.iter().map(|id| id.0))
            }
            Lookup::CampaignSnapshots(ids) => {
                select_campaign!("FORCE INDEX (PRIMARY) WHERE ").to_owned()
                    + &is_in("campaign_id", ids.iter().map(|id| id.0))
            }
            Lookup::ProductSnapshots(ids) => {
                select_product!("FORCE INDEX (PRIMARY) WHERE ").to_owned()
                    + &is_in("product_id", ids.iter().map(|id| id.0))
            }
            Lookup::Contacts(ids) => {
                "SELECT user_id, email FROM login WHERE ".to_owned() + &is_in("user_id", ids.iter().map(|id| id.0))
            }
            Lookup::Requests(ids) => primary(select_request!(""), "request_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Customers(ids) => primary(select_customer!(""), "user_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Accounts(ids) => primary(select_account!(""), "user_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Holdings(keys) => {
                let keys = keys.iter().map(|key| (key.campaign.0, key.user.0));
                let condition = pairs("campaign_id", "user_id", keys);
                locked(select_coupon!(""), "coupon_holding", &condition, "campaign_id, user_id, nth")
            }
            Lookup::Campaigns(ids) => primary(select_campaign!(""), "campaign_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Buyers(keys) => drops::select_buyers(keys),
            Lookup::Cards(keys) => drops::select_cards(keys),
            Lookup::Drops(ids) => drops::select(ids),
            Lookup::Products(ids) => primary(select_product!(""), "product_id", ids.iter().map(|id| id.0).collect()),
            Lookup::Sales(keys) => {
                let condition = pairs("day", "product_id", keys.iter().map(|key| (key.day, key.product.0)));
                let select = "SELECT day, product_id, sold, returned FROM product_sales";
                locked(select, "PRIMARY", &condition, "day, product_id")
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "one line or two for each kind of row")]
    fn read(self, found: Vec<Vec<Value>>, lines: &mut LinesOf, before: &mut Before, rows: &mut Rows) -> Result<()> {
        match self {
            Lookup::Inbox(keys) => read_inbox(keys, found, rows)?,
            Lookup::Parked(keys) => loaded(&mut rows.parked, keys, entries(found)?),
            Lookup::ParkedEvents(keys) => loaded(&mut rows.parked_events, keys, entries(found)?),
            Lookup::Letters(ids) => read_letters(ids, found, rows)?,
            Lookup::Answers(keys) => loaded(&mut rows.answers, keys, entries_by_last(found)?),
            Lookup::Logins(keys) => loaded(&mut rows.logins, keys, entries_by_last(found)?),
            Lookup::ApiKeys(ids) => api_keys::read(ids, found, rows)?,
            Lookup::Modes => rows.modes.loaded(ModesKey, found.into_iter().next().map(from_row).transpose()?),
            Lookup::Identities(keys) => details::read_identities(keys, found, rows)?,
            Lookup::Details(ids) => details::read(ids, found, rows)?,
            Lookup::Webhooks(ids) => webhooks::read_endpoints(ids, found, rows)?,
            Lookup::Deliveries(keys) => webhooks::read_deliveries(keys, found, rows)?,
            Lookup::Alerts(keys) => alerts::read_open(keys, found, rows)?,
            Lookup::NotificationSettings(users) => notifications::read_settings(users, found, rows)?,
            Lookup::Notifications(keys) => notifications::read(keys, found, rows)?,
            Lookup::Orders(ids) => read_orders(ids, found, lines, before, rows)?,
            Lookup::Timers(ids) => loaded(&mut rows.timers, ids.into_iter().map(TimerKey), entries(found)?),
            Lookup::Callbacks(keys) => fulfilment::read_callbacks(keys, found, rows)?,
            Lookup::Payments(ids) => fulfilment::read(Kind::Payment, ids, found, rows)?,
            Lookup::Shipments(ids) => fulfilment::read(Kind::Shipment, ids, found, rows)?,
            Lookup::Storages(ids) => fulfilment::read(Kind::Storage, ids, found, rows)?,
            Lookup::Claims(keys) => loaded(&mut rows.claims, keys, entries(found)?),
            Lookup::Placed(ids) => read_placed(ids, found, lines, rows)?,
            Lookup::CampaignSnapshots(ids) => {
                let found = index(found, |campaign: Campaign| (CampaignSnapshotKey(campaign.id), campaign))?;
                loaded(&mut rows.campaign_snapshots, ids.into_iter().map(CampaignSnapshotKey), found);
            }
            Lookup::ProductSnapshots(ids) => {
                let found = index(found, |product: Product| (ProductSnapshotKey(product.id), product))?;
                loaded(&mut rows.product_snapshots, ids.into_iter().map(ProductSnapshotKey), found);
            }
            Lookup::Contacts(ids) => {
                let found = index(found, |(user, email): (i64, String)| (ContactKey(UserId(user)), email.into()))?;
                loaded(&mut rows.contacts, ids.into_iter().map(ContactKey), found);
            }
            Lookup::Requests(ids) => {
                loaded(&mut rows.requests, ids, index(found, |request: Request| (request.id, request))?);
            }
            Lookup::Customers(ids) => {
                let found = index(found, |customer: Customer| (CustomerKey(customer.user), customer))?;
                loaded(&mut rows.customers, ids.into_iter().map(CustomerKey), found);
            }
            Lookup::Accounts(ids) => {
                let found = index(found, |account: Account| (AccountKey(account.user), account))?;
                loaded(&mut rows.accounts, ids.into_iter().map(AccountKey), found);
            }
            Lookup::Holdings(keys) => read_holdings(keys, found, before, rows)?,
            Lookup::Campaigns(ids) => {
                let found = index(found, |campaign: Campaign| (campaign.id, campaign))?;
                loaded(&mut rows.campaigns, ids, found);
            }
            Lookup::Buyers(keys) => drops::read_buyers(keys, found, rows)?,
            Lookup::Cards(keys) => drops::read_cards(keys, found, rows)?,
            Lookup::Drops(ids) => drops::read(ids, found, rows)?,
            Lookup::Products(ids) => {
                let found = index(found, |product: Product| (product.id, product))?;
                loaded(&mut rows.products, ids, found);
            }
            Lookup::Sales(keys) => loaded(&mut rows.sales, keys, entries(found)?),
        }
        Ok(())
    }
}

fn read_letters(ids: Vec<DeadLetterId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.letters, ids, index(found, |letter: DeadLetter| (letter.id, letter))?);
    Ok(())
}

fn read_inbox(keys: Vec<InboxKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let found = index(found, |cells: (String, String)| (cells, ()))?;
    for key in keys {
        let cells = (key.group.name().to_owned(), uuid(key.event.0));
        rows.inbox.loaded(key, found.get(&cells).copied());
    }
    Ok(())
}

fn read_orders(
    ids: Vec<OrderId>,
    found: Vec<Vec<Value>>,
    lines: &mut LinesOf,
    before: &mut Before,
    rows: &mut Rows,
) -> Result<()> {
    let mut orders = FxHashMap::default();
    for row in found {
        let stored: StoredOrder = from_row(row)?;
        let lines = lines.remove(&stored.id()).unwrap_or_default();
        let row = stored.with(lines);
        before.steps.insert(row.order.id(), row.order.saga.steps.clone());
        orders.insert(OrderKey(row.order.id()), row);
    }
    loaded(&mut rows.orders, ids.into_iter().map(OrderKey), orders);
    Ok(())
}

/// The same orders without a lock. Their lines went to the locked orders where both were loaded.
fn read_placed(ids: Vec<OrderId>, found: Vec<Vec<Value>>, lines: &mut LinesOf, rows: &mut Rows) -> Result<()> {
    let mut orders = FxHashMap::default();
    for row in found {
        let stored: StoredOrder = from_row(row)?;
        let id = stored.id();
        let order = match rows.orders.get(OrderKey(id)) {
            Ok(Some(locked)) => locked.order.clone(),
            _ => stored.with(lines.remove(&id).unwrap_or_default()).order,
        };
        orders.insert(PlacedKey(id), order);
    }
    loaded(&mut rows.placed, ids.into_iter().map(PlacedKey), orders);
    Ok(())
}

fn read_holdings(keys: Vec<HoldingKey>, found: Vec<Vec<Value>>, before: &mut Before, rows: &mut Rows) -> Result<()> {
    let mut coupons: FxHashMap<HoldingKey, Vec<Coupon>> = FxHashMap::default();
    for row in found {
        let (coupon, campaign, user): (Coupon, i64, i64) = from_row(row)?;
        let key = HoldingKey { campaign: CampaignId(campaign), user: UserId(user) };
        coupons.entry(key).or_default().push(coupon);
    }
    for key in keys {
        let found = coupons.remove(&key);
        before.holdings.extend(found.iter().map(|coupons| (key, coupons.clone())));
        let HoldingKey { campaign, user } = key;
        rows.holdings.loaded(key, found.map(|coupons| Holding { campaign, user, coupons }));
    }
    Ok(())
}

/// The latest commit that the rows may depend on, and the server's clock; read when all locks are held.
pub(super) const MOMENT: &str = "SELECT COALESCE(MAX(committed_at), 0), \
     CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) FROM engine_commit";

pub(super) fn moment(row: Option<Vec<Value>>) -> Result<(Timestamp, Timestamp)> {
    let mut cells = MysqlCells::of(row.unwrap_or_default());
    Ok((cells.at()?, cells.at()?))
}
