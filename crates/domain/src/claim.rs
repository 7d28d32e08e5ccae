//! A participant's record of one step of one order. It makes a repeated request one claim, and refuses a request that
//! arrives after its own cancellation.
//!
//! A claim lives as long as its saga. Afterwards the final order itself refuses late requests.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// The participant holds what was requested.
    Held,
    /// It refused, and refuses every repeat.
    Refused(Reason),
    /// The tombstone: it released what it held, or was asked to before it held anything.
    Released,
}

/// The participant's action and report for a request to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// First request: try, then record [`Claim::Held`] or [`Claim::Refused`].
    Try,
    /// Repeat of a request that succeeded.
    Completed,
    Failed(Reason),
}

/// Decides a request to claim.
pub const fn take(claim: Option<Claim>) -> Taking {
    match claim {
        None => Taking::Try,
        Some(Claim::Held) => Taking::Completed,
        Some(Claim::Refused(reason)) => Taking::Failed(reason),
        Some(Claim::Released) => Taking::Failed(Reason::ClaimReleased),
    }
}

/// The participant's action for a request to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Releasing {
    /// Restore, then record [`Claim::Released`].
    GiveBack,
    /// Nothing is held: record the tombstone, so that a late request is refused.
    Bury,
    /// Released before.
    Done,
}

/// Decides a request to release.
pub const fn release(claim: Option<Claim>) -> Releasing {
    match claim {
        Some(Claim::Held) => Releasing::GiveBack,
        None | Some(Claim::Refused(_)) => Releasing::Bury,
        Some(Claim::Released) => Releasing::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Reason = Reason::StockExhausted;

    /// A participant with one unit to give, and its record of one order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Participant {
        units: i64,
        claim: Option<Claim>,
    }

    impl Participant {
        fn take(&mut self) -> Taking {
            let taking = take(self.claim);
            if taking == Taking::Try && self.units > 0 {
                self.units -= 1;
                self.claim = Some(Claim::Held);
                return Taking::Completed;
            }
            if taking == Taking::Try {
                self.claim = Some(Claim::Refused(SHORT));
                return Taking::Failed(SHORT);
            }
            taking
        }

        fn release(&mut self) {
            if release(self.claim) == Releasing::GiveBack {
                self.units += 1;
            }
            self.claim = Some(Claim::Released);
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Message {
        Take,
        Release,
    }

    /// Every sequence of up to `length` messages.
    fn sequences(length: u32) -> impl Iterator<Item = Vec<Message>> {
        (0..=length).flat_map(|length| {
            (0..1_u32 << length).map(move |bits| {
                (0..length).map(|place| if bits >> place & 1 == 0 { Message::Take } else { Message::Release }).collect()
            })
        })
    }

    fn play(units: i64, messages: &[Message]) -> Participant {
        let mut participant = Participant { units, claim: None };
        for message in messages {
            match message {
                Message::Take => assert_ne!(participant.take(), Taking::Try),
                Message::Release => participant.release(),
            }
        }
        participant
    }

    /// Requests, restorations and their repeats, in every order and number up to seven.
    #[test]
    fn once_released_nothing_is_held_whatever_comes_before_or_after() {
        for messages in sequences(7) {
            let end = play(1, &messages);
            let was_released = messages.contains(&Message::Release);
            let was_asked = messages.contains(&Message::Take);
            let held = i64::from(was_asked && !was_released);
            assert_eq!(end.units, 1 - held, "{messages:?}");
            assert_eq!(end.claim == Some(Claim::Held), held == 1, "{messages:?}");
        }
    }

    #[test]
    fn a_refusal_is_final_even_when_stock_arrives_later() {
        let mut participant = play(0, &[Message::Take]);
        participant.units = 1;
        assert_eq!(participant.take(), Taking::Failed(SHORT));
        assert_eq!(participant.units, 1);
    }

    #[test]
    fn a_repeat_gets_the_first_answer() {
        let mut participant = play(2, &[Message::Take]);
        assert_eq!(participant.take(), Taking::Completed);
        assert_eq!(participant.units, 1);
    }

    #[test]
    fn a_late_request_is_refused_as_released() {
        assert_eq!(play(1, &[Message::Release]).take(), Taking::Failed(Reason::ClaimReleased));
        assert_eq!(play(1, &[Message::Take, Message::Release]).take(), Taking::Failed(Reason::ClaimReleased));
    }
}
