//! The threads and tasks of a process: engine, committer, relay, payments, trailing groups, monitors, shutdown.

pub mod callbacks;
pub mod canary;
pub mod committer;
pub mod engine_loop;
pub mod estimates;
pub mod health;
pub mod monitors;
pub mod payment_loop;
pub mod relay_loop;
pub mod remote_commits;
pub mod shutdown;
pub mod submitter;
pub mod trailing_loop;
pub mod webhook_loop;
