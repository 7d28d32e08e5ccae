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

    /// Failure mode 17: requests, restorations and their repeats, in every order and number up to seven.
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
    fn a_refusal_stands_even_when_there_is_something_to_give_later() {
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
    fn a_late_request_is_told_that_its_order_gave_up() {
        assert_eq!(play(1, &[Message::Release]).take(), Taking::Failed(Reason::ClaimReleased));
        assert_eq!(play(1, &[Message::Take, Message::Release]).take(), Taking::Failed(Reason::ClaimReleased));
    }
}
