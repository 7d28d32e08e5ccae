//! What stands on the real Redis, and what becomes of it when Redis is gone.

mod bell;
mod gate;
mod ranking;
mod sales;
mod server;
mod views;
