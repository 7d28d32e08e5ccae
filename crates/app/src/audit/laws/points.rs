//! Law 9: points move from one account to another, and every balance is the sum of its ledger entries.

use domain::ids::{EntryId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::points::{Account, Event};

use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::audit::snapshot::CustomerFacts;
use crate::commands::{Command, Repair};
use crate::state::rows::Entry;

/// Checks an account's entries in the order of their chain, and their sum.
pub(in crate::audit) fn account(facts: &CustomerFacts) -> Verdict {
    let user = facts.user;
    let last = facts.customer.and_then(|customer| customer.last_entry);
    let sum = explained(user, last, &facts.entries)?;
    let balance = facts.account.map_or(Money::ZERO, |account| account.balance);
    ensure(balance == sum, || {
        format!("account {user}: the balance is {}, its entries add up to {}", balance.amount(), sum.amount())
    })
}

/// Checks that the points taken for an order, less those restored, are the points that it holds.
pub(in crate::audit) fn spent(dossier: &Dossier) -> Verdict {
    let (name, entries) = (&dossier.name, &dossier.facts.entries);
    let Some(order) = dossier.order() else {
        return ensure(entries.is_empty(), || {
            format!("{name}: points moved for it, but it does not exist, or cannot be read")
        });
    };
    let foreign = entries.iter().find(|entry| entry.user != order.user());
    ensure(foreign.is_none(), || format!("{name}: points of another user moved for it"))?;
    let taken: Money = entries.iter().map(|entry| signed(entry, order.user())).sum();
    let all = if dossier.holds(order, Step::Point) { order.created.points } else { Money::ZERO };
    let holds = all - order.worth_returned().points;
    ensure(-taken == holds, || {
        format!("{name}: holds {} points, but {} were taken for it", holds.amount(), (-taken).amount())
    })
}

/// Returns the sum of a sound ledger, from the first entry to the last.
fn explained(user: UserId, last: Option<EntryId>, entries: &[Entry]) -> Result<Money, String> {
    let mut balance = Money::ZERO;
    for entry in in_order(user, last, entries)? {
        ensure(is_double(entry, user), || {
            format!("account {user}: entry {} does not move points between it and the shop", entry.id)
        })?;
        balance += signed(entry, user);
        ensure(entry.balance == balance && balance >= Money::ZERO, || {
            format!("account {user}: entry {} leaves {}, not {}", entry.id, balance.amount(), entry.balance.amount())
        })?;
    }
    Ok(balance)
}

fn in_order(user: UserId, last: Option<EntryId>, entries: &[Entry]) -> Result<Vec<&Entry>, String> {
    let mut ordered = Vec::with_capacity(entries.len());
    let mut next = last;
    while let Some(id) = next {
        let entry = entries.binary_search_by_key(&id, |entry| entry.id).ok().map(|place| &entries[place]);
        let Some(entry) = entry.filter(|_| ordered.len() < entries.len()) else { break };
        ordered.push(entry);
        next = entry.previous;
    }
    ensure(next.is_none() && ordered.len() == entries.len(), || {
        format!("account {user}: its entries are not one chain")
    })?;
    ordered.reverse();
    Ok(ordered)
}

/// Returns true if the entry has the two accounts that its kind requires.
fn is_double(entry: &Entry, user: UserId) -> bool {
    let amount = entry.amount;
    let events = [Event::Charged { amount }, Event::Deducted { amount }, Event::Restored { amount }];
    let event = events.into_iter().find(|event| event.name() == entry.kind);
    let sides = event.map(|event| event.sides(user)).map(|(from, to)| (from.number(), to.number()));
    amount > Money::ZERO && entry.user == user && sides == Some((entry.from_account, entry.to_account))
}

fn signed(entry: &Entry, user: UserId) -> Money {
    if entry.to_account == user.0 { entry.amount } else { -entry.amount }
}

/// Returns a correction for a balance that differs from its entries, if the entries are sound.
pub(in crate::audit) fn repair(facts: &CustomerFacts) -> Option<Command> {
    let last = facts.customer.and_then(|customer| customer.last_entry);
    let sum = explained(facts.user, last, &facts.entries).ok()?;
    let Account { user, balance } = facts.account.unwrap_or(Account::empty(facts.user));
    (balance != sum).then_some(Command::Repair(Repair::Account { user, balance: sum - balance }))
}
