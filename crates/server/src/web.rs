//! The storefront: pages that the server renders from the same views as the API, and small scripts that keep them current.
//!
//! A page can be read without scripts. What it changes, its scripts change through the public API.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod art;
pub(crate) mod assets;
pub(crate) mod catalogue;
pub(crate) mod checkout;
pub(crate) mod coupons;
pub(crate) mod drops;
pub(crate) mod format;
pub(crate) mod layout;
pub(crate) mod manual;
pub(crate) mod orders;
pub(crate) mod paying;
pub(crate) mod reader;
