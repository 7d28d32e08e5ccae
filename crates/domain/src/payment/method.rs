//! Payment methods, and what a customer gives to pay with.

use std::sync::Arc;

use crate::time::Timestamp;
use crate::word::words;

words! {
    /// A payment method.
    pub enum Method {
        Card = "CARD",
        Account = "ACCOUNT",
        General = "GENERAL",
    }
}

/// The customer's card or account at the provider, for the provider only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// The provider's token of the customer's card or account.
    pub token: Option<Arc<str>>,
    /// Where the provider sends the customer after an action such as 3-D Secure.
    pub return_url: Option<Arc<str>>,
}

/// An action of the customer that the provider waits for before it decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The provider's page for it; `None` if only a script of the provider can do it, with the secret.
    pub url: Option<Arc<str>>,
    /// The provider's secret for scripts in the customer's browser.
    pub client_secret: Option<Arc<str>>,
    /// The attempt is given up if the customer has not acted by then.
    pub until: Timestamp,
}
