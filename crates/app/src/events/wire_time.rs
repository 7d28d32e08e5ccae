//! Moments on the wire: RFC 3339, UTC, microseconds, from the year 0000 to the last microsecond of 9999.

use std::fmt;

use domain::time::Timestamp;
use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
const FIRST_US: i64 = -62_167_219_200_000_000;
const LAST_US: i64 = 253_402_300_799_999_999;
/// `yyyy-mm-ddThh:mm:ss`.
const CIVIL_BYTES: usize = 19;
const MINUTE_US: i64 = 60_000_000;

/// The error of a text that is no valid time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a time in RFC 3339, such as 2026-11-21T09:00:00Z")
    }
}

impl std::error::Error for NoMoment {}

/// `2026-11-21T09:30:00.000001Z`. A time that cannot be written is shown as the nearest one that can.
pub fn format(at: Timestamp) -> String {
    // The library's own range ends two hours before the last day does; its calendar days do not.
    let moment = EPOCH.saturating_add(SignedDuration::from_micros(nearest(at).micros()));
    format!("{moment}Z")
}

/// Returns the nearest time that can be written.
pub fn nearest(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().clamp(FIRST_US, LAST_US))
}

/// Parses RFC 3339 with any valid offset, up to 23:59.
pub fn parse(text: &str) -> Result<Timestamp, NoMoment> {
    read(text).map(Timestamp::from_micros).ok_or(NoMoment)
}

fn read(text: &str) -> Option<i64> {
    let (civil, rest) = text.split_at_checked(CIVIL_BYTES)?;
    let civil = civil_us(civil.as_bytes())?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            (fraction_us(&rest[..digits])?, &rest[digits..])
        }
        None => (0, rest),
    };
    let at = civil + fraction - offset_us(offset)?;
    (FIRST_US..=LAST_US).contains(&at).then_some(at)
}

fn civil_us(text: &[u8]) -> Option<i64> {
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let is_shaped = separators.iter().all(|(at, separator)| text[*at] == *separator);
    if !is_shaped || !matches!(text[10], b'T' | b't' | b' ') {
        return None;
    }
    let part = |from: usize, to: usize| number(&text[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    // A leap second counts as the second before it, as everywhere in Unix time.
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let second = if second == 60 { 59 } else { second };
    let small = |number: i16| i8::try_from(number).ok();
    let moment =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    i64::try_from(moment.duration_since(EPOCH).as_micros()).ok()
}

/// Truncates to microseconds.
fn fraction_us(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let six: String = digits.chars().chain(std::iter::repeat('0')).take(6).collect();
    six.parse().ok()
}

fn offset_us(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes() {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h, hh, b':', m, mm] = rest else { return None };
    let (hours, minutes) = (number(&[*h, *hh])?, number(&[*m, *mm])?);
    (hours <= 23 && minutes <= 59).then(|| sign * (i64::from(hours) * 60 + i64::from(minutes)) * MINUTE_US)
}

/// Parses digits and nothing else.
fn number(digits: &[u8]) -> Option<i16> {
    digits
        .iter()
        .try_fold(0, |number: i16, digit| digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0')))
}

pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*at))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    parse(&text).map_err(D::Error::custom)
}

/// The same format for optional times.
pub mod optional {
    use domain::time::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, written: &str) {
        assert_eq!(format(parse(text).unwrap()), written, "{text}");
    }

    #[test]
    fn every_calendar_time_is_valid() {
        check("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
        check("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
        check("2026-11-21t09:00:00.5z", "2026-11-21T09:00:00.5Z");
        check("2024-02-29T00:00:00+23:59", "2024-02-28T00:01:00Z");
        check("2026-11-21T09:00:00-09:30", "2026-11-21T18:30:00Z");
        check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z");
        assert_eq!(parse("1970-01-01T00:00:00.000001Z").unwrap().micros(), 1);
    }

    #[test]
    fn a_time_out_of_range_is_written_as_the_nearest_one() {
        for (micros, nearest) in
            [(i64::MAX, LAST_US), (LAST_US + 1, LAST_US), (FIRST_US - 1, FIRST_US), (i64::MIN, FIRST_US)]
        {
            assert_eq!(parse(&format(Timestamp::from_micros(micros))), Ok(Timestamp::from_micros(nearest)), "{micros}");
        }
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-21",
            "2026-11-21T09:00:00",
            "2026-11-21T09:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T09:00:61Z",
            "2026-11-21T09:00:00.Z",
            "2026-11-21T09:00:00+24:00",
            "2026-11-21T09:00:00+09:60",
            "2026-11-21T09:00:00+9:00",
            "2026-11-21T09:00:00+0900",
            "2026-11-21T09:00:00 Z",
            "2026-11-21T09:00:00ZZ",
            "+2026-11-21T09:00:00Z",
            "20261-11-21T09:00:00Z",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
            "２０26-11-21T09:00:00Z",
        ] {
            assert_eq!(parse(text), Err(NoMoment), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_parsed_as_it_was_written(micros in FIRST_US..=LAST_US) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(parse(&format(at)), Ok(at));
        }

        #[test]
        fn the_format_is_the_librarys(micros in FIRST_US..=253_402_207_200_000_000_i64) {
            let theirs = jiff::Timestamp::from_microsecond(micros).unwrap().to_string();
            prop_assert_eq!(format(Timestamp::from_micros(micros)), theirs);
        }

        #[test]
        fn any_text_parses_or_is_refused(text in "[0-9T:Z+. -]{0,32}|\\PC{0,32}") {
            let _either = parse(&text);
        }
    }
}
