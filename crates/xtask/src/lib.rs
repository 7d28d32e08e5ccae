//! Code that the development tasks and the tests share: addresses and processes of services.

pub mod addresses;
pub mod brokers;
pub mod certificates;
pub mod health;
pub mod kafka_node;
pub mod mariadb;
pub mod mariadb_server;
mod own_process;
pub mod process;
pub mod redis_cluster;
pub mod redis_sentinels;
pub mod redis_server;
