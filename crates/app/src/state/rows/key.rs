//! The keys of rows. The order of kinds is the order in which stores lock them.

use domain::alert::{Alert, Code};
use domain::drops::CardHash;
use domain::ids::{ApiKeyId, CampaignId, DeadLetterId, DropId, OrderId, ProductId, RequestId, UserId, WebhookId};
use domain::notification::NotificationKey;
use domain::order::saga::Step;
use domain::webhook::DeliveryKey;
use sha2::{Digest as _, Sha256};

use crate::events::topic::Topic;
use crate::log::group::Group;

/// The key of a row of any kind. The order of the variants is the order of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Offset(OffsetKey),
    Inbox(InboxKey),
    Parked(ParkKey),
    ParkedEvent(ParkedEventKey),
    DeadLetter(DeadLetterId),
    Answer(AnswerKey),
    CallbackRow(CallbackKey),
    Login(EmailKey),
    ApiKey(ApiKeyId),
    /// The newest change of the mode setting.
    Modes,
    /// A value that one product has and no other may have.
    Identity(IdentityKey),
    Details(ProductId),
    Webhook(WebhookId),
    WebhookDelivery(DeliveryKey),
    /// The open alert of a code and scope.
    Alert(AlertKey),
    NotificationSettings(UserId),
    Notification(NotificationKey),
    Order(OrderId),
    Timer(OrderId),
    Payment(OrderId),
    Shipment(OrderId),
    Storage(OrderId),
    Claim(ClaimKey),
    /// An order for its participants, read without a lock: its request never changes, and its answers only grow.
    Placed(OrderId),
    /// A campaign's terms, read without a lock: a command that does not change the campaign need not wait for those
    /// that issue its coupons.
    CampaignSnapshot(CampaignId),
    /// A product's name and price, read without a lock likewise.
    ProductSnapshot(ProductId),
    /// The e-mail address with which a customer registered, read without a lock: it never changes.
    Contact(UserId),
    Request(RequestId),
    Customer(UserId),
    Account(UserId),
    Holding(HoldingKey),
    Campaign(CampaignId),
    DropBuyer(BuyerKey),
    DropCard(CardKey),
    Drop(DropId),
    Product(ProductId),
    Sales(SalesKey),
}

/// The key of a group's offset in one partition of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetKey {
    pub group: Group,
    pub partition: Partition,
}

/// A partition of a log; the embedded log is one log of [`crate::events::outbox::SHARDS`] partitions, without a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    pub topic: Option<Topic>,
    pub number: i32,
}

/// An event that a group has handled, for groups whose repeats the domain cannot detect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxKey {
    pub group: Group,
    pub event: EventId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u128);

impl EventId {
    /// The id of a record that names no event.
    pub const NONE: EventId = EventId(0);
}

/// SHA-256 of an idempotency key's scope and text: (user, route, key).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerKey(pub [u8; 32]);

/// SHA-256 of an e-mail address in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailKey(pub [u8; 32]);

/// SHA-256 of the name and the value of a field that is unique among products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey(pub [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    pub order: OrderId,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldingKey {
    pub campaign: CampaignId,
    pub user: UserId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SalesKey {
    pub day: i64,
    pub product: ProductId,
}

/// A customer of a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuyerKey {
    pub drop: DropId,
    pub user: UserId,
}

/// A card or account of a drop that counts what it pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardKey {
    pub drop: DropId,
    pub hash: CardHash,
}

/// The key of a group's parked events of one key of one topic: they wait together, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkKey {
    pub group: Group,
    pub topic: Topic,
    /// The first half of the key's SHA-256: fixed in size for texts of any length.
    pub key: [u8; 16],
}

/// Returns the first half of a SHA-256: a key of fixed size for texts of any length.
pub(crate) fn half(digest: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

impl ParkKey {
    pub fn new(group: Group, topic: Topic, key: &str) -> ParkKey {
        ParkKey { group, topic, key: half(Sha256::digest(key).into()) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedEventKey {
    pub park: ParkKey,
    pub number: i64,
}

/// SHA-256 of a provider's name and its id of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallbackKey(pub [u8; 32]);

/// The key of the open alert of a code and scope: the first half of their SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey(pub [u8; 16]);

impl AlertKey {
    pub fn new(code: Code, scope: &str) -> AlertKey {
        AlertKey(half(Sha256::digest(format!("{}/{scope}", code.name())).into()))
    }

    pub fn of(alert: &Alert) -> AlertKey {
        AlertKey::new(alert.code, &alert.scope)
    }
}

macro_rules! key_of {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Key {
            fn from(key: $from) -> Key {
                Key::$variant(key)
            }
        }
    )*};
}

key_of! {
    OffsetKey => Offset, InboxKey => Inbox, ParkKey => Parked, ParkedEventKey => ParkedEvent, DeadLetterId => DeadLetter,
    AnswerKey => Answer, CallbackKey => CallbackRow, EmailKey => Login, ClaimKey => Claim,
    RequestId => Request, HoldingKey => Holding, CampaignId => Campaign, ProductId => Product, SalesKey => Sales,
    IdentityKey => Identity, WebhookId => Webhook, DeliveryKey => WebhookDelivery, AlertKey => Alert,
    NotificationKey => Notification, BuyerKey => DropBuyer, CardKey => DropCard, DropId => Drop, ApiKeyId => ApiKey,
}

/// Several kinds of row share an identity; the newtype tells them apart.
macro_rules! key_newtype {
    ($($name:ident($inner:ty) => $variant:ident),* $(,)?) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl From<$name> for Key {
            fn from(key: $name) -> Key {
                Key::$variant(key.0)
            }
        }
    )*};
}

key_newtype! {
    OrderKey(OrderId) => Order, TimerKey(OrderId) => Timer, PlacedKey(OrderId) => Placed,
    CampaignSnapshotKey(CampaignId) => CampaignSnapshot, ProductSnapshotKey(ProductId) => ProductSnapshot,
    CustomerKey(UserId) => Customer, DetailsKey(ProductId) => Details,
    NotificationSettingsKey(UserId) => NotificationSettings,
    AccountKey(UserId) => Account, ContactKey(UserId) => Contact,
    PaymentKey(OrderId) => Payment, ShipmentKey(OrderId) => Shipment, StorageKey(OrderId) => Storage,
}
