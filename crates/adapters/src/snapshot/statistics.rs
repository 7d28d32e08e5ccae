//! The figures of the statistics, summed up by the store.

use std::sync::Arc;

use app::audit::{ABOUT_PRODUCTS, KeptFigures, StatisticsFacts};
use app::state::rows::{Counted, OffsetKey, Resolution};
use domain::time::Timestamp;

use super::{Asked, Unreadable};
use crate::selects::{SELECT_BEFORE, SELECT_POSITIONS};

/// The parts into which a store splits amounts, so that no sum of them overflows.
const PART: i64 = 1 << 32;

/// `is_whole`: trailing groups read all events as one partition.
pub(crate) fn read<A: Asked>(
    asked: &mut A,
    is_whole: bool,
    unreadable: &Unreadable,
) -> Result<StatisticsFacts, A::Error> {
    let mut positions = vec![];
    // The log's own reader tells of offsets that cannot be read.
    asked.readable(SELECT_POSITIONS, |known: Option<(OffsetKey, i64)>| positions.extend(known))?;
    positions.retain(|(key, _)| key.group.is_trailing());
    let archived: Vec<i64> = asked.rows(SELECT_BEFORE)?;
    let archived = archived.first().copied();
    let mut facts = StatisticsFacts { positions, is_whole, kept: vec![] };
    for counted in Counted::ALL {
        for resolution in Resolution::ALL {
            if let Some(since) = since(asked, *counted, *resolution, archived)? {
                let (rows, left_out) = kept(asked, *counted, *resolution, since)?;
                unreadable.borrow_mut().extend(left_out);
                facts.kept.push(rows);
            }
        }
    }
    Ok(facts)
}

/// Days are never deleted. Of minutes and hours, the earliest that is left may have lost some of its figures. What began
/// before the end of an archive was counted from events that are not here.
fn since<A: Asked>(
    asked: &mut A,
    counted: Counted,
    resolution: Resolution,
    archived_before: Option<i64>,
) -> Result<Option<Timestamp>, A::Error> {
    if resolution == Resolution::Day && archived_before.is_none() {
        return Ok(Some(Timestamp::from_micros(i64::MIN)));
    }
    let of = format!("FROM statistic WHERE counted = '{}' AND resolution = '{}'", counted.name(), resolution.name());
    let whole = match resolution {
        Resolution::Day => String::new(),
        Resolution::Minute | Resolution::Hour => format!(" AND began_at > (SELECT MIN(began_at) {of})"),
    };
    let after = archived_before.map_or_else(String::new, |before| format!(" AND began_at >= {before}"));
    let select = format!("SELECT MIN(began_at) {of}{whole}{after}");
    let found: Vec<Option<i64>> = asked.rows(&select)?;
    Ok(found.into_iter().flatten().next().map(Timestamp::from_micros))
}

/// Returns the sums, and what cannot be added up.
fn kept<A: Asked>(
    asked: &mut A,
    counted: Counted,
    resolution: Resolution,
    since: Timestamp,
) -> Result<(KeptFigures, Vec<String>), A::Error> {
    let about = match counted {
        Counted::Coupons => "subject".to_owned(),
        Counted::Orders => format!("CASE WHEN subject = 0 THEN 0 ELSE {ABOUT_PRODUCTS} END"),
    };
    // A sum may be a decimal, which a driver would return as text.
    let select = format!(
        "SELECT {about} AS about, figure, CAST(SUM((amount - amount % {PART}) / {PART}) AS SIGNED),
             CAST(SUM(amount % {PART}) AS SIGNED) FROM statistic
         WHERE counted = '{}' AND resolution = '{}' AND began_at >= {} GROUP BY about, figure",
        counted.name(),
        resolution.name(),
        since.micros(),
    );
    let (mut rows, mut too_large) = (vec![], vec![]);
    let mut unreadable = asked.readable(&select, |(subject, figure, parts, rest): (i64, String, i64, i64)| {
        match i64::try_from(i128::from(parts) * i128::from(PART) + i128::from(rest)) {
            Ok(amount) => rows.push((subject, Arc::from(figure), amount)),
            Err(_) => too_large.push(format!(
                "statistic, {} by {}: the amounts of {figure} of {subject} are too large to be added up",
                counted.name(),
                resolution.name(),
            )),
        }
    })?;
    unreadable.append(&mut too_large);
    Ok((KeptFigures::new(counted, resolution, since, rows), unreadable))
}
