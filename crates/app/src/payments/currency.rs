//! The shop's currency. A process serves one shop, and a shop has one currency for all its life; so it is set once,
//! before anything is read or written (`docs/decisions/0084`).

use std::sync::OnceLock;

use domain::currency::Currency;

static OF_SHOP: OnceLock<Currency> = OnceLock::new();

/// Sets the currency of this process's shop. Only the first call has an effect.
pub fn set(currency: Currency) {
    let _ = OF_SHOP.set(currency);
}

/// Returns the shop's currency; the won until one is set.
pub fn of_shop() -> Currency {
    OF_SHOP.get().copied().unwrap_or(Currency::KRW)
}

/// Returns true if a provider's spelling of a currency is the shop's.
pub fn is_of_shop(code: &str) -> bool {
    of_shop().code().eq_ignore_ascii_case(code)
}
