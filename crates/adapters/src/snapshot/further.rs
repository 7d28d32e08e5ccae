//! The rows that no law needs: they must be readable all the same. And the tables of each store, all of which are read.

use app::state::rows::{CallbackRow, Details, EmailKey, EndedToken, IdentityKey, Login, Message, ModesChange};
use app::state::rows::{DeadLetter, ParkKey, ParkedEventKey, ParkedKey, Recorded, Sales, SalesKey};
use domain::alert::Alert;
use domain::api_key::ApiKey;
use domain::ids::ProductId;
use domain::notification::{Notification, Settings};

use super::Asked;
use crate::payment::ledger::Entry;
use crate::records::{Executor, Maintenance, NoticeText};
use crate::selects::{
    select_alert, select_api_key, select_callback, select_letter, select_mode_change, select_notification,
    select_notification_settings, select_parked, select_parked_event, select_trail,
};

/// Reads tables row by row, each with its statement into its type.
macro_rules! further {
    ($(#[$doc:meta])* $tables:ident, $read:ident: $($table:literal: $row:ty = $select:expr;)*) => {
        const $tables: &[&str] = &[$($table),*];

        $(#[$doc])*
        pub(crate) fn $read<A: Asked>(asked: &mut A) -> Result<Vec<String>, A::Error> {
            let mut unreadable = vec![];
            $(unreadable.extend(asked.readable($select, |_: $row| ())?);)*
            Ok(unreadable)
        }
    };
}

further! {
    /// Describes the unreadable rows of the tables that both stores have.
    OF_BOTH, unreadable:
    "alert": Alert = select_alert!("");
    "api_key": ApiKey = select_api_key!("");
    "dead_letter": DeadLetter = select_letter!("");
    "ended_token": EndedToken = "SELECT mark, ended_at, expires_at FROM ended_token";
    "engine_commit": (i64, i64, Option<i64>) = "SELECT engine, number, committed_at FROM engine_commit";
    "login": (Login, EmailKey) =
        "SELECT user_id, email, name, password_hash, role, tokens_since, email_key FROM login";
    "maintenance": Maintenance = "SELECT maintenance_id, kind, law, what, happened_at FROM maintenance";
    "meta": Executor = "SELECT name, value FROM meta WHERE name = 'executor'";
    "mode_change": ModesChange = select_mode_change!("");
    "notice": NoticeText = "SELECT notice_id, kind, data, created_at FROM notice";
    "notification": Notification = select_notification!("");
    "notification_settings": Settings = select_notification_settings!("");
    "offset_skip": (i64, String, String, (i64, i64, i64, i64)) =
        "SELECT skip_id, consumer_group, topic, `partition`, from_position, to_position, skipped_at FROM offset_skip";
    "parked_event": (ParkedEventKey, Message) = select_parked_event!("");
    "parked_key": (ParkKey, ParkedKey) = select_parked!("");
    "payment_callback": CallbackRow = select_callback!("");
    "product_details": (ProductId, Details) =
        "SELECT product_id, sku, external_id, description, image_url, attributes FROM product_details";
    "product_identity": (ProductId, IdentityKey) = "SELECT product_id, identity_key FROM product_identity";
    "product_sales": (SalesKey, Sales) = "SELECT day, product_id, sold, returned FROM product_sales";
    "pruned": (String, i64) = "SELECT kind, before_at FROM pruned";
    "relay_halt": (i64, i64, i64) = "SELECT id, holder, halted_until FROM relay_halt";
    "relay_shard": (i64, i64, i64, i64) = "SELECT shard, position, epoch, holder FROM relay_shard";
    "sequence": (String, i64) = "SELECT name, next_number FROM sequence";
    "topic_spread": (String, i64) = "SELECT topic, partitions FROM topic_spread";
    "trail": Recorded = select_trail!("");
}

further! {
    /// Describes the unreadable rows of the tables of a folder alone.
    OF_FOLDERS, unreadable_embedded:
    "customer_coupon": (i64, i64, i64, i64) = "SELECT user_id, campaign_id, nth, coupon_id FROM customer_coupon";
    "event_kind": (i64, String, String, (String, String)) =
        "SELECT kind, aggregatetype, type, topic, cause FROM event_kind";
}

further! {
    /// Describes the unreadable rows of the tables of a database alone.
    OF_DATABASES, unreadable_shared:
    "scripted_deed": Entry = "SELECT deed_key, deed, reference, amount, declined, looks_left FROM scripted_deed";
    "scripted_script": (i64, Option<String>, Option<String>, Option<i64>) =
        "SELECT id, script, deed, times FROM scripted_script";
}

/// The tables whose rows the laws read.
const OF_LAWS: &[&str] = &[
    "archive",
    "campaign",
    "claim",
    "consumer_offset",
    "coupon",
    "coupon_request",
    "customer",
    "daily_root",
    "drop_buyer",
    "drop_card",
    "drop_link",
    "drops",
    "idempotency",
    "inbox",
    "order_line",
    "orders",
    "outbox_shard",
    "payment",
    "points_entry",
    "product",
    "shipment",
    "statistic",
    "stock_receipt",
    "timer",
    "warehouse_storage",
    "webhook",
    "webhook_delivery",
];

/// Returns the tables of a folder that the audit reads: all of them.
pub fn embedded_tables() -> impl Iterator<Item = &'static str> {
    let of_laws = OF_LAWS.iter().chain(&["event_row", "order_event_run"]);
    of_laws.chain(OF_BOTH).chain(OF_FOLDERS).copied()
}

/// Returns the tables of a database that the audit reads: all of them.
pub fn shared_tables() -> impl Iterator<Item = &'static str> {
    let of_laws = OF_LAWS.iter().chain(&["event", "points_account"]);
    of_laws.chain(OF_BOTH).chain(OF_DATABASES).copied()
}
