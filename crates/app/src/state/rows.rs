//! The rows that a batch reads and writes. The kinds are in the order in which stores lock them.

mod deed;
mod details;
mod failed_delivery;
mod fulfilment;
mod key;
mod modes;
mod people;
mod requests;
mod retention;
mod statistics;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::alert::Alert;
use domain::api_key::ApiKey;
use domain::claim::Claim;
use domain::coupon::{Campaign, Holding};
use domain::drops::{Buyer, Card, Drop, Link};
use domain::ids::{
    ApiKeyId, CampaignId, CouponId, DeadLetterId, DropId, EntryId, NoticeId, OrderId, ProductId, ReceiptId, RequestId,
    UserId, WebhookId,
};
use domain::money::Money;
use domain::notification::{self, Notification, NotificationKey};
use domain::order::Order;
use domain::payment::Payment;
use domain::points::Account;
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;
use domain::webhook::{Delivery, DeliveryKey, Endpoint};

use crate::commands::answer::Answer;
use crate::events::event::Event;
use crate::events::trace::TraceParent;
use crate::state::table::Table;

pub use deed::{Deed, Recorded, WantedDeeds};
pub use details::{Details, Identity, NewDetails};
pub use failed_delivery::{Act, DISBELIEVED, DeadLetter, DeadLetterAct, DeadLetterStatus, Message, ParkedKey, Trouble};
pub use fulfilment::{CallbackRow, Fulfilment, whereabouts};
pub(crate) use key::half;
pub use key::{
    AccountKey, AlertKey, AnswerKey, BuyerKey, CallbackKey, CampaignSnapshotKey, CardKey, ClaimKey, ContactKey,
    CustomerKey, DetailsKey, EmailKey, EventId, HoldingKey, IdentityKey, InboxKey, Key, NotificationSettingsKey,
    OffsetKey, OrderKey, ParkKey, ParkedEventKey, Partition, PaymentKey, PlacedKey, ProductSnapshotKey, SalesKey,
    ShipmentKey, StorageKey, TimerKey,
};
pub use modes::{ModesChange, ModesKey};
pub use people::{EndedToken, Login, Role};
pub use requests::{Decision, Granted, Request, RequestStatus};
pub use retention::{Prunable, Prune, Removal};
pub use statistics::{Added, Counted, Cut, FigureKey, Resolution, WHOLE_SHOP};

/// The sold units of a product on a day, and those refunded since. Both only grow, so that repeats and reordering are
/// harmless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    pub sold: i64,
    pub returned: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// SHA-256 of the request's body.
    pub fingerprint: [u8; 32],
    pub answer: Answer,
    pub at: Timestamp,
}

/// An order and its link in the chain of its user's orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    pub order: Order,
    pub previous: Option<OrderId>,
}

/// The next moment at which an order needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub due: Timestamp,
    pub kind: TimerKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// Claims are overdue.
    Claims,
    /// Delayed participants are requested again.
    Delayed,
    /// Restorations are overdue; they have been requested `asked` times.
    Restorations { asked: i64 },
    /// The time to pay is over.
    Payment,
}

/// A user known to the shop, and the heads of their chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    pub user: UserId,
    pub last_order: Option<OrderId>,
    pub last_coupon: Option<CouponId>,
    pub last_entry: Option<EntryId>,
    pub last_notice: Option<NoticeId>,
    /// Counts notices from 1 without gap.
    pub notices: i64,
    pub created_at: Timestamp,
}

impl Customer {
    pub const fn new(user: UserId, created_at: Timestamp) -> Customer {
        Customer {
            user,
            last_order: None,
            last_coupon: None,
            last_entry: None,
            last_notice: None,
            notices: 0,
            created_at,
        }
    }
}

/// An entry of the points ledger: its amount moves from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    pub user: UserId,
    pub from_account: i64,
    pub to_account: i64,
    pub amount: Money,
    pub kind: &'static str,
    pub order: Option<OrderId>,
    pub balance: Money,
    pub previous: Option<EntryId>,
    pub at: Timestamp,
}

/// A delivery or a write-off, with the admin's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub product: ProductId,
    pub delta: i64,
    pub reason: Arc<str>,
    pub at: Timestamp,
}

/// A notice to a user, in the user's own sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub id: NoticeId,
    pub user: UserId,
    pub number: i64,
    pub kind: &'static str,
    pub data: String,
    pub previous: Option<NoticeId>,
    pub at: Timestamp,
}

/// The link of a coupon in its user's chain; the holding itself is a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CouponLink {
    pub coupon: CouponId,
    pub previous: Option<CouponId>,
}

/// An event as the commit writes it; [`crate::events::outbox::seal`] assigns its place in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub id: EventId,
    pub event: Event,
    pub order: Option<OrderId>,
    /// The order's version after the event; only an order's own events have one.
    pub version: Option<i64>,
    pub cause: &'static str,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
}

/// A move of one group in one partition, valid only from the group's current offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetMove {
    pub key: OffsetKey,
    pub from: i64,
    pub to: i64,
}

/// A record of an audit's repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    pub law: u8,
    pub what: String,
    pub at: Timestamp,
}

macro_rules! rows {
    (
        tables { $($table:ident: $key:ty => $row:ty,)* }
        lists { $($list:ident: $item:ty,)* }
    ) => {
        /// The rows of one batch: tables that are read and written, and lists that are only appended to.
        #[derive(Debug, Default)]
        pub struct Rows {
            $(pub $table: Table<$key, $row>,)*
            $(pub $list: Vec<$item>,)*
            /// The latest moment of a commit that these rows may depend on, where several processes write to the store.
            pub decided_until: Timestamp,
            /// Campaigns that were not read, because the engine holds them. A commit fails if the store's rows differ.
            pub held: Vec<Campaign>,
            savepoints: u64,
        }

        /// A state of [`Rows`] to return to.
        #[derive(Clone, Copy, Debug)]
        pub struct Savepoint {
            $($table: usize,)*
            $($list: usize,)*
        }

        impl Rows {
            /// Marks the present state; later changes can be undone up to here.
            pub fn savepoint(&mut self) -> Savepoint {
                self.savepoints += 1;
                Savepoint {
                    $($table: self.$table.mark(self.savepoints),)*
                    $($list: self.$list.len(),)*
                }
            }

            pub fn undo_to(&mut self, savepoint: Savepoint) {
                self.savepoints += 1;
                $(
                    self.$table.undo_to(savepoint.$table);
                    self.$table.mark(self.savepoints);
                )*
                $(self.$list.truncate(savepoint.$list);)*
            }

            /// Keeps all changes so far; earlier savepoints become invalid.
            pub fn release_savepoint(&mut self) {
                $(self.$table.release_savepoint();)*
            }

            /// Adds a campaign that the engine holds, instead of reading it.
            pub fn hold(&mut self, campaign: Campaign) {
                self.campaigns.loaded(campaign.id, Some(campaign.clone()));
                self.held.push(campaign);
            }

            /// Returns true if a commit would write nothing.
            pub fn is_unchanged(&self) -> bool {
                $(self.$table.changed().next().is_none() &&)* $(self.$list.is_empty() &&)* true
            }

            /// Returns the number of rows that the commit would write, by table.
            pub fn written(&self) -> Vec<(&'static str, usize)> {
                let mut written = vec![
                    $((stringify!($table), self.$table.changed().count()),)*
                    $((stringify!($list), self.$list.len()),)*
                ];
                written.retain(|(_, rows)| *rows > 0);
                written
            }
        }
    };
}

rows! {
    tables {
        inbox: InboxKey => (),
        parked: ParkKey => ParkedKey,
        parked_events: ParkedEventKey => Message,
        letters: DeadLetterId => DeadLetter,
        answers: AnswerKey => StoredAnswer,
        callbacks: CallbackKey => CallbackRow,
        logins: EmailKey => Login,
        api_keys: ApiKeyId => ApiKey,
        modes: ModesKey => ModesChange,
        identities: IdentityKey => ProductId,
        details: DetailsKey => Details,
        webhooks: WebhookId => Endpoint,
        deliveries: DeliveryKey => Delivery,
        alerts: AlertKey => Alert,
        notification_settings: NotificationSettingsKey => notification::Settings,
        notifications: NotificationKey => Notification,
        orders: OrderKey => OrderRow,
        timers: TimerKey => Timer,
        payments: PaymentKey => Payment,
        shipments: ShipmentKey => Shipment,
        storages: StorageKey => Storage,
        claims: ClaimKey => Claim,
        placed: PlacedKey => Order,
        campaign_snapshots: CampaignSnapshotKey => Campaign,
        product_snapshots: ProductSnapshotKey => Product,
        contacts: ContactKey => Arc<str>,
        requests: RequestId => Request,
        customers: CustomerKey => Customer,
        accounts: AccountKey => Account,
        holdings: HoldingKey => Holding,
        campaigns: CampaignId => Campaign,
        buyers: BuyerKey => Buyer,
        cards: CardKey => Card,
        drops: DropId => Drop,
        products: ProductId => Product,
        sales: SalesKey => Sales,
    }
    lists {
        skips: OffsetMove,
        maintenance: Maintenance,
        trail: Recorded,
        ended_tokens: EndedToken,
        coupon_links: CouponLink,
        entries: Entry,
        receipts: Receipt,
        drop_links: Link,
        notices: Notice,
        events: NewEvent,
        figures: Added,
        cuts: Cut,
        prunes: Prune,
        removals: Removal,
    }
}

/// The rows that a batch loads from its store.
pub type Keys = BTreeSet<Key>;
