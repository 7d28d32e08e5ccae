//! A customer's points (W-01, W-02): charged, deducted for an order, restored when the order does not come about.
//!
//! Each change is one entry of a double-entry ledger: it takes from one account exactly what it gives to another.

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
    Insufficient { balance: Money },
    /// The account would hold more than [`POINTS_MAX`].
    TooMuch { balance: Money },
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

/// Where points come from and go to. User accounts have positive numbers, the shop's own have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ledger {
    /// Points that customers bought: the other side of every charge.
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

    /// The two sides of the entry: `(taken from, given to)`.
    pub const fn sides(&self, user: UserId) -> (Ledger, Ledger) {
        match self {
            Event::Charged { .. } => (Ledger::Charged, Ledger::User(user)),
            Event::Deducted { .. } => (Ledger::User(user), Ledger::Spent),
            Event::Restored { .. } => (Ledger::Spent, Ledger::User(user)),
        }
    }
}

/// Answers a command against an account.
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
