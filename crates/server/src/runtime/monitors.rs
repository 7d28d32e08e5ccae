//! The threads that measure: consumer lag, the situations of alerts, and whether the shop adds up.

pub mod alerts;
pub mod audit;
pub mod lag;
