//! The simulator: deterministic models of the store, log, gate and clock, and whole days of the shop played on them.
//!
//! Nothing here calls the operating system, and every map is ordered, so the same steps end in the same state, byte
//! for byte.

mod bus;
mod checker;
pub mod clock;
pub mod constraints;
pub mod coverage;
mod crashing_store;
mod customers;
pub mod disk;
mod faults;
mod following;
pub mod forgery;
pub mod matrix;
pub mod model_gate;
pub mod model_log;
pub mod model_snapshot;
pub mod model_store;
pub mod model_trail;
mod outside;
mod past;
mod plan;
pub mod planned_fault;
mod process;
mod provider;
pub mod ready;
mod reconciliation;
pub mod rehearsal;
mod rng;
pub mod scenario;
pub mod simulation;
mod verdict;
mod world;
