//! The threads that measure: consumer lag, the situations of alerts, whether the shop adds up, which tokens ended.

pub mod alerts;
pub mod audit;
pub mod lag;
pub mod tokens;
