//! Points accounts and their ledger.

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::points::{self, Account};

use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Handled, Step, Unit};
use crate::events::event::{Event, PointsCharged};
use crate::state::rows::{AccountKey, CustomerKey, Entry};

/// Adds points to a customer's account.
pub(crate) fn charge(unit: &mut Unit<'_>, user: UserId, amount: Money) -> Handled {
    let balance = match post(unit, user, &points::Command::Charge { amount }, None)? {
        Ok(balance) => balance,
        Err(points::Rejection::TooMuch { balance } | points::Rejection::Insufficient { balance }) => {
            return Err(Refusal::PointsTooMuch { balance }.into());
        }
    };
    unit.publish(Event::PointsCharged(PointsCharged { user_id: user, amount, balance }))?;
    Ok(Answer::PointsCharged { balance })
}

/// Decides a command on an account and writes its ledger entry: one amount, from one account to another (law 9).
pub(crate) fn post(
    unit: &mut Unit<'_>,
    user: UserId,
    command: &points::Command,
    order: Option<OrderId>,
) -> Step<Result<Money, points::Rejection>> {
    let key = AccountKey(user);
    let mut account = unit.rows.accounts.get(key)?.copied().unwrap_or(Account::empty(user));
    let event = match points::decide(&account, command) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    points::evolve(&mut account, &event);
    unit.rows.accounts.put(key, account);

    let mut customer = unit.customer(user)?;
    let (from, to) = event.sides(user);
    let entry = Entry {
        id: unit.ids.entry(),
        user,
        from_account: from.number(),
        to_account: to.number(),
        amount: event.amount(),
        kind: event.name(),
        order,
        balance: account.balance,
        previous: customer.last_entry,
        at: unit.now,
    };
    customer.last_entry = Some(entry.id);
    unit.rows.customers.put(CustomerKey(user), customer);
    unit.rows.entries.push(entry);
    Ok(Ok(account.balance))
}
