//! What the scripted provider may be told to do.

use domain::money::Money;

use super::{Call, Operation};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    Approve,
    Decline,
    /// Does it and says so only when it was looked up twice.
    TimeOutThenSucceed,
    /// Does it, and the answer does not arrive.
    LoseAnswer,
    /// Tells the same thing twice by a callback, after the answer.
    CallBackTwice,
    /// Tells it by a callback, and answers only then.
    CallBackFirst,
    /// Does it right and names an amount that is one won less.
    WrongAmount,
    /// Cannot be reached: nothing is done.
    Unreachable,
    /// Says that it is still at it, and at the second look that it came to nothing.
    FailAfterPending,
    /// Gives back, says so, and tells by a callback that it came to nothing. It does everything else right.
    FailAfterDone,
}

impl Script {
    pub const ALL: [Script; 10] = [
        Script::Approve,
        Script::Decline,
        Script::TimeOutThenSucceed,
        Script::LoseAnswer,
        Script::CallBackTwice,
        Script::CallBackFirst,
        Script::WrongAmount,
        Script::Unreachable,
        Script::FailAfterPending,
        Script::FailAfterDone,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Script::Approve => "APPROVE",
            Script::Decline => "DECLINE",
            Script::TimeOutThenSucceed => "TIME_OUT_THEN_SUCCEED",
            Script::LoseAnswer => "LOSE_ANSWER",
            Script::CallBackTwice => "CALL_BACK_TWICE",
            Script::CallBackFirst => "CALL_BACK_FIRST",
            Script::WrongAmount => "WRONG_AMOUNT",
            Script::Unreachable => "UNREACHABLE",
            Script::FailAfterPending => "FAIL_AFTER_PENDING",
            Script::FailAfterDone => "FAIL_AFTER_DONE",
        }
    }

    pub fn of_name(name: &str) -> Option<Script> {
        Script::ALL.into_iter().find(|script| script.name() == name)
    }

    /// The amounts of money that stand for a script, after the HTTP status that they remind of.
    pub const fn amount(self) -> Option<Money> {
        match self {
            Script::Decline => Some(Money::won(40_402)),
            Script::TimeOutThenSucceed => Some(Money::won(40_408)),
            Script::LoseAnswer => Some(Money::won(40_504)),
            Script::CallBackTwice => Some(Money::won(40_208)),
            Script::CallBackFirst => Some(Money::won(40_102)),
            Script::WrongAmount => Some(Money::won(40_409)),
            Script::Approve | Script::Unreachable | Script::FailAfterPending | Script::FailAfterDone => None,
        }
    }

    /// What an amount says by itself. Only an authorization is declined so: what was set aside can be taken.
    pub fn of_amount(amount: Money, operation: Operation) -> Script {
        let meant = Script::ALL.into_iter().find(|script| script.amount() == Some(amount));
        match meant {
            Some(Script::Decline) if operation != Operation::Authorize => Script::Approve,
            Some(script) => script,
            None => Script::Approve,
        }
    }
}

/// An order to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub script: Script,
    /// Only for this; for everything without it.
    pub operation: Option<Operation>,
    /// How often; always without it.
    pub times: Option<u32>,
}

impl Told {
    /// The order after it was carried out.
    pub fn once_more(self) -> Option<Told> {
        match self.times {
            None => Some(self),
            Some(0 | 1) => None,
            Some(times) => Some(Told { times: Some(times - 1), ..self }),
        }
    }
}

/// A provider that can be told what to do.
pub trait Directed: Send + Sync {
    /// From now on it does this, until it is told otherwise or the times are used up.
    fn tell(&self, told: Option<Told>) -> Call<'_, ()>;

    /// What it was told last, if that still stands.
    fn told(&self) -> Call<'_, Option<Told>>;
}
