//! What the engine is told about how to run the shop.

use std::time::Duration;

use domain::ids::Codec;
use domain::order::Mode;

/// How reactions run; the outcome is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// A command and all that follows from it, to quiet, in one commit.
    Inline,
    /// Each event reaches its consumer groups through the event log.
    Log,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub executor: Executor,
    /// Jobs decided in one commit.
    pub batch_max: usize,
    /// The mode of orders that do not name one.
    pub mode: Mode,
    pub pay_within: Duration,
    /// A participant that has not answered by then counts as unknown.
    pub step_deadline: Duration,
    /// Restorations are asked for so often before the order waits for an operator.
    pub restorations_max: i64,
    pub codec: Codec,
}
