//! The shop without the world: a store, a log and a clock that do exactly what they are told.
//!
//! Nothing here asks the system for anything, and every map is ordered, so the same steps end in the same state, byte
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
pub mod matrix;
pub mod model_gate;
pub mod model_log;
pub mod model_snapshot;
pub mod model_store;
mod outside;
pub mod planned_fault;
mod process;
mod provider;
pub mod ready;
mod reconciliation;
mod rng;
pub mod scenario;
pub mod simulation;
mod world;
