//! SELECTs of the figures of the statistics.

/// The figures of one subject that begin in a range.
pub(crate) const SELECT_FIGURES: &str = "SELECT counted, resolution, subject, began_at, figure, amount FROM statistic \
     WHERE counted = ? AND resolution = ? AND subject = ? AND began_at >= ? AND began_at < ? ORDER BY began_at";

/// One statement, so that both parts are read as of one commit. In one of the stores a sum is a decimal, which its driver
/// would return as text.
pub(crate) const SELECT_TOTALS: &str = "SELECT figure, CAST(SUM(part) AS SIGNED) FROM ( \
     SELECT figure, SUM(amount) AS part FROM statistic \
     WHERE counted = ? AND resolution = ? AND subject = ? AND began_at >= ? GROUP BY figure \
     UNION ALL SELECT figure, -SUM(amount) AS part FROM statistic \
     WHERE counted = ? AND resolution = ? AND subject = ? AND began_at >= ? GROUP BY figure \
     ) AS parts GROUP BY figure";
