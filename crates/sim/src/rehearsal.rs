//! The rehearsal of a drop: the engine and the rules of the shop on a model store, one's own customers, and machines
//! with measured speeds, in simulated time.
//!
//! Decisions are the shop's own. Time is not: a request takes a process as long as the script says, a batch waits for the
//! one before, and over a shared store for the batches of the other processes.

mod admission;
pub mod advice;
pub mod crowd;
pub mod figures;
mod machine;
mod people;
mod play;
pub mod script;
mod told;

pub use figures::{Outcome, Percentiles, Point, Refused};
pub use play::play;
pub use script::Script;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
