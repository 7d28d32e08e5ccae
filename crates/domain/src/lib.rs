//! The rules of the shop, pure: no I/O, no clock, no chance, no hash order.
//!
//! Every aggregate has one shape: a `Command` asks, `decide` answers with `Event`s or a `Rejection`,
//! `evolve` folds an event into the state. Read [`coupon`] and you have read them all.

pub mod claim;
pub mod coupon;
pub mod ids;
pub mod limits;
pub mod money;
pub mod order;
pub mod payment;
pub mod points;
pub mod pricing;
pub mod reason;
pub mod refund;
pub mod shipment;
pub mod stock;
pub mod time;
pub mod warehouse;
