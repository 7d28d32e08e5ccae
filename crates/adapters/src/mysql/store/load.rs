//! Reads rows by their keys: one statement for each kind, locking in the order of keys.

use std::collections::BTreeMap;
use std::hash::Hash;

use app::events::outbox::uuid;
use app::state::rows::{
    AccountKey, AnswerKey, CallbackKey, CampaignSnapshotKey, ClaimKey, ContactKey, Customer, CustomerKey, DeadLetter,
    EmailKey, HoldingKey, InboxKey, Key, Login, Message, ModesKey, OrderKey, ParkKey, ParkedEventKey, ParkedKey,
    PlacedKey, ProductSnapshotKey, Request, Rows, Sales, SalesKey, StoredAnswer, Timer, TimerKey,
};
use app::state::table::Table;
use domain::claim::Claim;
use domain::coupon::{Campaign, Coupon, Holding};
use domain::ids::{CampaignId, LetterId, OrderId, ProductId, RequestId, UserId};
use domain::order::saga::Step;
use domain::points::Account;
use domain::stock::Product;
use domain::time::Timestamp;
use mysql_async::Value;
use rustc_hash::FxHashMap;

use super::fulfilment::{self, Kind};
use super::{Before, failed_delivery};
use crate::mysql::cells::{MysqlCells, from_row};
use crate::mysql::failure::Result;
use crate::mysql::session::Answers;
use crate::mysql::sql::{KEYS_MAX, Literal, Script, is_in, statement};
use crate::records::{Cells as _, FromCells, Line, StoredOrder};
use crate::selects::{
    select_account, select_answer, select_campaign, select_coupon, select_customer, select_line, select_login,
    select_mode_change, select_order, select_product, select_request,
};
use crate::words::step_cells;

/// Keys of one kind, asked for with one statement.
enum Ask {
    Inbox(Vec<InboxKey>),
    Parked(Vec<ParkKey>),
    ParkedEvents(Vec<ParkedEventKey>),
    Letters(Vec<LetterId>),
    Answers(Vec<AnswerKey>),
    Tellings(Vec<CallbackKey>),
    Logins(Vec<EmailKey>),
    Modes,
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
    Products(Vec<ProductId>),
    Sales(Vec<SalesKey>),
}

/// What is asked for, and where the answers will stand.
pub(super) struct Load {
    asks: Vec<(Ask, usize)>,
}

macro_rules! gather {
    ($asks:ident, $variant:ident, $key:expr) => {
        match $asks.last_mut() {
            Some(Ask::$variant(keys)) if keys.len() < KEYS_MAX => keys.push($key),
            _ => $asks.push(Ask::$variant(vec![$key])),
        }
    };
}

impl Load {
    pub(super) fn new(keys: &[Key], script: &mut Script) -> Load {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let mut asks: Vec<Ask> = vec![];
        for key in keys {
            match key {
                // Where a group stands is compared by the commit itself.
                Key::Offset(_) => {}
                Key::Inbox(key) => gather!(asks, Inbox, key),
                Key::Parked(key) => gather!(asks, Parked, key),
                Key::ParkedEvent(key) => gather!(asks, ParkedEvents, key),
                Key::Letter(key) => gather!(asks, Letters, key),
                Key::Answer(key) => gather!(asks, Answers, key),
                Key::CallbackRow(key) => gather!(asks, Tellings, key),
                Key::Login(key) => gather!(asks, Logins, key),
                Key::Modes => asks.push(Ask::Modes),
                Key::Order(key) => gather!(asks, Orders, key),
                Key::Timer(key) => gather!(asks, Timers, key),
                Key::Payment(key) => gather!(asks, Payments, key),
                Key::Shipment(key) => gather!(asks, Shipments, key),
                Key::Storage(key) => gather!(asks, Storages, key),
                Key::Claim(key) => gather!(asks, Claims, key),
                Key::Placed(key) => gather!(asks, Placed, key),
                Key::CampaignSnapshot(key) => gather!(asks, CampaignSnapshots, key),
                Key::ProductSnapshot(key) => gather!(asks, ProductSnapshots, key),
                Key::Contact(key) => gather!(asks, Contacts, key),
                Key::Request(key) => gather!(asks, Requests, key),
                Key::Customer(key) => gather!(asks, Customers, key),
                Key::Account(key) => gather!(asks, Accounts, key),
                Key::Holding(key) => gather!(asks, Holdings, key),
                Key::Campaign(key) => gather!(asks, Campaigns, key),
                Key::Product(key) => gather!(asks, Products, key),
                Key::Sales(key) => gather!(asks, Sales, key),
            }
        }
        let orders: Vec<OrderId> = asks.iter().flat_map(|ask| ask.orders().iter().copied()).collect();
        let asks = asks.into_iter().map(|ask| {
            let place = script.add(ask.statement());
            (ask, place)
        });
        let asks = asks.collect();
        // An order's lines are guarded by its lock; each statement sees what is committed when it begins.
        for some in orders.chunks(KEYS_MAX) {
            script.add(select_lines(some));
        }
        Load { asks }
    }

    /// Takes the answers in.
    pub(super) fn read(self, mut answers: Answers, rows: &mut Rows, before: &mut Before) -> Result<()> {
        let last = self.asks.iter().map(|(_, place)| *place + 1).max().unwrap_or(answers.len());
        let mut lines = lines(answers.drain(last.min(answers.len())..).flatten())?;
        for (ask, place) in self.asks {
            let found = std::mem::take(&mut answers[place]);
            ask.read(found, (&mut lines, before), rows)?;
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

pub(in crate::mysql) fn lines(rows: impl Iterator<Item = Vec<Value>>) -> Result<LinesOf> {
    let mut lines = LinesOf::default();
    for row in rows {
        let (line, order): (Line, i64) = from_row(row)?;
        lines.entry(OrderId(order)).or_default().push(line);
    }
    Ok(lines)
}

/// `SELECT … FROM table`, then the index by which the rows are found and locked one by one in its order. Without it a small
/// table would be read from its start, past rows that others have locked.
pub(super) fn locked(select: &str, index: &str, condition: &str, order: &str) -> String {
    format!("{select} FORCE INDEX ({index}) WHERE {condition} ORDER BY {order} FOR UPDATE")
}

/// Conditions on keys of two parts: `(a = 1 AND b IN (…)) OR (…)`.
fn pairs<A: Literal + PartialEq, B: Literal>(columns: (&str, &str), keys: impl Iterator<Item = (A, B)>) -> String {
    let mut groups: Vec<(A, Vec<B>)> = vec![];
    for (first, second) in keys {
        match groups.last_mut() {
            Some((known, seconds)) if *known == first => seconds.push(second),
            _ => groups.push((first, vec![second])),
        }
    }
    let groups = groups.into_iter().map(|(first, seconds)| {
        statement(&format!("({} = ? AND ", columns.0), &[&first]) + &is_in(columns.1, seconds) + ")"
    });
    groups.collect::<Vec<_>>().join(" OR ")
}

/// Claims of the same kind are named together: a condition for each claim takes the server four times as long to plan as the
/// claims take to be found.
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

impl Ask {
    fn orders(&self) -> &[OrderId] {
        if let Ask::Orders(orders) | Ask::Placed(orders) = self { orders } else { &[] }
    }

    #[expect(clippy::too_many_lines, reason = "one line or two for each kind of row")]
    fn statement(&self) -> String {
        let primary =
            |select: &str, column: &str, ids: Vec<i64>| locked(select, "PRIMARY", &is_in(column, ids), column);
        match self {
            Ask::Inbox(keys) => {
                let keys = keys.iter().map(|key| (key.group.name(), uuid(key.event.0)));
                let condition = pairs(("consumer_group", "event_id"), keys);
                locked("SELECT consumer_group, event_id FROM inbox", "PRIMARY", &condition, "consumer_group, event_id")
            }
            Ask::Parked(keys) => failed_delivery::select_keys(keys),
            Ask::ParkedEvents(keys) => failed_delivery::select_events(keys),
            Ask::Letters(ids) => failed_delivery::select_letters(ids),
            Ask::Answers(keys) => {
                locked(select_answer!(""), "idempotency_key", &is_in("`key`", keys.iter().map(|key| key.0)), "`key`")
            }
            Ask::Tellings(keys) => fulfilment::select_tellings(keys),
            Ask::Payments(ids) => fulfilment::select(Kind::Payment, ids),
            Ask::Shipments(ids) => fulfilment::select(Kind::Shipment, ids),
            Ask::Storages(ids) => fulfilment::select(Kind::Storage, ids),
            Ask::Logins(keys) => {
                let select = select_login!("").replace(" FROM", ", email_key FROM");
                locked(&select, "login_email", &is_in("email_key", keys.iter().map(|key| key.0)), "email_key")
            }
            // Whoever changes the setting writes the next row; that two write the same one, its key refuses.
            Ask::Modes => select_mode_change!("ORDER BY version DESC LIMIT 1").to_owned(),
            Ask::Orders(ids) => primary(select_order!(""), "order_id", ids.iter().map(|id| id.0).collect()),
            Ask::Timers(ids) => {
                let select = "SELECT order_id, due_at, kind, asked FROM timer";
                primary(select, "order_id", ids.iter().map(|id| id.0).collect())
            }
            Ask::Claims(keys) => {
                let select = "SELECT order_id, step, product_id, state, reason FROM claim";
                locked(select, "PRIMARY", &claim_condition(keys), "order_id, step, product_id")
            }
            // Without a lock: what an order asks for never changes, and what it was answered only becomes more.
            Ask::Placed(ids) => {
                select_order!("FORCE INDEX (PRIMARY) WHERE ").to_owned() + &is_in("order_id", ids.iter().map(|id| id.0))
            }
            Ask::CampaignSnapshots(ids) => {
                select_campaign!("FORCE INDEX (PRIMARY) WHERE ").to_owned()
                    + &is_in("campaign_id", ids.iter().map(|id| id.0))
            }
            Ask::ProductSnapshots(ids) => {
                select_product!("FORCE INDEX (PRIMARY) WHERE ").to_owned()
                    + &is_in("product_id", ids.iter().map(|id| id.0))
            }
            Ask::Contacts(ids) => {
                "SELECT user_id, email FROM login WHERE ".to_owned() + &is_in("user_id", ids.iter().map(|id| id.0))
            }
            Ask::Requests(ids) => primary(select_request!(""), "request_id", ids.iter().map(|id| id.0).collect()),
            Ask::Customers(ids) => primary(select_customer!(""), "user_id", ids.iter().map(|id| id.0).collect()),
            Ask::Accounts(ids) => primary(select_account!(""), "user_id", ids.iter().map(|id| id.0).collect()),
            Ask::Holdings(keys) => {
                let keys = keys.iter().map(|key| (key.campaign.0, key.user.0));
                let condition = pairs(("campaign_id", "user_id"), keys);
                locked(select_coupon!(""), "coupon_holding", &condition, "campaign_id, user_id, nth")
            }
            Ask::Campaigns(ids) => primary(select_campaign!(""), "campaign_id", ids.iter().map(|id| id.0).collect()),
            Ask::Products(ids) => primary(select_product!(""), "product_id", ids.iter().map(|id| id.0).collect()),
            Ask::Sales(keys) => {
                let condition = pairs(("day", "product_id"), keys.iter().map(|key| (key.day, key.product.0)));
                let select = "SELECT day, product_id, sold, returned FROM product_sales";
                locked(select, "PRIMARY", &condition, "day, product_id")
            }
        }
    }

    fn read(self, found: Vec<Vec<Value>>, (lines, before): (&mut LinesOf, &mut Before), rows: &mut Rows) -> Result<()> {
        match self {
            Ask::Inbox(keys) => read_inbox(keys, found, rows)?,
            Ask::Parked(keys) => tell(&mut rows.parked, keys, index(found, |entry: (ParkKey, ParkedKey)| entry)?),
            Ask::ParkedEvents(keys) => {
                let found = index(found, |entry: (ParkedEventKey, Message)| entry)?;
                tell(&mut rows.parked_events, keys, found);
            }
            Ask::Letters(ids) => tell(&mut rows.letters, ids, index(found, |letter: DeadLetter| (letter.id, letter))?),
            Ask::Answers(keys) => tell(&mut rows.answers, keys, index(found, answer)?),
            Ask::Logins(keys) => tell(&mut rows.logins, keys, index(found, login)?),
            Ask::Modes => {
                let newest = found.into_iter().next().map(from_row).transpose()?;
                rows.modes.loaded(ModesKey, newest);
            }
            Ask::Orders(ids) => read_orders(ids, found, (lines, before), rows)?,
            Ask::Timers(ids) => tell(&mut rows.timers, ids.into_iter().map(TimerKey), index(found, timer)?),
            Ask::Tellings(keys) => fulfilment::read_tellings(keys, found, rows)?,
            Ask::Payments(ids) => fulfilment::read(Kind::Payment, ids, found, rows)?,
            Ask::Shipments(ids) => fulfilment::read(Kind::Shipment, ids, found, rows)?,
            Ask::Storages(ids) => fulfilment::read(Kind::Storage, ids, found, rows)?,
            Ask::Claims(keys) => tell(&mut rows.claims, keys, index(found, claim)?),
            Ask::Placed(ids) => read_placed(ids, found, lines, rows)?,
            Ask::CampaignSnapshots(ids) => {
                let found = index(found, |campaign: Campaign| (CampaignSnapshotKey(campaign.id), campaign))?;
                tell(&mut rows.terms, ids.into_iter().map(CampaignSnapshotKey), found);
            }
            Ask::ProductSnapshots(ids) => {
                let found = index(found, |product: Product| (ProductSnapshotKey(product.id), product))?;
                tell(&mut rows.offers, ids.into_iter().map(ProductSnapshotKey), found);
            }
            Ask::Contacts(ids) => {
                let found = index(found, |(user, email): (i64, String)| (ContactKey(UserId(user)), email.into()))?;
                tell(&mut rows.contacts, ids.into_iter().map(ContactKey), found);
            }
            Ask::Requests(ids) => {
                let found = index(found, |request: Request| (request.id, request))?;
                tell(&mut rows.requests, ids, found);
            }
            Ask::Customers(ids) => {
                let found = index(found, |customer: Customer| (CustomerKey(customer.user), customer))?;
                tell(&mut rows.customers, ids.into_iter().map(CustomerKey), found);
            }
            Ask::Accounts(ids) => {
                let found = index(found, |account: Account| (AccountKey(account.user), account))?;
                tell(&mut rows.accounts, ids.into_iter().map(AccountKey), found);
            }
            Ask::Holdings(keys) => read_holdings(keys, found, before, rows)?,
            Ask::Campaigns(ids) => {
                let found = index(found, |campaign: Campaign| (campaign.id, campaign))?;
                tell(&mut rows.campaigns, ids, found);
            }
            Ask::Products(ids) => {
                let found = index(found, |product: Product| (product.id, product))?;
                tell(&mut rows.products, ids, found);
            }
            Ask::Sales(keys) => tell(&mut rows.sales, keys, index(found, sales)?),
        }
        Ok(())
    }
}

const fn timer((order, timer): (i64, Timer)) -> (TimerKey, Timer) {
    (TimerKey(OrderId(order)), timer)
}

const fn claim((order, step, claim): (i64, Step, Claim)) -> (ClaimKey, Claim) {
    (ClaimKey { order: OrderId(order), step }, claim)
}

fn answer((answer, key): (StoredAnswer, AnswerKey)) -> (AnswerKey, StoredAnswer) {
    (key, answer)
}

fn login((login, key): (Login, EmailKey)) -> (EmailKey, Login) {
    (key, login)
}

const fn sales((day, product, sold, returned): (i64, i64, i64, i64)) -> (SalesKey, Sales) {
    (SalesKey { day, product: ProductId(product) }, Sales { sold, returned })
}

fn read_inbox(keys: Vec<InboxKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let found = index(found, |cells: (String, String)| (cells, ()))?;
    for key in keys {
        let cells = (key.group.name().to_owned(), uuid(key.event.0));
        rows.inbox.loaded(key, found.get(&cells).copied());
    }
    Ok(())
}

pub(super) fn index<T: FromCells, K: Eq + Hash, V>(
    found: Vec<Vec<Value>>,
    entry: impl Fn(T) -> (K, V),
) -> Result<FxHashMap<K, V>> {
    found.into_iter().map(|row| from_row(row).map(&entry)).collect()
}

/// Tells a table what was found of the keys that were asked for.
pub(super) fn tell<K, V>(table: &mut Table<K, V>, keys: impl IntoIterator<Item = K>, mut found: FxHashMap<K, V>)
where
    K: Copy + Eq + Hash + Ord + Into<Key>,
    V: Clone,
{
    for key in keys {
        table.loaded(key, found.remove(&key));
    }
}

fn read_orders(
    ids: Vec<OrderId>,
    found: Vec<Vec<Value>>,
    (lines, before): (&mut LinesOf, &mut Before),
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
    tell(&mut rows.orders, ids.into_iter().map(OrderKey), orders);
    Ok(())
}

/// The same orders without a lock; their lines were given to those that are locked, where both are asked for.
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
    tell(&mut rows.placed, ids.into_iter().map(PlacedKey), orders);
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

/// The latest commit that the rows may depend on, and the server's clock: asked when all locks are held.
pub(super) const MOMENT: &str = "SELECT COALESCE(MAX(committed_at), 0), \
     CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) FROM engine_commit";

pub(super) fn moment(row: Option<Vec<Value>>) -> Result<(Timestamp, Timestamp)> {
    let mut cells = MysqlCells::of(row.unwrap_or_default());
    Ok((cells.at()?, cells.at()?))
}
