//! The threads that measure: consumer lag, and the situations of alerts.

pub mod alerts;
pub mod lag;
