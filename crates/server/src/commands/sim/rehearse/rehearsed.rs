//! The result of a rehearsal.

use serde::Serialize;
use sim::rehearsal::advice::Advice;
use sim::rehearsal::{Outcome, Script};

/// The result of a rehearsal, for every form in which it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rehearsed {
    pub(super) script: Script,
    pub(super) outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Advice>,
}
