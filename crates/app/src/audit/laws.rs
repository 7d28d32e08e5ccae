//! The laws of the audit, one file for each part of the shop.

pub(crate) mod answers;
pub(crate) mod carried;
pub(crate) mod chains;
pub(crate) mod claims;
pub(crate) mod coupons;
pub(crate) mod journal;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod points;
pub(crate) mod redemption;
pub(crate) mod shipments;
pub(crate) mod statistics;
pub(crate) mod stock;
pub(crate) mod webhooks;
