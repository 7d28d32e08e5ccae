//! The loops that send what leaves the shop: webhooks to other systems, notifications to users.

pub mod deference;
pub mod notification_loop;
pub mod span_loop;
pub mod webhook_loop;
