//! The outbox in commit order, with the hashes that prove it.

use app::audit::{Archived, EventFacts, LogFacts};

use super::reader::Reader;
use crate::mysql::failure::Result;
use crate::snapshot::Unreadable;
use crate::snapshot::log::{self, Differences, NAMED_MAX};

pub(super) fn read(
    reader: &mut Reader,
    archived: Option<Archived>,
    unreadable: &Unreadable,
    each: &mut dyn FnMut(EventFacts),
) -> Result<LogFacts> {
    let repeated = format!("SELECT id FROM event GROUP BY id HAVING COUNT(*) > 1 LIMIT {NAMED_MAX}");
    log::read(reader, archived, Differences { repeated, trail_end: None }, unreadable, each)
}
