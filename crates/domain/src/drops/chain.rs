//! The chain of a drop: every join, leave, admission and claim in the order of decision.
//!
//! The hash of a link covers the link before, so that no one can insert, remove, reorder or change one afterwards without
//! changing the head. Customers are hashes under a key of the drop that is never told.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ids::{DropId, OrderId, UserId};
use crate::time::Timestamp;
use crate::word::words;

words! {
    pub enum LinkKind {
        Joined = "JOINED",
        Left = "LEFT",
        Admitted = "ADMITTED",
        Claimed = "CLAIMED",
    }
}

/// The subject of a link: the act, the customer and the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    pub kind: LinkKind,
    /// `None` where the shop acted.
    pub user: Option<UserId>,
    /// The ticket, the last admitted place, or the units of the order.
    pub subject: i64,
    pub order: Option<OrderId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub drop: DropId,
    /// From 1 without gap.
    pub number: i64,
    pub at: Timestamp,
    /// The keyed hash of the customer in hexadecimal; empty where the shop acted.
    pub customer: String,
    pub kind: LinkKind,
    pub subject: i64,
    /// Not covered by the hash: it finds a customer's own link.
    pub order: Option<OrderId>,
    pub previous: String,
    pub hash: String,
}

impl Link {
    /// Returns the hash of the link's fields.
    pub fn sealed(&self) -> String {
        let Link { previous, number, at, customer, kind, subject, .. } = self;
        Sealed { previous, number: *number, at: *at, customer, kind: kind.name(), subject: *subject }.hash()
    }
}

/// The fields of a link that its hash covers.
pub(crate) struct Sealed<'a> {
    pub(crate) previous: &'a str,
    pub(crate) number: i64,
    pub(crate) at: Timestamp,
    pub(crate) customer: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) subject: i64,
}

impl Sealed<'_> {
    pub(crate) fn hash(&self) -> String {
        let Sealed { previous, number, at, customer, kind, subject } = self;
        let text = format!("{previous}\n{number}\n{}\n{customer}\n{kind}\n{subject}", at.micros());
        hex(&Sha256::digest(text).into())
    }
}

/// Returns the hash of a customer under the key of a chain.
pub(crate) fn hidden(key: &[u8; 32], user: UserId) -> String {
    hex(&Sha256::new().chain_update(key).chain_update(user.0.to_be_bytes()).finalize().into())
}

/// The end of a chain, and the key under which it hides customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    key: [u8; 32],
    pub links: i64,
    pub head: String,
}

impl Chain {
    /// Begins a chain. Its first link follows the commitment, which so cannot change either.
    pub fn new(drop: DropId, key: [u8; 32], commitment: &str) -> Chain {
        Chain { key, links: 0, head: beginning(drop, commitment) }
    }

    pub(super) fn add(&mut self, drop: DropId, act: Act, at: Timestamp) -> Link {
        self.links += 1;
        let mut link = Link {
            drop,
            number: self.links,
            at,
            customer: act.user.map(|user| self.customer(user)).unwrap_or_default(),
            kind: act.kind,
            subject: act.subject,
            order: act.order,
            previous: self.head.clone(),
            hash: String::new(),
        };
        link.hash = link.sealed();
        self.head.clone_from(&link.hash);
        link
    }

    pub fn customer(&self, user: UserId) -> String {
        hidden(&self.key, user)
    }
}

/// Returns the hash before the first link.
pub fn beginning(drop: DropId, commitment: &str) -> String {
    hex(&Sha256::digest(format!("doorbuster drop {drop}\n{commitment}")).into())
}

/// Returns the commitment that is published before the seed.
pub fn commitment(seed: &[u8; 32]) -> String {
    hex(&Sha256::digest(seed).into())
}

/// Returns bytes in hexadecimal.
pub fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
