//! The figures of the statistics, summed up by the store.

use std::sync::Arc;

use app::audit::{ABOUT_PRODUCTS, KeptFigures, StatisticsFacts};
use app::state::rows::{Counted, OffsetKey, Resolution};
use domain::time::Timestamp;

use crate::records::FromCells;
use crate::selects::{SELECT_BEFORE, SELECT_POSITIONS};

/// A connection that reads the rows of a statement.
pub(crate) trait Asked {
    type Error;

    fn rows<T: FromCells>(&mut self, select: &str) -> Result<Vec<T>, Self::Error>;
}

/// `is_whole`: trailing groups read all events as one partition.
pub(crate) fn read<A: Asked>(asked: &mut A, is_whole: bool) -> Result<StatisticsFacts, A::Error> {
    let positions = asked.rows::<Option<(OffsetKey, i64)>>(SELECT_POSITIONS)?;
    let positions = positions.into_iter().flatten().filter(|(key, _)| key.group.is_trailing()).collect();
    let archived: Vec<i64> = asked.rows(SELECT_BEFORE)?;
    let archived = archived.first().copied();
    let mut facts = StatisticsFacts { positions, is_whole, kept: vec![] };
    for counted in Counted::ALL {
        for resolution in Resolution::ALL {
            if let Some(since) = since(asked, *counted, *resolution, archived)? {
                facts.kept.push(kept(asked, *counted, *resolution, since)?);
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

fn kept<A: Asked>(
    asked: &mut A,
    counted: Counted,
    resolution: Resolution,
    since: Timestamp,
) -> Result<KeptFigures, A::Error> {
    let about = match counted {
        Counted::Coupons => "subject".to_owned(),
        Counted::Orders => format!("CASE WHEN subject = 0 THEN 0 ELSE {ABOUT_PRODUCTS} END"),
    };
    // A sum may be a decimal, which a driver would return as text.
    let select = format!(
        "SELECT {about} AS about, figure, CAST(SUM(amount) AS SIGNED) FROM statistic
         WHERE counted = '{}' AND resolution = '{}' AND began_at >= {} GROUP BY about, figure",
        counted.name(),
        resolution.name(),
        since.micros(),
    );
    let rows: Vec<(i64, String, i64)> = asked.rows(&select)?;
    let rows = rows.into_iter().map(|(subject, figure, amount)| (subject, Arc::from(figure), amount)).collect();
    Ok(KeptFigures::new(counted, resolution, since, rows))
}
