//! Resilience: circuit breakers, the participants' services, rates.

pub mod breaker;
pub mod rates;
pub mod services;
