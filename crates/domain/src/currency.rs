//! Currencies of ISO 4217. Every amount of a shop is a whole number of the smallest unit of its one currency.

/// A currency, and how many digits of an amount follow the decimal point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    digits: u32,
}

/// Currencies without a smaller unit in use.
const WHOLE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
/// Currencies with thousandths.
const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Currencies with hundredths.
const HUNDREDTHS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD", "BND", "BOB",
    "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK",
    "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR",
    "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD",
    "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
    "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD", "YER",
    "ZAR", "ZMW",
];

impl Currency {
    pub const KRW: Currency = Currency { code: "KRW", digits: 0 };

    /// Returns the currency of an alphabetic code in capital letters.
    pub fn from_code(code: &str) -> Option<Currency> {
        [(WHOLE, 0), (HUNDREDTHS, 2), (THOUSANDTHS, 3)].into_iter().find_map(|(codes, digits)| {
            codes.iter().find(|known| **known == code).map(|code| Currency { code, digits })
        })
    }

    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Returns how many digits of an amount follow the decimal point.
    pub const fn digits(self) -> u32 {
        self.digits
    }

    /// Splits an amount that is not negative into whole units and what follows the decimal point.
    pub fn split(self, amount: i64) -> (i64, Option<String>) {
        if self.digits == 0 {
            return (amount, None);
        }
        let unit = 10_i64.pow(self.digits);
        let width = self.digits as usize;
        (amount / unit, Some(format!("{:0width$}", amount % unit)))
    }

    /// Returns an amount in decimal: `12.34` for 1234 cents.
    pub fn decimal(self, amount: i64) -> String {
        let sign = if amount < 0 { "-" } else { "" };
        match self.split(amount.saturating_abs()) {
            (whole, None) => format!("{sign}{whole}"),
            (whole, Some(rest)) => format!("{sign}{whole}.{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_digits() {
        for (code, digits) in [("KRW", 0), ("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3)] {
            assert_eq!(Currency::from_code(code).map(Currency::digits), Some(digits), "{code}");
        }
        for code in ["", "krw", "XXX", "EURO"] {
            assert_eq!(Currency::from_code(code), None, "{code}");
        }
        assert_eq!(Currency::from_code("KRW"), Some(Currency::KRW));
    }

    #[test]
    fn amounts_are_shown_with_their_digits() {
        let shown = |code, amount| Currency::from_code(code).unwrap().decimal(amount);
        assert_eq!(shown("KRW", 12_900), "12900");
        assert_eq!(shown("USD", 12_905), "129.05");
        assert_eq!(shown("USD", -5), "-0.05");
        assert_eq!(shown("KWD", 1_005), "1.005");
    }
}
