//! The shell over real sockets.
#![allow(clippy::unwrap_used, reason = "allow-unwrap-in-tests does not cover the functions that tests share")]

mod bench;
mod client;
mod crash;
mod listening;
mod live;
mod notices_crash;
mod notices_crowd;
mod notices_slow;
mod notices_socket;
mod notices_sse;
mod shell_bodies;
mod shell_commands;
mod shell_connections;
mod shell_tokens;
mod shop;
