//! The rows of an order after claiming. Each order has at most one of a kind, so their key is the order.

use std::sync::Arc;

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
