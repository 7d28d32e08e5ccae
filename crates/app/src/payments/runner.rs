//! The cashier: has done what payments wait for, outside every transaction, and says what to tell the engine.
//!
//! It keeps nothing. What is due, and when it is tried again, are rows; two cashiers that come for the same payment ask
//! under the same key, and the engine takes the first answer.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{Codec, OrderId};
use domain::payment::{NextCall, Payment};
use domain::time::Timestamp;

use crate::commands::PaymentAnswered;
use crate::payments::provider::{Ask, Asked, Found, Provider, ProviderError, Verdict};
use crate::ports::Clock;
use crate::resilience::breaker::{Outcome, SharedBreaker, State};

/// Providers remember keys for a day. What should have been asked longer ago than this may have been asked by a process
/// that died, and the key be forgotten soon: it is looked up first.
const KEYS_ARE_KEPT_FOR: Duration = Duration::from_secs(12 * 3_600);

pub struct PaymentRunner {
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    codec: Codec,
    breaker: SharedBreaker,
}

/// How an errand ended, for the engine and for whoever watches.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentCall {
    pub answered: PaymentAnswered,
    /// What was to be done, and in which way.
    pub ask: Ask,
    pub way: NextCall,
}

impl PaymentCall {
    /// Whether the provider did something else than it was asked for; it is never booked.
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

    /// How the provider's breaker stands.
    pub fn state(&self) -> State {
        self.breaker.state(self.clock.now())
    }

    /// Does what a payment waits for. `None` when there is nothing to do, or the provider is to be left alone: the payment
    /// stays due, and no try of it is used up.
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
        Some(PaymentCall { answered: answered(payment.order, asked, way, answer), ask, way })
    }
}

fn way(way: NextCall, due: Timestamp, now: Timestamp) -> NextCall {
    if now - due > KEYS_ARE_KEPT_FOR { NextCall::Query } else { way }
}

/// A look-up that failed says nothing about what was done, whatever went wrong with it.
fn answered(order: OrderId, asked: Asked, way: NextCall, answer: Result<Found, ProviderError>) -> PaymentAnswered {
    let answer = answer.map_err(|error| match (way, error) {
        (NextCall::Query, ProviderError::NotDone(why)) => ProviderError::Unknown(why),
        (_, error) => error,
    });
    PaymentAnswered { order, asked, answer, told: None }
}

#[cfg(test)]
mod tests;
