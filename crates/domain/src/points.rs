//! A customer's points (W-01, W-02): charged, deducted for an order, and restored if the order is cancelled.
//!
//! Each change is one entry of a double-entry ledger: it debits one account and credits another with the same amount.

use crate::ids::UserId;
use crate::limits::POINTS_MAX;
use crate::money::Money;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Charge { amount: Money },
    Deduct { amount: Money },
    Restore { amount: Money },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Charged { amount: Money },
    Deducted { amount: Money },
    Restored { amount: Money },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    Insufficient {
        balance: Money,
    },
    /// The account would hold more than [`POINTS_MAX`].
    TooMuch {
        balance: Money,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: UserId,
    pub balance: Money,
}

impl Account {
    pub const fn empty(user: UserId) -> Account {
        Account { user, balance: Money::ZERO }
    }
}

/// An account of the ledger. User accounts have positive numbers; the shop's own have numbers of at most zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ledger {
    /// Points that customers bought: the opposite account of every charge.
    Charged,
    /// Points that orders consumed.
    Spent,
    User(UserId),
}

impl Ledger {
    pub const fn number(self) -> i64 {
        match self {
            Ledger::Charged => 0,
            Ledger::Spent => -1,
            Ledger::User(user) => user.0,
        }
    }
}

impl Event {
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Charged { .. } => "CHARGED",
            Event::Deducted { .. } => "DEDUCTED",
            Event::Restored { .. } => "RESTORED",
        }
    }

    pub const fn amount(&self) -> Money {
        match *self {
            Event::Charged { amount } | Event::Deducted { amount } | Event::Restored { amount } => amount,
        }
    }

    /// The two accounts of the entry: `(debited, credited)`.
    pub const fn sides(&self, user: UserId) -> (Ledger, Ledger) {
        match self {
            Event::Charged { .. } => (Ledger::Charged, Ledger::User(user)),
            Event::Deducted { .. } => (Ledger::User(user), Ledger::Spent),
            Event::Restored { .. } => (Ledger::Spent, Ledger::User(user)),
        }
    }
}

/// Decides a command about an account.
///
/// # Errors
///
/// A deduction above the balance, or a charge above [`POINTS_MAX`]. A restoration is never rejected.
pub fn decide(account: &Account, command: &Command) -> Result<Event, Rejection> {
    let balance = account.balance;
    match *command {
        Command::Charge { amount } if balance + amount > POINTS_MAX => Err(Rejection::TooMuch { balance }),
        Command::Charge { amount } => Ok(Event::Charged { amount }),
        Command::Deduct { amount } if amount > balance => Err(Rejection::Insufficient { balance }),
        Command::Deduct { amount } => Ok(Event::Deducted { amount }),
        Command::Restore { amount } => Ok(Event::Restored { amount }),
    }
}

/// Folds an event into the account.
pub fn evolve(account: &mut Account, event: &Event) {
    match *event {
        Event::Charged { amount } | Event::Restored { amount } => account.balance += amount,
        Event::Deducted { amount } => account.balance -= amount,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANN: UserId = UserId(1);

    #[track_caller]
    fn check(balance: i64, when: Command, then: Result<Event, Rejection>) {
        assert_eq!(decide(&Account { user: ANN, balance: Money::won(balance) }, &when), then);
    }

    /// W-01.
    #[test]
    fn points_are_deducted_down_to_zero_and_no_further() {
        let amount = Money::won(100);
        check(100, Command::Deduct { amount }, Ok(Event::Deducted { amount }));
        check(99, Command::Deduct { amount }, Err(Rejection::Insufficient { balance: Money::won(99) }));
    }

    #[test]
    fn an_account_holds_at_most_points_max() {
        let amount = Money::won(1);
        check(POINTS_MAX.amount() - 1, Command::Charge { amount }, Ok(Event::Charged { amount }));
        check(POINTS_MAX.amount(), Command::Charge { amount }, Err(Rejection::TooMuch { balance: POINTS_MAX }));
    }

    /// W-02: an order's points are restored even to an account that reached its limit meanwhile.
    #[test]
    fn a_restoration_is_never_rejected() {
        let amount = Money::won(100);
        check(POINTS_MAX.amount(), Command::Restore { amount }, Ok(Event::Restored { amount }));
    }

    #[test]
    fn the_shops_accounts_are_distinct_from_user_accounts() {
        assert!(Ledger::Charged.number() <= 0 && Ledger::Spent.number() <= 0);
        assert_ne!(Ledger::Charged.number(), Ledger::Spent.number());
        assert_eq!(Ledger::User(ANN).number(), 1);
    }

    fn commands() -> impl Strategy<Value = Command> {
        (0..3_u8, 1..1_000_i64).prop_map(|(kind, amount)| {
            let amount = Money::won(amount);
            match kind {
                0 => Command::Charge { amount },
                1 => Command::Deduct { amount },
                _ => Command::Restore { amount },
            }
        })
    }

    proptest! {
        #[test]
        fn the_balance_equals_the_ledger_and_is_never_negative(
            commands in prop::collection::vec(commands(), 0..60),
        ) {
            let mut account = Account::empty(ANN);
            let mut ledger = Money::ZERO;
            for command in commands {
                let Ok(event) = decide(&account, &command) else { continue };
                evolve(&mut account, &event);
                let (from, to) = event.sides(ANN);
                prop_assert_ne!(from, to);
                if to == Ledger::User(ANN) { ledger += event.amount() } else { ledger -= event.amount() }
                prop_assert_eq!(account.balance, ledger);
                prop_assert!(account.balance >= Money::ZERO);
            }
        }
    }
}
