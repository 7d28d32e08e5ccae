//! Payment operations, their idempotency keys and their results.

use std::sync::Arc;

use super::method::Action;
use crate::ids::Code;
use crate::money::Money;
use crate::word::words;

words! {
    /// An operation at the provider.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Operation {
        /// Reserves the amount.
        Authorize = "authorize",
        /// Takes the reserved amount.
        Capture = "capture",
        /// Releases an authorization that was not captured.
        Void = "void",
        /// Returns the captured amount, or part of it.
        Refund = "refund",
    }
}

/// Number of an operation's first try.
pub const FIRST_TRY: i64 = 1;

/// One operation of one attempt, as its idempotency key names it. A repeated call has the same key; only a declined refund
/// or void is retried under a new one, with the number of its next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// When the order was placed, in milliseconds since 1970: an order that gets the number of a lost one after a restore has
    /// other keys. `None` for attempts begun before keys contained it.
    pub order_ms: Option<i64>,
    pub attempt: i64,
    pub operation: Operation,
    /// Number of the refund within the attempt, from 1; zero for every other operation.
    pub refund: i64,
    /// From 1; higher for a refund or a void that was declined before.
    pub try_number: i64,
}

impl Asked {
    /// The first try of an operation.
    pub const fn first(order_ms: Option<i64>, attempt: i64, operation: Operation, refund: i64) -> Asked {
        Asked { order_ms, attempt, operation, refund, try_number: FIRST_TRY }
    }

    /// The idempotency key: `{orderNumber}.{orderMs}/{attempt}/{operation}[/{refund}][/{try}]`, with the try's number from the
    /// second try on.
    pub fn key(&self, order: &Code) -> String {
        let Asked { order_ms, attempt, operation, refund, try_number } = self;
        let mut key = order.to_string();
        if let Some(ms) = order_ms {
            key.push_str(&format!(".{ms}"));
        }
        key.push_str(&format!("/{attempt}/{}", operation.name()));
        if *operation == Operation::Refund {
            key.push_str(&format!("/{refund}"));
        }
        if *try_number > FIRST_TRY {
            key.push_str(&format!("/{try_number}"));
        }
        key
    }

    /// Parses a key into the order's number and the operation.
    pub fn of_key(key: &str) -> Option<(&str, Asked)> {
        let mut parts = key.split('/');
        let order = parts.next()?;
        let (order, order_ms) = match order.split_once('.') {
            Some((order, ms)) => (order, Some(ms.parse().ok()?)),
            None => (order, None),
        };
        let attempt = parts.next()?.parse().ok()?;
        let operation = Operation::from_name(parts.next()?)?;
        let refund = match operation {
            Operation::Refund => parts.next()?.parse().ok()?,
            Operation::Authorize | Operation::Capture | Operation::Void => 0,
        };
        let try_number = match (operation, parts.next()) {
            (_, None) => FIRST_TRY,
            (Operation::Void | Operation::Refund, Some(number)) => {
                number.parse().ok().filter(|number| *number > FIRST_TRY)?
            }
            (Operation::Authorize | Operation::Capture, Some(_)) => return None,
        };
        parts.next().is_none().then_some((order, Asked { order_ms, attempt, operation, refund, try_number }))
    }
}

/// The result of a call to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderResult {
    Approved {
        reference: Arc<str>,
        amount: Money,
    },
    Declined {
        code: Arc<str>,
    },
    /// The customer must act at the provider first.
    ActionRequired {
        reference: Arc<str>,
        action: Arc<Action>,
    },
    /// The operation is still in progress.
    Pending,
    /// The provider does not know the operation.
    NotFound,
    /// The operation was certainly not executed.
    NotExecuted,
    /// The operation may have been executed.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_order_attempt_and_operation_and_is_parsed_back() {
        let order = Code::from("ORD-1");
        for operation in Operation::ALL {
            let asked = Asked::first(None, 2, operation, if operation == Operation::Refund { 3 } else { 0 });
            assert_eq!(Asked::of_key(&asked.key(&order)), Some(("ORD-1", asked)));
        }
        let refund = Asked::first(None, 2, Operation::Refund, 3);
        assert_eq!(refund.key(&order), "ORD-1/2/refund/3");
        let again = Asked { try_number: 4, ..refund };
        assert_eq!(
            (again.key(&order).as_str(), Asked::of_key(&again.key(&order))),
            ("ORD-1/2/refund/3/4", Some(("ORD-1", again)))
        );
        let again = Asked { try_number: 2, ..Asked::first(None, 1, Operation::Void, 0) };
        assert_eq!(
            (again.key(&order).as_str(), Asked::of_key(&again.key(&order))),
            ("ORD-1/1/void/2", Some(("ORD-1", again)))
        );
        let timed = Asked { order_ms: Some(1_764_427_859_123), ..again };
        assert_eq!(
            (timed.key(&order).as_str(), Asked::of_key(&timed.key(&order))),
            ("ORD-1.1764427859123/1/void/2", Some(("ORD-1", timed)))
        );
    }

    #[test]
    fn a_malformed_key_is_not_parsed() {
        for text in [
            "",
            "ORD-1",
            "ORD-1/x/void",
            "ORD-1./1/void",
            "ORD-1.x/1/void",
            "ORD-1/1/steal",
            "ORD-1/1/void/1",
            "ORD-1/1/void/2/3",
            "ORD-1/1/capture/2",
            "ORD-1/1/refund",
        ] {
            assert_eq!(Asked::of_key(text), None, "{text}");
        }
    }
}
