//! Decides an operation of the scripted provider by its ledger and its script. The same on every machine.

use app::payments::provider::{Ask, Operation, ProviderError, Script, ScriptSetting, Verdict};
use domain::money::Money;

use super::ledger::{Entry, Page, Played, Turn, WAITS};

const UNREACHABLE: &str = "the scripted provider is unreachable";

/// Executes an operation, once for its key.
pub(super) fn ask(ask: &Ask, page: &Page) -> Turn {
    if let Some(entry) = &page.entry {
        return Turn::plain(page, entry.answer(ask));
    }
    let (script, setting) = script_for(ask, page.setting);
    if script == Script::Unreachable {
        let answer = Err(ProviderError::NotExecuted(UNREACHABLE.to_owned()));
        return Turn { answer, entry: None, setting };
    }
    let mut entry = Entry::of(ask, page.sums.refusal(ask).or(own_refusal(script, ask.operation)));
    if matches!(script, Script::TimeOutThenSucceed | Script::FailAfterPending) {
        entry.looks_left = 1;
    }
    Turn { answer: answer(script, ask, &entry), entry: Some(entry), setting }
}

/// Returns the outcome of an operation. Changes only the number of pending queries.
pub(super) fn look_up(ask: &Ask, page: &Page) -> Turn {
    let is_out =
        page.setting.is_some_and(|setting| setting.script == Script::Unreachable && setting.operation.is_none());
    if is_out && of_amount(ask).is_none() {
        return Turn::plain(page, Err(ProviderError::NotExecuted(UNREACHABLE.to_owned())));
    }
    match &page.entry {
        None => Turn::plain(page, Ok(Played::nothing(false))),
        Some(entry) if entry.looks_left == 0 => Turn::plain(page, Ok(Played::verdict_only(entry.verdict(ask)))),
        Some(entry) => {
            let entry = Entry { looks_left: entry.looks_left - 1, ..entry.clone() };
            Turn { answer: Ok(Played::nothing(true)), entry: Some(entry), setting: page.setting }
        }
    }
}

/// The customer approves an authorization that waits for them.
pub(super) fn approve(ask: &Ask, page: &Page) -> Turn {
    decide(ask, page, None)
}

/// The customer declines an authorization that waits for them.
pub(super) fn decline(ask: &Ask, page: &Page) -> Turn {
    decide(ask, page, Some("authentication_failed"))
}

/// An authorization that does not wait for its customer, or was voided meanwhile, stays as it is.
fn decide(ask: &Ask, page: &Page, declined: Option<&str>) -> Turn {
    match &page.entry {
        Some(entry) if entry.waits_for_customer() && !page.sums.is_voided() => {
            let entry = Entry { declined: declined.map(Into::into), ..entry.clone() };
            let answer = Ok(Played::verdict_only(entry.verdict(ask)));
            Turn { answer, entry: Some(entry), setting: page.setting }
        }
        Some(_) | None => Turn::plain(page, Ok(Played::nothing(false))),
    }
}

/// Returns the script to play, and the script that is set from then on. An amount keeps its meaning whatever is set.
fn script_for(ask: &Ask, setting: Option<ScriptSetting>) -> (Script, Option<ScriptSetting>) {
    if let Some(script) = of_amount(ask) {
        return (script, setting);
    }
    match setting.filter(|setting| setting.operation.is_none_or(|operation| operation == ask.operation)) {
        None => (Script::Approve, setting),
        Some(now) => (now.script, now.once_more()),
    }
}

/// Returns the script that the amount selects; `None` for an amount without a meaning.
fn of_amount(ask: &Ask) -> Option<Script> {
    Some(Script::of_amount(ask.amount, ask.operation)).filter(|script| *script != Script::Approve)
}

/// Only a refund can fail after it was executed, and only an authorization waits for its customer.
const fn own_refusal(script: Script, operation: Operation) -> Option<&'static str> {
    match (script, operation) {
        (Script::Decline, _) => Some("card_declined"),
        (Script::FailAfterPending, _) => Some("failed"),
        (Script::RequireAction, Operation::Authorize) => Some(WAITS),
        (Script::FailAfterDone, Operation::Refund) => Some("failed_afterwards"),
        _ => None,
    }
}

fn answer(script: Script, ask: &Ask, entry: &Entry) -> Result<Played, ProviderError> {
    let verdict = entry.verdict(ask);
    match script {
        Script::LoseAnswer => Err(ProviderError::Unknown("the answer was lost".to_owned())),
        Script::TimeOutThenSucceed => Err(ProviderError::Unknown("the call timed out".to_owned())),
        Script::FailAfterPending => {
            Err(ProviderError::Unknown("the operation is still pending at the scripted provider".to_owned()))
        }
        Script::FailAfterDone if ask.operation == Operation::Refund => {
            let done = Entry { declined: None, ..entry.clone() };
            Ok(Played { takes_back: Some(verdict), ..Played::verdict_only(done.verdict(ask)) })
        }
        Script::WrongAmount => Ok(Played::verdict_only(one_less(verdict))),
        Script::CallBackFirst => Ok(Played { before: 1, ..Played::verdict_only(verdict) }),
        Script::CallBackTwice => Ok(Played { after: 2, ..Played::verdict_only(verdict) }),
        Script::Approve | Script::Decline | Script::Unreachable | Script::FailAfterDone | Script::RequireAction => {
            Ok(Played::verdict_only(verdict))
        }
    }
}

fn one_less(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount, fingerprint } => {
            Verdict::Approved { reference, amount: amount - Money::won(1), fingerprint }
        }
        Verdict::Declined { .. } | Verdict::ActionRequired { .. } => verdict,
    }
}
