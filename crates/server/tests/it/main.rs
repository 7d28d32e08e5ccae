//! The shell over real sockets.
#![allow(clippy::unwrap_used, reason = "allow-unwrap-in-tests does not cover the functions that tests share")]

mod any_request;
mod api_access;
mod api_asking;
mod api_campaigns;
mod api_codes;
mod api_crowd;
mod api_idempotency;
mod api_input;
mod api_issue;
mod api_order_refusals;
mod api_orders;
mod api_pages;
mod api_points;
mod api_products;
mod api_stops;
mod api_users;
mod bench;
mod client;
mod crash;
mod demo;
mod executors;
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
