//! The shell over real sockets.
#![allow(clippy::unwrap_used, reason = "allow-unwrap-in-tests does not cover the functions that tests share")]

mod client;
mod crash;
mod listening;
mod shell_bodies;
mod shell_commands;
mod shell_connections;
mod shell_tokens;
mod shop;
