//! Points accounts and their ledger.

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::points::{self, Account};

use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Handled};
use crate::events::event::{Event, PointsCharged};
use crate::state::rows::{AccountKey, CustomerKey, Entry, Keys};

/// Declares what a change of a customer's points reads.
pub(crate) fn declare(user: UserId, keys: &mut Keys) {
    keys.insert(CustomerKey(user).into());
    keys.insert(AccountKey(user).into());
}

/// Adds points to a customer's account.
pub(crate) fn charge(context: &mut Context<'_>, user: UserId, amount: Money) -> Answered {
    let balance = match post(context, user, &points::Command::Charge { amount }, None)? {
        Ok(balance) => balance,
        Err(points::Rejection::TooMuch { balance } | points::Rejection::Insufficient { balance }) => {
            return Err(Refusal::PointsTooMuch { balance }.into());
        }
    };
    context.publish(Event::PointsCharged(PointsCharged { user_id: user, amount, balance }))?;
    Ok(Answer::PointsCharged { balance })
}

/// Decides a command on an account and writes its ledger entry: one amount, from one account to another (law 9).
pub(crate) fn post(
    context: &mut Context<'_>,
    user: UserId,
    command: &points::Command,
    order: Option<OrderId>,
) -> Handled<Result<Money, points::Rejection>> {
    let key = AccountKey(user);
    let mut account = context.rows.accounts.get(key)?.copied().unwrap_or(Account::empty(user));
    let event = match points::decide(&account, command) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    points::evolve(&mut account, &event);
    context.rows.accounts.put(key, account);

    let mut customer = context.customer(user)?;
    let (from, to) = event.sides(user);
    let entry = Entry {
        id: context.ids.entry(),
        user,
        from_account: from.number(),
        to_account: to.number(),
        amount: event.amount(),
        kind: event.name(),
        order,
        balance: account.balance,
        previous: customer.last_entry,
        at: context.now,
    };
    customer.last_entry = Some(entry.id);
    context.rows.customers.put(CustomerKey(user), customer);
    context.rows.entries.push(entry);
    Ok(Ok(account.balance))
}
