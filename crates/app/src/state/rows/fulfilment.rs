//! The rows of an order after claiming. Each order has at most one of a kind, so their key is the order.

use std::sync::Arc;

use domain::ids::OrderId;
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Key;

macro_rules! of_order {
    ($($name:ident => $variant:ident),* $(,)?) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub OrderId);

        impl From<$name> for Key {
            fn from(key: $name) -> Key {
                Key::$variant(key.0)
            }
        }
    )*};
}

of_order! { PaymentKey => Payment, ShipmentKey => Shipment, StorageKey => Storage }

/// SHA-256 of a provider's name and its id of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallbackKey(pub [u8; 32]);

/// A callback of a provider, kept so that it is applied once (failure mode 19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRow {
    pub key: CallbackKey,
    pub provider: Arc<str>,
    pub event: Arc<str>,
    pub at: Timestamp,
}

impl CallbackRow {
    pub fn new(provider: &str, event: Arc<str>, at: Timestamp) -> CallbackRow {
        let mut hasher = Sha256::new();
        // A provider's name contains no zero, so no two pairs give the same text.
        hasher.update(provider);
        hasher.update([0]);
        hasher.update(&*event);
        CallbackRow { key: CallbackKey(hasher.finalize().into()), provider: Arc::from(provider), event, at }
    }
}
