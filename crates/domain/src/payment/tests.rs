//! Given what happened to a payment, when something is asked or answered, then this follows.
