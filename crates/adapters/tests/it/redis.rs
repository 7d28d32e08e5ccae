//! What stands on the real Redis, and what becomes of it when Redis is gone.

mod gate;
mod notifier;
mod ranking;
mod sales;
mod server;
mod views;
