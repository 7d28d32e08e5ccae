//! The scripts of the scripted provider.

use domain::money::Money;

use super::{Ask, Call, Operation, SignedCallback};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    Approve,
    Decline,
    /// Executes it, and shows that only at the second query.
    TimeOutThenSucceed,
    /// Executes it and loses the answer.
    LoseAnswer,
    /// Sends the same callback twice, after the answer.
    CallBackTwice,
    /// Sends a callback before it answers.
    CallBackFirst,
    /// Executes it and reports an amount that is one won less.
    WrongAmount,
    /// Cannot be reached: nothing is executed.
    Unreachable,
    /// Reports it as pending, and at the second query as failed.
    FailAfterPending,
    /// Refunds, reports it as done, and then sends a callback that it failed. Other operations succeed.
    FailAfterDone,
    /// Waits for the customer on a page of the binary, as for 3-D Secure. Only authorizations wait.
    RequireAction,
}

/// Amounts whose last five digits are these require an action.
const ACTION_ENDING: i64 = 40_300;
const ENDINGS: i64 = 100_000;

/// The customer's decision on the page of the scripted provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerDecision {
    Approve,
    Decline,
}

impl Script {
    pub const ALL: [Script; 11] = [
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
        Script::RequireAction,
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
            Script::RequireAction => "REQUIRE_ACTION",
        }
    }

    pub fn of_name(name: &str) -> Option<Script> {
        Script::ALL.into_iter().find(|script| script.name() == name)
    }

    /// Returns the amount that selects the script, named after an HTTP status.
    pub const fn amount(self) -> Option<Money> {
        match self {
            Script::Decline => Some(Money::won(40_402)),
            Script::TimeOutThenSucceed => Some(Money::won(40_408)),
            Script::LoseAnswer => Some(Money::won(40_504)),
            Script::CallBackTwice => Some(Money::won(40_208)),
            Script::CallBackFirst => Some(Money::won(40_102)),
            Script::WrongAmount => Some(Money::won(40_409)),
            Script::RequireAction => Some(Money::won(ACTION_ENDING)),
            Script::Approve | Script::Unreachable | Script::FailAfterPending | Script::FailAfterDone => None,
        }
    }

    /// Returns the script that an amount selects. Only an authorization is declined by its amount: authorised money can
    /// be captured.
    pub fn of_amount(amount: Money, operation: Operation) -> Script {
        let meant = Script::ALL.into_iter().find(|script| script.amount() == Some(amount));
        match meant {
            _ if amount.amount() % ENDINGS == ACTION_ENDING && operation == Operation::Authorize => {
                Script::RequireAction
            }
            Some(Script::RequireAction) => Script::Approve,
            Some(Script::Decline) if operation != Operation::Authorize => Script::Approve,
            Some(script) => script,
            None => Script::Approve,
        }
    }
}

/// A script with its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptSetting {
    pub script: Script,
    /// Apply the script to this operation only; `None`: to all operations.
    pub operation: Option<Operation>,
    /// How many times to apply it; `None`: until it is changed.
    pub times: Option<u32>,
}

impl ScriptSetting {
    /// Returns the scope that remains after one application.
    pub fn once_more(self) -> Option<ScriptSetting> {
        match self.times {
            None => Some(self),
            Some(0 | 1) => None,
            Some(times) => Some(ScriptSetting { times: Some(times - 1), ..self }),
        }
    }
}

/// A provider that follows scripts.
pub trait ScriptedProvider: Send + Sync {
    /// Sets the script, until it is changed or used up.
    fn set_script(&self, setting: Option<ScriptSetting>) -> Call<'_, ()>;

    /// Applies the decision of a customer to an authorization, and returns the callback about it; `None` if the authorization does
    /// not wait for the customer, or no secret can sign a callback.
    fn decide<'a>(&'a self, ask: &'a Ask, decision: CustomerDecision) -> Call<'a, Option<SignedCallback>>;

    /// Returns the current script.
    fn script(&self) -> Call<'_, Option<ScriptSetting>>;
}
