//! The payment runner: calls providers for due payments, outside of every transaction, and returns what to submit to
//! the engine.
//!
//! It keeps no state. Due operations and their retry times are rows; two runners that take the same payment call under
//! the same key, and the engine books the first result.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Codec;
use domain::payment::{NextCall, Payment};
use domain::time::Timestamp;

use crate::commands::PaymentAnswered;
use crate::payments::provider::{Ask, Found, Provider, ProviderError, Verdict};
use crate::ports::Clock;
use crate::resilience::breaker::{Outcome, SharedBreaker, State};

/// Providers keep keys for a day. An operation that has been due for longer than this may have been called by a process
/// that died, and its key may expire soon: it is queried first.
const KEYS_ARE_KEPT_FOR: Duration = Duration::from_secs(12 * 3_600);

pub struct PaymentRunner {
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    codec: Codec,
    breaker: SharedBreaker,
}

/// The result of a call, for the engine and for metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentCall {
    pub answered: PaymentAnswered,
    /// The request and the kind of call.
    pub ask: Ask,
    pub way: NextCall,
}

impl PaymentCall {
    /// Returns true if the provider executed something else than requested; it is never booked.
    pub fn is_alarming(&self) -> bool {
        match &self.answered.answer {
            Ok(Found::Verdict(Verdict::Approved { amount, .. })) => *amount != self.ask.amount,
            Err(ProviderError::Mismatch(_)) => true,
            Ok(_) | Err(_) => false,
        }
    }
}

impl PaymentRunner {
    pub fn new(
        provider: Arc<dyn Provider>,
        clock: Arc<dyn Clock>,
        codec: Codec,
        breaker: SharedBreaker,
    ) -> PaymentRunner {
        PaymentRunner { provider, clock, codec, breaker }
    }

    /// Returns the state of the provider's breaker.
    pub fn state(&self) -> State {
        self.breaker.state(self.clock.now())
    }

    /// Calls the provider for a due payment. `None` when nothing is due or the breaker is open: the payment stays due,
    /// and no attempt is counted.
    pub async fn pay_once(&self, payment: &Payment) -> Option<PaymentCall> {
        let (asked, ask) = Ask::of(payment, &self.codec)?;
        let next = payment.next?;
        let (due, now) = (next.due?, self.clock.now());
        let permit = self.breaker.permit(now).ok()?;
        let way = way(next.way, due, now);
        let answer = match way {
            NextCall::Execute => self.provider.ask(&ask).await.map(Found::Verdict),
            NextCall::Query => self.provider.look_up(&ask).await,
        };
        let outcome = if answer.is_ok() { Outcome::Answered } else { Outcome::Failed };
        self.breaker.report(permit, outcome, self.clock.now());
        let answered = PaymentAnswered {
            order: payment.order,
            asked,
            answer: answer.map_err(|error| of_query(way, error)),
            called_at: Some(now),
            callback: None,
        };
        Some(PaymentCall { answered, ask, way })
    }
}

fn way(way: NextCall, due: Timestamp, now: Timestamp) -> NextCall {
    if now - due > KEYS_ARE_KEPT_FOR { NextCall::Query } else { way }
}

/// A failed query shows nothing about the operation, whatever its error was.
fn of_query(way: NextCall, error: ProviderError) -> ProviderError {
    match (way, error) {
        (NextCall::Query, ProviderError::NotExecuted(why)) => ProviderError::Unknown(why),
        (_, error) => error,
    }
}

#[cfg(test)]
mod tests;
