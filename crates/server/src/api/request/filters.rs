//! Values of query parameters that several lists are filtered by.

use app::events::wire_time;
use domain::limits::NUMBER_MAX;
use domain::time::Timestamp;

use crate::api::texts::values;
use crate::http::Problem;

/// A part of time, in which either end may be open.
#[derive(Clone, Copy)]
pub(in crate::api) struct Period {
    pub(in crate::api) from: Option<Timestamp>,
    pub(in crate::api) to: Option<Timestamp>,
}

impl Period {
    /// Reads the parameters `from` and `to`.
    pub(in crate::api) fn read(from: Option<&str>, to: Option<&str>) -> Result<Period, Problem> {
        let period = Period { from: moment("from", from)?, to: moment("to", to)? };
        if period.from.zip(period.to).is_some_and(|(from, to)| to < from) {
            return Err(Problem::invalid_parameter("to", "out_of_order", values::NOT_BEFORE.with("from")));
        }
        Ok(period)
    }
}

/// Reads a moment.
pub(in crate::api) fn moment(parameter: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let parsed = text.map(wire_time::parse).transpose();
    parsed.map_err(|_| Problem::invalid_parameter(parameter, "not_a_time", values::TIME))
}

/// Checks a text that is searched for.
pub(in crate::api) fn search(
    parameter: &str,
    text: Option<String>,
    chars_max: usize,
) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.trim().is_empty() || text.chars().count() > chars_max => {
            Err(Problem::invalid_parameter(parameter, "length", values::CHARACTERS.with(1).with(chars_max)))
        }
        text => Ok(text.map(|text| text.trim().to_owned())),
    }
}

/// Checks the number of a user, product or campaign.
pub(in crate::api) fn number(parameter: &str, number: Option<i64>) -> Result<Option<i64>, Problem> {
    match number {
        Some(number) if !(1..=NUMBER_MAX).contains(&number) => {
            Err(Problem::invalid_parameter(parameter, "out_of_range", values::FROM_TO.with(1).with(NUMBER_MAX)))
        }
        number => Ok(number),
    }
}
