//! The services on the real Redis, and their behaviour when Redis is lost.

mod fail_over;
mod gate;
mod notifier;
mod ranking;
mod sales;
mod server;
mod views;
