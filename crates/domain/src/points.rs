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
    fn an_account_holds_so_much_and_no_more() {
        let amount = Money::won(1);
        check(POINTS_MAX.amount() - 1, Command::Charge { amount }, Ok(Event::Charged { amount }));
        check(POINTS_MAX.amount(), Command::Charge { amount }, Err(Rejection::TooMuch { balance: POINTS_MAX }));
    }

    /// W-02: what an order took comes back even to an account that was filled up meanwhile.
    #[test]
    fn a_restoration_is_never_refused() {
        let amount = Money::won(100);
        check(POINTS_MAX.amount(), Command::Restore { amount }, Ok(Event::Restored { amount }));
    }

    #[test]
    fn the_shop_has_no_account_that_a_user_could_have() {
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
        fn the_balance_is_what_the_ledger_says_and_never_negative(
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
