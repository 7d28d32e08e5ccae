//! Amounts, counts and moments as people read them.

use app::events::wire_time;
use app::payments::currency;
use domain::currency::Currency;
use domain::ids::Code;
use domain::money::Money;
use domain::pricing::Discount;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::api::texts::{Text, order_page, pages};
use crate::http::language::Language;

/// `12,900`.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// An amount in the shop's currency: `₩12,900`, or `12,900원` in Korean; `USD 12.90`.
pub(crate) fn won(amount: Money, language: Language) -> String {
    in_currency(amount, currency::of_shop(), language)
}

fn in_currency(amount: Money, currency: Currency, language: Language) -> String {
    if currency == Currency::KRW {
        let amount = count(amount.amount());
        return match language {
            Language::English => format!("₩{amount}"),
            Language::Korean => format!("{amount}원"),
        };
    }
    let sign = if amount < Money::ZERO { "−" } else { "" };
    let (whole, rest) = currency.split(amount.amount().saturating_abs());
    let rest = rest.map_or_else(String::new, |rest| format!(".{rest}"));
    format!("{sign}{} {}{rest}", currency.code(), count(whole))
}

/// `−10 %` or `−₩5,000`.
pub(crate) fn worth(discount: Discount, language: Language) -> String {
    match discount {
        Discount::Fixed { value } => format!("−{}", won(value, language)),
        Discount::Percent { value, .. } => format!("−{value}%"),
    }
}

/// The most that a discount takes off, if it has a limit.
pub(crate) fn at_most(discount: Discount, language: Language) -> Option<String> {
    let Discount::Percent { max_amount: Some(most), .. } = discount else { return None };
    Some(pages::AT_MOST.with(won(most, language)).of(language).into_owned())
}

/// `2026-11-29 14:05 UTC`. Scripts show it in the reader's own time zone.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = wire_time::format(at);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// The rest of a quantity, as a bar that scripts keep current.
pub(crate) fn meter(left: i64, all: i64, label: &str) -> Markup {
    html! { meter data-meter="" min="0" max=(all.max(1)) low=(all / 5) optimum=(all) value=(left) aria-label=(label) {} }
}

/// A moment as a time element, which scripts show in the reader's own time zone.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time.num datetime=(wire_time::format(at)) data-time="at" { (moment(at)) } }
}

/// A moment that is written already, as the API shows it.
pub(crate) fn written(at: &str) -> Markup {
    wire_time::parse(at).map_or_else(|_| html! { (at) }, time)
}

/// `0.004 s`, `3 min 20 s`, `2 d 4 h`: the two largest units, of microseconds.
pub(crate) fn duration(us: i64, language: Language) -> String {
    const SECOND: i64 = 1_000_000;
    let us = us.max(0);
    let seconds = us / SECOND;
    let of = |text: Text, large: i64, small: i64| text.with(seconds / large).with(seconds % large / small);
    let text = match seconds {
        0 => order_page::SECONDS_LONG.with(format!("{:.3}", us as f64 / SECOND as f64)),
        1..60 => order_page::SECONDS_LONG.with(format!("{:.1}", us as f64 / SECOND as f64)),
        60..3_600 => of(order_page::MINUTES_LONG, 60, 1),
        3_600..86_400 => of(order_page::HOURS_LONG, 3_600, 60),
        _ => of(order_page::DAYS_LONG, 86_400, 3_600),
    };
    text.of(language).into_owned()
}

/// The number of an order, as a link to its page.
pub(crate) fn order_link(number: &Code) -> Markup {
    html! { a.code href=(format!("/orders/{number}")) { (number) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let shown = [0, 7, 999, 1_000, 12_900, 1_234_567, -1_500].map(count);
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,900", "1,234,567", "−1,500"]);
    }

    #[test]
    fn amounts_follow_the_language() {
        assert_eq!(won(Money::won(12_900), Language::English), "₩12,900");
        assert_eq!(won(Money::won(12_900), Language::Korean), "12,900원");
        let discount = Discount::Percent { value: 10, max_amount: Some(Money::won(5_000)) };
        assert_eq!(worth(discount, Language::English), "−10%");
        assert_eq!(at_most(discount, Language::English).as_deref(), Some("at most ₩5,000"));
    }

    #[test]
    fn other_currencies_show_their_code_and_digits() {
        let shown =
            |code, amount| in_currency(Money::won(amount), Currency::from_code(code).unwrap(), Language::English);
        assert_eq!(shown("USD", 1_234_505), "USD 12,345.05");
        assert_eq!(shown("JPY", -1_500), "−JPY 1,500");
    }

    #[test]
    fn a_duration_has_the_two_largest_units() {
        let shown = [4_000, 999_999, 1_500_000, 61_000_000, 3_600_000_000, 187_200_000_000]
            .map(|us| duration(us, Language::English));
        assert_eq!(shown, ["0.004 s", "1.000 s", "1.5 s", "1 min 1 s", "1 h 0 min", "2 d 4 h"]);
        assert_eq!(duration(187_200_000_000, Language::Korean), "2일 4시간");
    }

    #[test]
    fn a_moment_is_shown_to_the_minute() {
        assert_eq!(moment(wire_time::parse("2026-11-29T14:05:09.5Z").unwrap()), "2026-11-29 14:05 UTC");
    }
}
