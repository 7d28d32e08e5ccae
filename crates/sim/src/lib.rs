//! The shop without the world: a store, a log and a clock that do exactly what they are told.
//!
//! Nothing here asks the system for anything, and every map is ordered, so the same steps end in the same state, byte
//! for byte.

mod bus;
mod checker;
pub mod clock;
pub mod constraints;
pub mod coverage;
mod customers;
pub mod disk;
pub mod fault;
pub mod matrix;
mod mischief;
pub mod model_gate;
pub mod model_log;
pub mod model_snapshot;
pub mod model_store;
mod mortal_store;
mod outside;
mod process;
mod provider;
pub mod ready;
mod rng;
pub mod scenario;
pub mod simulation;
mod till;
mod world;
