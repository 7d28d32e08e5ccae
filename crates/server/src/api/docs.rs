//! The OpenAPI text of each endpoint, beyond what its handler's types describe: summary, description, hand-written answers,
//! and error codes.

pub(super) mod coupons;
pub(super) mod dead_letters;
pub(super) mod drops;
pub(super) mod events;
pub(super) mod fulfilment;
pub(super) mod groups;
pub(super) mod modes;
pub(super) mod orders;
pub(super) mod payments;
pub(super) mod people;
pub(super) mod products;
pub(super) mod shop;
pub(super) mod statistics;
pub(super) mod webhooks;
