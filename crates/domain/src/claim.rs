//! What a participant did for one step of one order, so that the same request twice is one claim, and a request that
//! comes after its own cancellation is none.
//!
//! A claim lives as long as its saga. A settled order is its own tombstone.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// The participant holds what was asked for.
    Held,
    /// It said no, and keeps saying no.
    Refused(Reason),
    /// It gave back what it held, or was told to before it held anything: the tombstone (failure mode 17).
    Released,
}

/// What the participant must do, and what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// First time: try, then record [`Claim::Held`] or [`Claim::Refused`].
    Try,
    /// Answered before; the answer stands.
    Completed,
    Failed(Reason),
}

/// A request to claim arrives.
pub const fn take(claim: Option<Claim>) -> Taking {
    match claim {
        None => Taking::Try,
        Some(Claim::Held) => Taking::Completed,
        Some(Claim::Refused(reason)) => Taking::Failed(reason),
        Some(Claim::Released) => Taking::Failed(Reason::ClaimReleased),
    }
}

/// What a request to release asks of the participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Releasing {
    /// Give back, then record [`Claim::Released`].
    GiveBack,
    /// Nothing is held: record the tombstone, so that a late request is refused.
    Bury,
    /// Given back before.
    Done,
}

/// A request to release arrives.
pub const fn release(claim: Option<Claim>) -> Releasing {
    match claim {
        Some(Claim::Held) => Releasing::GiveBack,
        None | Some(Claim::Refused(_)) => Releasing::Bury,
        Some(Claim::Released) => Releasing::Done,
    }
}
