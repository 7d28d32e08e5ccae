//! What the audit puts right: derived figures are computed again, lost timers are made again.

use domain::ids::OrderId;
use domain::order::Outcome;
use domain::payment::Payment;
use domain::points::Account;

use crate::commands::Repair;
use crate::commands::context::{Step, Unit};
use crate::state::rows::{AccountKey, Maintenance, OrderKey, PaymentKey, Timer, TimerKey, TimerKind};

pub(crate) fn repair(unit: &mut Unit<'_>, repair: &Repair) -> Step {
    let note = Maintenance { law: repair.law().number(), what: repair.what(), at: unit.now };
    unit.rows.maintenance.push(note);
    match *repair {
        Repair::Product { product, reserved, sold, received, written_off } => {
            let Some(mut row) = unit.rows.products.get(product)?.cloned() else { return Ok(()) };
            row.reserved += reserved;
            row.sold += sold;
            row.received += received;
            row.written_off += written_off;
            row.on_hand = row.received - row.sold - row.written_off;
            unit.rows.products.put(product, row);
        }
        Repair::Campaign { campaign, issued } => {
            let Some(mut row) = unit.rows.campaigns.get(campaign)?.cloned() else { return Ok(()) };
            row.issued += issued;
            unit.rows.campaigns.put(campaign, row);
        }
        Repair::Account { user, balance } => {
            let mut account = unit.rows.accounts.get(AccountKey(user))?.copied().unwrap_or(Account::empty(user));
            account.balance += balance;
            unit.rows.accounts.put(AccountKey(user), account);
        }
        Repair::Timer { order } => set_timer(unit, order)?,
    }
    Ok(())
}

/// A live order that waits for answers is looked at now; no other order needs to be looked at.
fn set_timer(unit: &mut Unit<'_>, order: OrderId) -> Step {
    let Some(row) = unit.rows.orders.get(OrderKey(order))? else { return Ok(()) };
    let waits_for_payment = row.order.outcome == Outcome::AwaitingPayment
        && !unit.rows.payments.get(PaymentKey(order))?.is_some_and(Payment::is_under_way);
    let kind = match row.order.outcome {
        Outcome::AwaitingPayment if waits_for_payment => {
            let due = row.order.pay_before.unwrap_or(unit.now);
            unit.rows.timers.put(TimerKey(order), Timer { due, kind: TimerKind::Payment });
            return Ok(());
        }
        Outcome::Pending => TimerKind::Claims,
        Outcome::Compensating => TimerKind::Restorations { asked: 0 },
        Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled | Outcome::CompensationStuck => {
            unit.rows.timers.remove(TimerKey(order));
            return Ok(());
        }
    };
    unit.rows.timers.put(TimerKey(order), Timer { due: unit.now, kind });
    Ok(())
}
