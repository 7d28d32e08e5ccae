//! The lines of an order by the drop that counts them.

use std::collections::BTreeMap;

use domain::ids::{DropId, ProductId};
use domain::order::Line;

/// Returns the units of each drop; most orders have none.
pub(super) fn by_drop(
    lines: &[Line],
    units: impl Fn(&Line) -> Option<(ProductId, i64)>,
) -> BTreeMap<DropId, Vec<(ProductId, i64)>> {
    let mut drops: BTreeMap<DropId, Vec<(ProductId, i64)>> = BTreeMap::new();
    for (line, drop) in lines.iter().filter_map(|line| Some((line, line.drop?))) {
        drops.entry(drop).or_default().extend(units(line));
    }
    drops
}
