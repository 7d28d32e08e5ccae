//! Notifications outside of the shop: by SMS, push message and e-mail, to users who chose it.
//!
//! Two trailing groups schedule them as rows ([`follower`]); the runner sends the due ones through a port
//! ([`channels`]). One that cannot be sent becomes a dead letter of its group.

pub mod alert_mail;
pub mod channels;
pub mod follower;
pub mod runner;
