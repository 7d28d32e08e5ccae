//! What the scripted provider does with a deed, by its book and by what it was told. The same on every machine.

use app::payments::provider::{Ask, Operation, ProviderError, Script, Told, Verdict};
use domain::money::Money;

use super::ledger::{Entry, Page, Played, Turn};

const NOBODY_IN: &str = "the scripted provider does not answer the door";

/// Does what it is asked for, once for its key.
pub(super) fn ask(ask: &Ask, page: &Page) -> Turn {
    if let Some(entry) = &page.entry {
        return Turn::plain(page, entry.answer());
    }
    let (script, told) = script_for(ask, page.told);
    if script == Script::Unreachable {
        let answer = Err(ProviderError::NotDone(NOBODY_IN.to_owned()));
        return Turn { answer, entry: None, told };
    }
    let mut entry = Entry::of(ask, page.sums.refusal(ask).or(own_refusal(script, ask.operation)));
    if matches!(script, Script::TimeOutThenSucceed | Script::FailAfterPending) {
        entry.looks_left = 1;
    }
    Turn { answer: answer(script, ask.operation, &entry), entry: Some(entry), told }
}

/// What became of a deed. Only the number of looks changes.
pub(super) fn look_up(_: &Ask, page: &Page) -> Turn {
    if page.told.is_some_and(|told| told.script == Script::Unreachable && told.operation.is_none()) {
        return Turn::plain(page, Err(ProviderError::NotDone(NOBODY_IN.to_owned())));
    }
    match &page.entry {
        None => Turn::plain(page, Ok(Played::nothing(false))),
        Some(entry) if entry.looks_left == 0 => Turn::plain(page, Ok(Played::plainly(entry.verdict()))),
        Some(entry) => {
            let entry = Entry { looks_left: entry.looks_left - 1, ..entry.clone() };
            Turn { answer: Ok(Played::nothing(true)), entry: Some(entry), told: page.told }
        }
    }
}

/// What is played, and what it is told from then on.
fn script_for(ask: &Ask, told: Option<Told>) -> (Script, Option<Told>) {
    match told.filter(|told| told.operation.is_none_or(|operation| operation == ask.operation)) {
        None => (Script::of_amount(ask.amount, ask.operation), told),
        Some(now) => (now.script, now.once_more()),
    }
}

/// Only what was given back can come to nothing after it was done.
const fn own_refusal(script: Script, operation: Operation) -> Option<&'static str> {
    match (script, operation) {
        (Script::Decline, _) => Some("card_declined"),
        (Script::FailAfterPending, _) => Some("failed"),
        (Script::FailAfterDone, Operation::Refund) => Some("failed_afterwards"),
        _ => None,
    }
}

fn answer(script: Script, operation: Operation, entry: &Entry) -> Result<Played, ProviderError> {
    let verdict = entry.verdict();
    match script {
        Script::LoseAnswer => Err(ProviderError::Unknown("the answer was lost".to_owned())),
        Script::TimeOutThenSucceed => Err(ProviderError::Unknown("the time was up".to_owned())),
        Script::FailAfterPending => Err(ProviderError::Unknown("the scripted provider is still at it".to_owned())),
        Script::FailAfterDone if operation == Operation::Refund => {
            let done = Entry { declined: None, ..entry.clone() };
            Ok(Played { takes_back: Some(verdict), ..Played::plainly(done.verdict()) })
        }
        Script::WrongAmount => Ok(Played::plainly(one_less(verdict))),
        Script::CallBackFirst => Ok(Played { before: 1, ..Played::plainly(verdict) }),
        Script::CallBackTwice => Ok(Played { after: 2, ..Played::plainly(verdict) }),
        Script::Approve | Script::Decline | Script::Unreachable | Script::FailAfterDone => Ok(Played::plainly(verdict)),
    }
}

fn one_less(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount } => Verdict::Approved { reference, amount: amount - Money::won(1) },
        Verdict::Declined { .. } => verdict,
    }
}
