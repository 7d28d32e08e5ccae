//! Details of products: SKU, id in another system, description, picture, attributes. No decision about stock depends on
//! them, so they have rows of their own, which no order reads.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::key::IdentityKey;

/// A product's further fields. Absent ones are left out of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The merchant's number of the product; unique in the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Arc<str>>,
    /// The product's id in another system; unique in the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Arc<Map<String, Value>>>,
}

/// A field whose values are unique in the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    Sku,
    ExternalId,
}

impl Identity {
    pub const ALL: [Identity; 2] = [Identity::Sku, Identity::ExternalId];

    /// Returns the key under which a value of the field is reserved.
    pub fn key(self, value: &str) -> IdentityKey {
        let kind: &[u8] = match self {
            Identity::Sku => b"sku\0",
            Identity::ExternalId => b"externalId\0",
        };
        IdentityKey(Sha256::new().chain_update(kind).chain_update(value).finalize().into())
    }
}

impl Details {
    pub fn is_empty(&self) -> bool {
        *self == Details::default()
    }

    pub fn identity(&self, identity: Identity) -> Option<&Arc<str>> {
        match identity {
            Identity::Sku => self.sku.as_ref(),
            Identity::ExternalId => self.external_id.as_ref(),
        }
    }
}

/// Changes of a product's details. The outer `None` keeps a field, the inner one empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDetails {
    pub sku: Option<Option<Arc<str>>>,
    pub external_id: Option<Option<Arc<str>>>,
    pub description: Option<Option<Arc<str>>>,
    pub image_url: Option<Option<Arc<str>>>,
    pub attributes: Option<Option<Arc<Map<String, Value>>>>,
}

impl NewDetails {
    pub fn is_empty(&self) -> bool {
        *self == NewDetails::default()
    }

    /// Returns the details after the changes.
    pub fn applied_to(&self, details: &Details) -> Details {
        let text = |change: &Option<Option<Arc<str>>>, now: &Option<Arc<str>>| change.clone().unwrap_or(now.clone());
        Details {
            sku: text(&self.sku, &details.sku),
            external_id: text(&self.external_id, &details.external_id),
            description: text(&self.description, &details.description),
            image_url: text(&self.image_url, &details.image_url),
            attributes: self.attributes.clone().unwrap_or(details.attributes.clone()),
        }
    }

    /// Returns the keys of the values that the changes reserve.
    pub fn identities(&self) -> impl Iterator<Item = IdentityKey> {
        let named = [(Identity::Sku, &self.sku), (Identity::ExternalId, &self.external_id)];
        named.into_iter().filter_map(|(identity, value)| Some(identity.key(value.as_ref()?.as_ref()?)))
    }
}
