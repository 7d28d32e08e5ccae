//! The table of a store that a move fills (`docs/decisions/0080`): no shop is served from it before everything is there.

/// Counts the rows of each relation that are there.
pub(crate) const MOVING: &str = "moving";
/// A row of this name says that everything was copied and compared.
pub(crate) const COPIED: &str = "copied";
