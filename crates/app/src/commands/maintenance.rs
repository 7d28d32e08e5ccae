//! Repairs of the audit: derived figures are corrected, lost timers are recreated. And the end of rows that are kept for a time
//! only.

use domain::ids::OrderId;
use domain::order::Outcome;
use domain::payment::Payment;
use domain::points::Account;

use crate::commands::Repair;
use crate::commands::context::{Context, Handled};
use crate::state::rows::{
    AccountKey, Keys, Maintenance, OrderKey, PaymentKey, Prune, Removal, Timer, TimerKey, TimerKind,
};

impl Repair {
    /// Declares the rows that the repair corrects.
    pub(crate) fn declare(&self, keys: &mut Keys) {
        if let Repair::Timer { order } = *self {
            keys.insert(PaymentKey(order).into());
        }
        keys.insert(match *self {
            Repair::Product { product, .. } => product.into(),
            Repair::Campaign { campaign, .. } => campaign.into(),
            Repair::Account { user, .. } => AccountKey(user).into(),
            Repair::Timer { order } => OrderKey(order).into(),
        });
    }
}

pub(crate) fn repair(context: &mut Context<'_>, repair: &Repair) -> Handled {
    let note = Maintenance { law: repair.law().number(), what: repair.what(), at: context.now };
    context.rows.maintenance.push(note);
    match *repair {
        Repair::Product { product, reserved, sold, received, written_off } => {
            let Some(mut row) = context.rows.products.get(product)?.cloned() else { return Ok(()) };
            row.reserved += reserved;
            row.sold += sold;
            row.received += received;
            row.written_off += written_off;
            row.on_hand = row.received - row.sold - row.written_off;
            context.rows.products.put(product, row);
        }
        Repair::Campaign { campaign, issued } => {
            let Some(mut row) = context.rows.campaigns.get(campaign)?.cloned() else { return Ok(()) };
            row.issued += issued;
            context.rows.campaigns.put(campaign, row);
        }
        Repair::Account { user, balance } => {
            let mut account = context.rows.accounts.get(AccountKey(user))?.copied().unwrap_or(Account::empty(user));
            account.balance += balance;
            context.rows.accounts.put(AccountKey(user), account);
        }
        Repair::Timer { order } => set_timer(context, order)?,
    }
    Ok(())
}

/// Deletes old rows with the commit.
pub(crate) fn prune(context: &mut Context<'_>, prunes: &[Prune]) -> Handled {
    context.rows.prunes.extend_from_slice(prunes);
    Ok(())
}

/// Removes archived events with the commit.
pub(crate) fn remove(context: &mut Context<'_>, removal: &Removal) -> Handled {
    context.rows.removals.push(removal.clone());
    Ok(())
}

/// Sets the timer of a live order to now; removes it from any other order.
fn set_timer(context: &mut Context<'_>, order: OrderId) -> Handled {
    let Some(row) = context.rows.orders.get(OrderKey(order))? else { return Ok(()) };
    let waits_for_payment = row.order.outcome == Outcome::AwaitingPayment
        && !context.rows.payments.get(PaymentKey(order))?.is_some_and(Payment::is_under_way);
    let kind = match row.order.outcome {
        Outcome::AwaitingPayment if waits_for_payment => {
            let due = row.order.pay_before.unwrap_or(context.now);
            context.rows.timers.put(TimerKey(order), Timer { due, kind: TimerKind::Payment });
            return Ok(());
        }
        Outcome::Pending => TimerKind::Claims,
        Outcome::Compensating => TimerKind::Restorations { asked: 0 },
        Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled | Outcome::CompensationStuck => {
            context.rows.timers.remove(TimerKey(order));
            return Ok(());
        }
    };
    context.rows.timers.put(TimerKey(order), Timer { due: context.now, kind });
    Ok(())
}
