//! Every text that people read, in Korean and English (O-49, N-04, T9). One list per part of the shop; the `texts!` macro
//! requires both languages, and a test checks every text.

use std::borrow::Cow;

use app::payments::currency;
use domain::currency::Currency;

use crate::http::language::Language;

/// Declares texts: name, English, Korean. `{0}`, `{1}` … are placeholders of values, the same ones in both languages;
/// `{0:amount}` is one of an amount of money.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $korean:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: crate::api::texts::Text = crate::api::texts::Text::new($english, $korean);)*

        /// All texts of this list, by name.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, crate::api::texts::Text)] = &[$((stringify!($name), $name),)*];
    };
}

pub(crate) mod bodies;
pub(crate) mod coupons;
pub(crate) mod dashboard;
pub(crate) mod details;
pub(crate) mod notices;
pub(crate) mod operators;
pub(crate) mod order_page;
pub(crate) mod orders;
pub(crate) mod pages;
pub(crate) mod values;

/// A text in every language, with placeholders for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    english: &'static str,
    korean: &'static str,
}

impl Text {
    pub(crate) const fn new(english: &'static str, korean: &'static str) -> Text {
        Text { english, korean }
    }

    pub const fn of(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Korean => self.korean,
        }
    }

    /// Fills the first placeholder.
    pub(crate) fn with(self, value: impl ToString) -> Message {
        Message::from(self).with(value)
    }

    /// Fills the first placeholder with another text.
    pub(crate) fn with_text(self, value: impl Into<Message>) -> Message {
        Message::from(self).with_text(value)
    }
}

/// A text with its values, before the reader's language is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: Text,
    values: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// A number, or a word that is the same in every language.
    Plain(String),
    Message(Message),
}

impl From<Text> for Message {
    fn from(text: Text) -> Message {
        Message { text, values: vec![] }
    }
}

impl Message {
    /// Fills the next placeholder.
    pub(crate) fn with(mut self, value: impl ToString) -> Message {
        self.values.push(Value::Plain(value.to_string()));
        self
    }

    pub(crate) fn with_text(mut self, value: impl Into<Message>) -> Message {
        self.values.push(Value::Message(value.into()));
        self
    }

    pub fn of(&self, language: Language) -> Cow<'static, str> {
        let text = self.text.of(language);
        if self.values.is_empty() {
            return text.into();
        }
        let mut whole = String::with_capacity(text.len() + 32);
        let mut parts = text.split('{');
        whole.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (place, rest) = part.split_once('}').unwrap_or(("", part));
            let (place, is_amount) = place.strip_suffix(":amount").map_or((place, false), |place| (place, true));
            match place.parse().ok().and_then(|place: usize| self.values.get(place)) {
                Some(Value::Plain(value)) if is_amount => whole.push_str(&amount(value, language)),
                Some(Value::Plain(value)) => whole.push_str(value),
                Some(Value::Message(message)) => whole.push_str(&message.of(language)),
                None => {}
            }
            whole.push_str(rest);
        }
        whole.into()
    }
}

/// An amount with the name of the shop's currency.
fn amount(value: &str, language: Language) -> String {
    let currency = currency::of_shop();
    match language {
        Language::English if currency == Currency::KRW => format!("{value} won"),
        Language::Korean if currency == Currency::KRW => format!("{value}원"),
        Language::English | Language::Korean => {
            let amount = value.parse().map_or_else(|_| value.to_owned(), |amount| currency.decimal(amount));
            format!("{} {amount}", currency.code())
        }
    }
}

#[cfg(test)]
mod tests;
