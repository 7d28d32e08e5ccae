//! The rows of an order after claiming. Each order has at most one of a kind, so their key is the order.

use std::sync::Arc;

use domain::order::Whereabouts;
use domain::payment::Payment;
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::warehouse::Storage;
use sha2::{Digest as _, Sha256};

use crate::state::rows::key::CallbackKey;

/// The rows of an order's fulfilment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fulfilment {
    pub payment: Option<Payment>,
    pub shipment: Option<Shipment>,
    pub storage: Option<Storage>,
}

impl Fulfilment {
    /// Returns where the goods of the order are.
    pub fn whereabouts(&self) -> Whereabouts {
        whereabouts(self.storage.as_ref(), self.shipment.as_ref())
    }
}

/// Returns where the goods of an order are: in its storage, if it has one, and otherwise in its shipment.
pub fn whereabouts(storage: Option<&Storage>, shipment: Option<&Shipment>) -> Whereabouts {
    match (storage, shipment) {
        (Some(storage), _) => storage.state.whereabouts(),
        (None, Some(shipment)) => shipment.state.whereabouts(),
        (None, None) => Whereabouts::InHouse,
    }
}

/// A callback of a provider, kept so that it is applied once.
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
