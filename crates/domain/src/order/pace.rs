//! The order in which a saga requests its steps.

/// The order in which the saga requests its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Requests every step at the start.
    Together,
    /// Requests a wave of steps when the wave before is held.
    InWaves,
    /// Requests no step: the decision that places the order claims everything.
    AtOnce,
}
