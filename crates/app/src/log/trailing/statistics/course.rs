//! The sums of the figures over a part of time, and their course by minute, hour or day: exact, or refused.
//!
//! Minutes and hours are deleted when they are old. Sums over longer intervals replace them wherever those are equal: where
//! nothing is counted in an interval over the edge of what is asked for.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use domain::time::Timestamp;

use super::{DAY_S, HOUR_S, kept_since};
use crate::ports::views::{Since, StatisticsViews, WantedFigures, WantedTotals};
use crate::ports::{Calendar, StoreError};
use crate::state::rows::{Added, Counted, Resolution};

/// The most intervals of a course.
pub const INTERVALS_MAX: u32 = 1_500;

const MICRO: Duration = Duration::from_micros(1);

/// A question about one subject.
#[derive(Clone, Copy, Debug)]
pub struct WantedCourse {
    pub counted: Counted,
    pub subject: i64,
    /// The length of the intervals.
    pub resolution: Resolution,
    /// The first interval is the one that includes this moment.
    pub from: Option<Timestamp>,
    /// The last interval begins before this moment.
    pub to: Option<Timestamp>,
}

/// Sums by the name of their figure.
pub type Sums = BTreeMap<String, i64>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub totals: Sums,
    /// The latest intervals in which something happened.
    pub intervals: BTreeMap<Timestamp, Sums>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCourse {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("figures of {asked:?} are deleted; those of each {} are kept", .longer.name())]
    NotKept {
        asked: Asked,
        /// The shortest intervals of that time that are kept.
        longer: Resolution,
    },
}

/// A part of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    From,
    To,
    Interval,
}

/// Reads courses as of a moment.
pub struct Reader<'a> {
    pub views: &'a dyn StatisticsViews,
    pub calendar: &'a dyn Calendar,
    pub now: Timestamp,
}

impl Reader<'_> {
    /// Returns the answer.
    ///
    /// # Errors
    ///
    /// [`NoCourse::NotKept`] when figures are deleted that the answer needs. [`NoCourse::Store`] when the store is broken or
    /// unreachable.
    pub async fn read(&self, wanted: &WantedCourse) -> Result<Course, NoCourse> {
        let WantedCourse { counted, subject, resolution, from, to } = *wanted;
        let begin = from.map(|from| self.calendar.start(resolution, from));
        let end = to.map(|to| self.end(resolution, to));
        let first = self.first(wanted, begin, end);
        let range = first..end.unwrap_or(Since::END.moment);
        self.check_kept(wanted, &range).await?;
        let figures = self.views.figures(WantedFigures { counted, resolution, subject, range }).await?;
        let mut course = Course::default();
        for Added { key, amount } in figures {
            let sums = course.intervals.entry(key.began_at).or_default();
            *sums.entry((*key.figure).to_owned()).or_default() += amount;
            if begin == Some(first) {
                *course.totals.entry((*key.figure).to_owned()).or_default() += amount;
            }
        }
        if begin != Some(first) {
            course.totals = self.totals(wanted, begin, end).await?;
        }
        Ok(course)
    }

    /// Returns the end of the last interval that begins before a moment. Days are never deleted, so that theirs is not needed.
    fn end(&self, resolution: Resolution, to: Timestamp) -> Timestamp {
        let start = self.calendar.start(resolution, to);
        match resolution {
            Resolution::Minute | Resolution::Hour if start < to => start + longest(resolution),
            Resolution::Minute | Resolution::Hour | Resolution::Day => to,
        }
    }

    /// Returns the beginning of the course: at most the latest intervals, and without `from` only those that are kept.
    fn first(&self, wanted: &WantedCourse, begin: Option<Timestamp>, end: Option<Timestamp>) -> Timestamp {
        let WantedCourse { resolution, to, .. } = *wanted;
        let earliest = end.map_or(self.now, |end| end.min(self.now)) - shortest(resolution) * INTERVALS_MAX;
        let kept = kept_since(resolution, self.now);
        let is_last_kept = to.is_none_or(|to| self.calendar.start(resolution, to - MICRO) >= kept);
        match begin {
            Some(begin) => begin.max(earliest),
            None if is_last_kept => earliest.max(kept),
            None => earliest,
        }
    }

    /// Refuses a course if something happened in a deleted interval of it.
    async fn check_kept(&self, wanted: &WantedCourse, course: &Range<Timestamp>) -> Result<(), NoCourse> {
        let deleted = course.start..course.end.min(kept_since(wanted.resolution, self.now));
        if deleted.is_empty() {
            return Ok(());
        }
        let longer = self.kept_at(wanted.resolution, deleted.start);
        if self.has_figures(wanted, longer, deleted).await? {
            return Err(NoCourse::NotKept { asked: Asked::Interval, longer });
        }
        Ok(())
    }

    async fn totals(
        &self,
        wanted: &WantedCourse,
        begin: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Sums, NoCourse> {
        let WantedCourse { counted, subject, .. } = *wanted;
        let since = match begin {
            Some(begin) => self.since(wanted, begin, Asked::From).await?,
            None => Since::BEGINNING,
        };
        let less = match end {
            Some(end) => Some(self.since(wanted, end, Asked::To).await?),
            None => None,
        };
        let totals = self.views.totals(WantedTotals { counted, subject, since, less }).await?;
        Ok(totals.into_iter().filter(|(_, amount)| *amount != 0).collect())
    }

    /// Returns the figures that are everything since a moment.
    async fn since(&self, wanted: &WantedCourse, moment: Timestamp, asked: Asked) -> Result<Since, NoCourse> {
        let resolution = self.kept_at(wanted.resolution, moment);
        if resolution != wanted.resolution && self.has_figures(wanted, resolution, moment..moment).await? {
            return Err(NoCourse::NotKept { asked, longer: resolution });
        }
        Ok(Since { resolution, moment })
    }

    /// Returns the shortest intervals that are kept since a moment, and are not shorter than those of the question.
    fn kept_at(&self, wanted: Resolution, moment: Timestamp) -> Resolution {
        let is_kept = |resolution: &&Resolution| **resolution >= wanted && kept_since(**resolution, self.now) <= moment;
        Resolution::ALL.iter().find(is_kept).copied().unwrap_or(Resolution::Day)
    }

    /// Returns true if something is counted in an interval that begins in a range, or reaches over its beginning.
    async fn has_figures(
        &self,
        wanted: &WantedCourse,
        resolution: Resolution,
        range: Range<Timestamp>,
    ) -> Result<bool, StoreError> {
        let WantedCourse { counted, subject, .. } = *wanted;
        let start = range.start;
        let range = start - longest(resolution) + MICRO..range.end;
        let figures = self.views.figures(WantedFigures { counted, resolution, subject, range }).await?;
        let is_in = |began_at: Timestamp| began_at >= start || self.reaches(resolution, began_at, start);
        Ok(figures.iter().any(|added| is_in(added.key.began_at)))
    }

    /// Returns true if an interval reaches over a moment, less than its longest length after its beginning. A day of a time
    /// zone that the shop had before may.
    fn reaches(&self, resolution: Resolution, began_at: Timestamp, moment: Timestamp) -> bool {
        let start = |at| self.calendar.start(resolution, at);
        match resolution {
            Resolution::Minute | Resolution::Hour => true,
            Resolution::Day => start(began_at) != began_at || start(moment) == began_at,
        }
    }
}

const fn shortest(resolution: Resolution) -> Duration {
    match resolution {
        Resolution::Minute => Duration::from_secs(60),
        Resolution::Hour => Duration::from_secs(HOUR_S),
        Resolution::Day => Duration::from_secs(DAY_S),
    }
}

/// A day has an hour more when summer time ends.
const fn longest(resolution: Resolution) -> Duration {
    match resolution {
        Resolution::Minute | Resolution::Hour => shortest(resolution),
        Resolution::Day => Duration::from_secs(DAY_S + HOUR_S),
    }
}
