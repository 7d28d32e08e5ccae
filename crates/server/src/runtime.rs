//! The threads and tasks of a process: engine, committer, relay, payments, trailing groups, what leaves the shop, monitors, shutdown.

pub mod callbacks;
pub mod canary;
pub mod committer;
pub mod engine_loop;
pub mod estimates;
pub mod health;
pub mod monitors;
pub mod outward;
pub mod payment_loop;
pub mod relay_loop;
pub mod remote_commits;
pub mod shutdown;
pub mod submitter;
pub mod trailing_loop;
