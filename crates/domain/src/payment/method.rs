//! Payment methods.

use crate::word::words;

words! {
    /// A payment method.
    pub enum Method {
        Card = "CARD",
        Account = "ACCOUNT",
        General = "GENERAL",
    }
}
