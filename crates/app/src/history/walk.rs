//! Walks through the events of the store in pages and windows, so that one read looks at a bounded part of them.

use std::ops::Range;

use domain::time::Timestamp;

use crate::ports::StoreError;
use crate::ports::events::{Direction, EventFilter, EventViews, EventWindow, WrittenEvent};

/// Positions that one read looks at.
pub const WINDOW: i64 = 1_000;
/// Positions that one page looks at. It may then be short or empty, and the next page continues.
pub const LOOKED_AT_MAX: i64 = 10_000;

/// Positions that are walked through, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range<i64>>);

impl Ranges {
    pub fn one(range: Range<i64>) -> Ranges {
        Ranges(vec![range])
    }

    /// Returns the union of ranges in any order, without empty ones.
    pub fn union(mut ranges: Vec<Range<i64>>) -> Ranges {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<i64>> = vec![];
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Ranges(merged)
    }

    /// Returns the part of the ranges inside of another one.
    #[must_use]
    pub fn within(self, bounds: &Range<i64>) -> Ranges {
        let cut = |range: Range<i64>| range.start.max(bounds.start)..range.end.min(bounds.end);
        Ranges(self.0.into_iter().map(cut).filter(|range| !range.is_empty()).collect())
    }

    /// Returns the ranges in the order in which they are walked through.
    fn along(&self, direction: Direction) -> Vec<Range<i64>> {
        let ranges = self.0.iter().filter(|range| !range.is_empty()).cloned();
        match direction {
            Direction::OldestFirst => ranges.collect(),
            Direction::NewestFirst => ranges.rev().collect(),
        }
    }
}

/// Events of a walk, and where the next page continues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub events: Vec<WrittenEvent>,
    /// Oldest first: the next position. Newest first: the position after the next one. `None`: the walk is over.
    pub next: Option<i64>,
}

/// A walk in one direction through ranges of positions.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    pub views: &'a dyn EventViews,
    pub wanted: &'a EventFilter,
    pub ranges: &'a Ranges,
    pub direction: Direction,
}

impl Walk<'_> {
    /// Returns the next `limit` wanted events; fewer if [`LOOKED_AT_MAX`] positions have fewer.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    pub async fn page(&self, limit: usize) -> Result<Page, StoreError> {
        let (mut page, mut looked_at) = (Page::default(), 0);
        for range in self.ranges.along(self.direction) {
            let mut rest = range;
            while !rest.is_empty() {
                if looked_at >= LOOKED_AT_MAX {
                    page.next = Some(edge(&rest, self.direction));
                    return Ok(page);
                }
                // One more than the page has, to know if more follow.
                let (rows, seen) = self.look(&rest, limit + 1 - page.events.len()).await?;
                for row in rows.into_iter().filter(|row| self.wanted.is_met_by(row)) {
                    if page.events.len() == limit {
                        page.next = page.events.last().map(|last| behind(last.position, self.direction));
                        return Ok(page);
                    }
                    page.events.push(row);
                }
                looked_at += seen.end - seen.start;
                rest = without(&rest, &seen, self.direction);
            }
        }
        Ok(page)
    }

    /// Hands every wanted event to `take`, until it returns false.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    pub async fn each(&self, mut take: impl FnMut(WrittenEvent) -> bool) -> Result<(), StoreError> {
        const READ_AT_ONCE: usize = 500;
        for range in self.ranges.along(self.direction) {
            let mut rest = range;
            while !rest.is_empty() {
                let (rows, seen) = self.look(&rest, READ_AT_ONCE).await?;
                for row in rows.into_iter().filter(|row| self.wanted.is_met_by(row)) {
                    if !take(row) {
                        return Ok(());
                    }
                }
                rest = without(&rest, &seen, self.direction);
            }
        }
        Ok(())
    }

    /// Reads the first window of a range, and returns the part of it that was read.
    async fn look(&self, rest: &Range<i64>, limit: usize) -> Result<(Vec<WrittenEvent>, Range<i64>), StoreError> {
        let direction = self.direction;
        let positions = match direction {
            Direction::OldestFirst => rest.start..rest.end.min(rest.start + WINDOW),
            Direction::NewestFirst => rest.start.max(rest.end - WINDOW)..rest.end,
        };
        let window = EventWindow { positions: positions.clone(), direction, limit };
        let rows = self.views.events_in(self.wanted, window).await?;
        let seen = match rows.last().filter(|_| rows.len() >= limit) {
            None => positions,
            Some(last) if direction == Direction::OldestFirst => positions.start..last.position + 1,
            Some(last) => last.position..positions.end,
        };
        Ok((rows, seen))
    }
}

const fn edge(rest: &Range<i64>, direction: Direction) -> i64 {
    match direction {
        Direction::OldestFirst => rest.start,
        Direction::NewestFirst => rest.end,
    }
}

/// Returns where a walk continues after the event at a position.
const fn behind(position: i64, direction: Direction) -> i64 {
    match direction {
        Direction::OldestFirst => position + 1,
        Direction::NewestFirst => position,
    }
}

const fn without(rest: &Range<i64>, seen: &Range<i64>, direction: Direction) -> Range<i64> {
    match direction {
        Direction::OldestFirst => seen.end..rest.end,
        Direction::NewestFirst => rest.start..seen.start,
    }
}

/// Returns the first position whose event may not be older than a moment; at most 63 reads of one row find it.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn first_since(views: &dyn EventViews, moment: Timestamp) -> Result<i64, StoreError> {
    let moment = Timestamp::from_micros(moment.micros().saturating_sub(slack_us(views)));
    let (mut low, mut high) = (1, views.events_end().await?);
    while low < high {
        let middle = low + (high - low) / 2;
        match views.event_from(middle).await? {
            Some((position, at)) if position < high && at < moment => low = position + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Returns positions that include every event of a period: from `from` on, to `to` inclusive.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn positions(
    views: &dyn EventViews,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Range<i64>, StoreError> {
    let start = match from {
        Some(from) => first_since(views, from).await?,
        None => 1,
    };
    let end = match to {
        // Twice the slack, because the search begins that much earlier.
        Some(to) => {
            let slack = slack_us(views).saturating_mul(2).saturating_add(1);
            first_since(views, Timestamp::from_micros(to.micros().saturating_add(slack))).await?
        }
        None => views.events_end().await?,
    };
    Ok(start..end)
}

fn slack_us(views: &dyn EventViews) -> i64 {
    i64::try_from(views.time_slack().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
