//! The technologies behind the ports. [`sqlite`] is the whole shop in one process and one folder; [`mysql`] is the
//! store that several processes share; [`kafka`] carries events between processes; [`redis`] is what they share beside
//! the store and may lose at any moment; [`payment`] has the payment providers, [`analytics`] the sinks of events;
//! [`webhook`] sends to other systems; [`challenge`] asks a service about clients; [`otlp`] sends spans to a trace
//! collector;
//! [`moving`] takes a whole shop from one store to the other.

pub mod analytics;
pub mod challenge;
pub mod clock;
mod file_lock;
mod half_moved;
mod http_client;
pub mod kafka;
mod left_out;
pub mod moving;
pub mod mysql;
pub mod notification;
pub mod otlp;
mod passed_over;
pub mod payment;
mod records;
pub mod redis;
mod selects;
pub mod shop_client;
mod snapshot;
pub mod sqlite;
mod tls;
mod unreachable;
pub mod webhook;
mod words;

pub use snapshot::{embedded_tables, shared_tables};
