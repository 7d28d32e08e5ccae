//! The shop without the world: a store, a log and a clock that do exactly what they are told.
//!
//! Nothing here asks the system for anything, and every map is ordered, so the same steps end in the same state, byte
//! for byte.

pub mod clock;
pub mod constraints;
pub mod disk;
pub mod fault;
pub mod model_log;
pub mod model_snapshot;
pub mod model_store;
pub mod ready;
