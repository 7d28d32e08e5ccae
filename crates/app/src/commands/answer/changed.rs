//! The state after a change, kept in its answer: a retry under the same key gets the first request's answer, whatever
//! happened since.

use std::sync::Arc;

use domain::api_key::ApiKey;
use domain::coupon::{Campaign, IssueMode, QueueKey};
use domain::drops::Drop;
use domain::ids::{CampaignId, DeadLetterId, DropId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::notification;
use domain::order::{Choice, Modes, Receiver};
use domain::pricing::Discount;
use domain::shipment::{self, Shipment};
use domain::stock::{self, Product};
use domain::time::Timestamp;
use domain::warehouse::{self, Storage};
use domain::webhook::Endpoint;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;
use crate::state::rows::{DeadLetter, DeadLetterStatus, Details, Login, ModesChange, Role, Trouble};

/// The changed thing, as it was after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Changed {
    Product(#[serde(with = "KeptProduct")] Product),
    /// A product with its details.
    Described(#[serde(with = "KeptProduct")] Product, Details),
    Campaign(#[serde(with = "KeptCampaign")] Campaign),
    Shipment(#[serde(with = "KeptShipment")] Shipment),
    Storage(#[serde(with = "KeptStorage")] Storage),
    Modes(#[serde(with = "KeptModesChange")] ModesChange),
    #[serde(rename = "letter")]
    DeadLetter(DeadLetterAsOf),
    Webhook(Endpoint),
    ApiKey(ApiKey),
    NotificationSettings(notification::Choice),
    Drop(Box<Drop>),
    Login(LoginAsOf),
}

/// A login without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginAsOf {
    pub user: UserId,
    pub email: Arc<str>,
    pub name: Arc<str>,
    #[serde(with = "KeptRole")]
    pub role: Role,
}

impl LoginAsOf {
    pub fn of(login: &Login) -> LoginAsOf {
        let Login { user, email, name, role, .. } = login;
        LoginAsOf { user: *user, email: Arc::clone(email), name: Arc::clone(name), role: *role }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Role", rename_all = "camelCase")]
enum KeptRole {
    Customer,
    Viewer,
    Operator,
    Admin,
    Former,
}

/// The fields of a dead letter that can change later. Its payloads are kept with its acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterAsOf {
    pub id: DeadLetterId,
    acts: usize,
    #[serde(with = "KeptDeadLetterStatus")]
    status: DeadLetterStatus,
    #[serde(with = "KeptTrouble")]
    trouble: Trouble,
    resends: i64,
    #[serde(with = "wire_time::optional")]
    due: Option<Timestamp>,
}

impl DeadLetterAsOf {
    pub fn of(letter: &DeadLetter) -> DeadLetterAsOf {
        DeadLetterAsOf {
            id: letter.id,
            acts: letter.acts.len(),
            status: letter.status,
            trouble: letter.trouble.clone(),
            resends: letter.resends,
            due: letter.due,
        }
    }

    /// Returns the letter as it was then, from the letter as it is now.
    pub fn restore(self, mut letter: DeadLetter) -> DeadLetter {
        let later = letter.acts.iter().skip(self.acts);
        if let Some(payload) = later.filter_map(|act| act.payload_before.as_ref()).next() {
            letter.message.payload = Arc::clone(payload);
        }
        letter.acts.truncate(self.acts);
        let DeadLetterAsOf { status, trouble, resends, due, .. } = self;
        DeadLetter { status, trouble, resends, due, ..letter }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Product", rename_all = "camelCase")]
struct KeptProduct {
    id: ProductId,
    name: Arc<str>,
    price: Money,
    status: stock::Status,
    on_hand: i64,
    reserved: i64,
    received: i64,
    sold: i64,
    written_off: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drop: Option<DropId>,
    #[serde(with = "wire_time")]
    created_at: Timestamp,
    #[serde(with = "wire_time")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Campaign", rename_all = "camelCase")]
struct KeptCampaign {
    id: CampaignId,
    name: Arc<str>,
    discount: Discount,
    quantity: i64,
    issued: i64,
    issue_per_user_max: i64,
    #[serde(with = "wire_time")]
    issue_starts_at: Timestamp,
    #[serde(with = "wire_time")]
    issue_ends_at: Timestamp,
    #[serde(with = "wire_time")]
    valid_until: Timestamp,
    issue_mode: IssueMode,
    queue_key: QueueKey,
    paused: bool,
    #[serde(with = "wire_time")]
    created_at: Timestamp,
    #[serde(with = "wire_time")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Shipment", rename_all = "camelCase")]
struct KeptShipment {
    order: OrderId,
    state: shipment::State,
    receiver: Receiver,
    tracking: Option<Arc<str>>,
    #[serde(with = "wire_time")]
    created_at: Timestamp,
    #[serde(with = "wire_time")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Storage", rename_all = "camelCase")]
struct KeptStorage {
    order: OrderId,
    state: warehouse::State,
    #[serde(with = "wire_time")]
    created_at: Timestamp,
    #[serde(with = "wire_time")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModesChange", rename_all = "camelCase")]
struct KeptModesChange {
    version: i64,
    #[serde(with = "KeptModes")]
    modes: Modes,
    #[serde(with = "KeptModes")]
    before: Modes,
    by: Option<UserId>,
    reason: Arc<str>,
    #[serde(with = "wire_time")]
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Modes")]
struct KeptModes {
    choice: Choice,
    percent: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeadLetterStatus", rename_all = "SCREAMING_SNAKE_CASE")]
enum KeptDeadLetterStatus {
    Scheduled,
    Permanent,
    Handled,
    Dropped,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Trouble", rename_all = "camelCase")]
struct KeptTrouble {
    attempts: i64,
    error: Arc<str>,
    #[serde(with = "wire_time")]
    first_failed: Timestamp,
    #[serde(with = "wire_time")]
    last_failed: Timestamp,
}
