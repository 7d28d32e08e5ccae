//! The shop's business rules as pure functions: no I/O, no clock, no randomness, no hash order.
//!
//! Every aggregate has one shape: `decide` turns a `Command` into `Event`s or a `Rejection`, and `evolve` folds an
//! event into the state. [`coupon`] is a good first example.

pub mod alert;
pub mod api_key;
pub mod claim;
pub mod coupon;
pub mod currency;
pub mod drops;
pub mod ids;
pub mod limits;
pub mod money;
pub mod notification;
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
pub mod webhook;
mod word;
