//! The promises of every payment provider, as tests that know only the port.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::ids::Code;
use domain::money::Money;
use domain::payment::Method;

use crate::payments::provider::{Ask, Found, Operation, Provider, Verdict};

pub type Case = for<'a> fn(&'a Customer<'a>) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

macro_rules! cases {
    ($($case:ident,)*) => {
        /// Every case by name; a case panics when its promise is broken. Each needs a customer of its own.
        pub const CASES: &[(&str, Case)] = &[$((stringify!($case), |customer| Box::pin($case(customer))),)*];
    };
}

cases! {
    an_authorization_is_captured_and_refunded_in_parts,
    an_unknown_operation_is_not_found,
    the_same_key_is_the_same_operation,
    an_executed_operation_is_found_again,
    a_decline_is_final_and_found_again,
    a_voided_authorization_is_not_captured,
    a_capture_is_not_voided,
    no_more_is_refunded_than_was_captured,
    another_attempt_is_another_payment,
}

const PRICE: Money = Money::won(12_300);

/// A customer who pays for one order.
pub struct Customer<'a> {
    pub provider: &'a dyn Provider,
    /// Never sent to the provider before.
    pub order: Code,
    /// An amount that the provider declines.
    pub too_much: Money,
}

impl Customer<'_> {
    fn asks(&self, operation: Operation, amount: Money) -> Ask {
        let order = self.order.as_str();
        Ask {
            key: Arc::from(format!("{order}/1/{}", operation.name())),
            payment: Code(Arc::from(format!("PAY-{order}"))),
            order: self.order.clone(),
            method: Method::Card,
            means: None,
            amount,
            reference: None,
            operation,
        }
    }

    fn asks_with(&self, reference: &Arc<str>, operation: Operation, amount: Money) -> Ask {
        Ask { reference: Some(Arc::clone(reference)), ..self.asks(operation, amount) }
    }

    fn refund(&self, reference: &Arc<str>, number: i64, amount: Money) -> Ask {
        let key = Arc::from(format!("{}/1/refund/{number}", self.order));
        Ask { key, ..self.asks_with(reference, Operation::Refund, amount) }
    }

    async fn has(&self, ask: &Ask) -> Verdict {
        self.provider.ask(ask).await.expect("the provider answers")
    }

    /// Runs an operation that is approved in full; returns its reference.
    async fn gets(&self, ask: &Ask) -> Arc<str> {
        match self.has(ask).await {
            Verdict::Approved { reference, amount, .. } => {
                assert_eq!(amount, ask.amount, "{}", ask.key);
                reference
            }
            Verdict::Declined { code, .. } => panic!("{} was declined: {code}", ask.key),
            Verdict::ActionRequired { .. } => panic!("{} waits for the customer", ask.key),
        }
    }

    async fn is_refused(&self, ask: &Ask) {
        assert!(matches!(self.has(ask).await, Verdict::Declined { .. }), "{} was approved", ask.key);
    }

    async fn finds(&self, ask: &Ask) -> Found {
        self.provider.look_up(ask).await.expect("the provider answers")
    }

    async fn pays(&self) -> Arc<str> {
        let reference = self.gets(&self.asks(Operation::Authorize, PRICE)).await;
        self.gets(&self.asks_with(&reference, Operation::Capture, PRICE)).await
    }
}

async fn an_authorization_is_captured_and_refunded_in_parts(customer: &Customer<'_>) {
    let reference = customer.pays().await;
    for (number, won) in [(1, 300), (2, 2_000), (3, 10_000)] {
        let again = customer.gets(&customer.refund(&reference, number, Money::won(won))).await;
        assert_eq!(again, reference, "a payment has one reference");
    }
}

async fn an_unknown_operation_is_not_found(customer: &Customer<'_>) {
    let authorize = customer.asks(Operation::Authorize, PRICE);
    assert_eq!(customer.finds(&authorize).await, Found::NotFound);
    let reference = customer.gets(&authorize).await;
    for operation in [Operation::Capture, Operation::Void] {
        assert_eq!(
            customer.finds(&customer.asks_with(&reference, operation, PRICE)).await,
            Found::NotFound,
            "{operation:?}"
        );
    }
    customer.gets(&customer.asks_with(&reference, Operation::Capture, PRICE)).await;
    assert_eq!(customer.finds(&customer.refund(&reference, 1, PRICE)).await, Found::NotFound);
}

async fn the_same_key_is_the_same_operation(customer: &Customer<'_>) {
    let authorize = customer.asks(Operation::Authorize, PRICE);
    let first = customer.has(&authorize).await;
    assert_eq!(customer.has(&authorize).await, first);
    let reference = customer.pays().await;
    let half = Money::won(6_150);
    for number in [1, 1, 1, 2, 2] {
        customer.gets(&customer.refund(&reference, number, half)).await;
    }
    customer.is_refused(&customer.refund(&reference, 3, Money::won(1))).await;
}

async fn an_executed_operation_is_found_again(customer: &Customer<'_>) {
    let authorize = customer.asks(Operation::Authorize, PRICE);
    let verdict = customer.has(&authorize).await;
    assert_eq!(customer.finds(&authorize).await, Found::Verdict(verdict.clone()));
    let Verdict::Approved { reference, .. } = verdict else { panic!("{verdict:?}") };
    for ask in
        [customer.asks_with(&reference, Operation::Capture, PRICE), customer.refund(&reference, 1, Money::won(300))]
    {
        let verdict = customer.has(&ask).await;
        assert_eq!(customer.finds(&ask).await, Found::Verdict(verdict), "{}", ask.key);
    }
}

async fn a_decline_is_final_and_found_again(customer: &Customer<'_>) {
    let ask = customer.asks(Operation::Authorize, customer.too_much);
    let Verdict::Declined { code, .. } = customer.has(&ask).await else { panic!("it was approved") };
    for _ in 0..2 {
        let again = customer.has(&ask).await;
        assert!(matches!(again, Verdict::Declined { code: ref again, .. } if *again == code), "{again:?}");
        let found = customer.finds(&ask).await;
        assert!(
            matches!(found, Found::Verdict(Verdict::Declined { code: ref found, .. }) if *found == code),
            "{found:?}"
        );
    }
}

async fn a_voided_authorization_is_not_captured(customer: &Customer<'_>) {
    let reference = customer.gets(&customer.asks(Operation::Authorize, PRICE)).await;
    let void = customer.asks_with(&reference, Operation::Void, PRICE);
    customer.gets(&void).await;
    customer.gets(&void).await;
    assert!(matches!(customer.finds(&void).await, Found::Verdict(Verdict::Approved { .. })));
    customer.is_refused(&customer.asks_with(&reference, Operation::Capture, PRICE)).await;
}

async fn a_capture_is_not_voided(customer: &Customer<'_>) {
    let reference = customer.pays().await;
    customer.is_refused(&customer.asks_with(&reference, Operation::Void, PRICE)).await;
}

async fn no_more_is_refunded_than_was_captured(customer: &Customer<'_>) {
    let reference = customer.pays().await;
    customer.is_refused(&customer.refund(&reference, 1, PRICE + Money::won(1))).await;
    customer.gets(&customer.refund(&reference, 2, PRICE)).await;
    customer.is_refused(&customer.refund(&reference, 3, Money::won(1))).await;
}

async fn another_attempt_is_another_payment(customer: &Customer<'_>) {
    customer.is_refused(&customer.asks(Operation::Authorize, customer.too_much)).await;
    let first = customer.asks(Operation::Authorize, PRICE);
    let second = Ask { key: Arc::from(format!("{}/2/authorize", customer.order)), ..first };
    let reference = customer.gets(&second).await;
    let capture = Ask {
        key: Arc::from(format!("{}/2/capture", customer.order)),
        ..customer.asks_with(&reference, Operation::Capture, PRICE)
    };
    customer.gets(&capture).await;
}
