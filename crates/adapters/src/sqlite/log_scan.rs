//! Scans a log beyond the frame where SQLite stops reading.
//!
//! SQLite stops at the first frame whose checksum does not follow from the frame before. After a plain crash nothing
//! that counts comes behind it. After damage there are commits behind it, and SQLite does not report them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The two magic numbers; the last bit says that checksums are summed in big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// The frames behind the one where SQLite stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogScan {
    /// Commits that SQLite reads.
    pub(super) commits: u64,
    /// Whole frames of this log behind the break.
    pub(super) frames_behind: u64,
    /// Commits that end with one of them.
    pub(super) commits_behind: u64,
    /// The byte offset of the break.
    pub(super) breaks_at: Option<u64>,
}

/// Scans a log from its beginning to its end; a missing or empty one has no frames.
pub(super) fn scan(log: &Path) -> io::Result<LogScan> {
    scan_file(log, &mut |_| ())
}

/// Returns the pages of the commits that SQLite reads.
pub(super) fn pages(log: &Path) -> io::Result<BTreeSet<u64>> {
    let (mut committed, mut pending) = (BTreeSet::new(), vec![]);
    scan_file(log, &mut |frame| {
        pending.push(u64::from(frame.page));
        if frame.ends_commit {
            committed.extend(pending.drain(..));
        }
    })?;
    Ok(committed)
}

/// A frame before the break.
struct Frame {
    page: u32,
    ends_commit: bool,
}

fn scan_file(log: &Path, each: &mut dyn FnMut(Frame)) -> io::Result<LogScan> {
    match File::open(log) {
        Ok(file) => scan_all(&mut BufReader::with_capacity(1 << 20, file), each),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(LogScan::default()),
        Err(error) => Err(error),
    }
}

fn scan_all(log: &mut impl Read, each: &mut dyn FnMut(Frame)) -> io::Result<LogScan> {
    let mut found = LogScan::default();
    let mut header = [0; HEADER_BYTES];
    if !fill(log, &mut header)? {
        return Ok(found);
    }
    let word = |place: usize| word_at(&header, place);
    let is_big_endian = word(0) == MAGIC + 1;
    if word(0) & !1 != MAGIC {
        return Ok(LogScan { breaks_at: Some(0), ..found });
    }
    let page_bytes = word(8) as usize;
    if !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
        return Ok(LogScan { breaks_at: Some(0), ..found });
    }
    let salts = &header[16..24];
    let mut sum = Checksum::default().add(&header[..24], is_big_endian);
    let mut is_broken = sum != Checksum::at(&header, 24);
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let mut at = HEADER_BYTES as u64;
    found.breaks_at = is_broken.then_some(0);
    while fill(log, &mut frame)? {
        let is_of_this_log = frame[8..16] == *salts;
        let expected = sum.add(&frame[..8], is_big_endian).add(&frame[FRAME_HEADER_BYTES..], is_big_endian);
        let stored = Checksum::at(&frame, 16);
        let is_whole = is_of_this_log && expected == stored;
        let ends_commit = u64::from(frame[4..8] != [0; 4]);
        // Behind a break each frame is compared with the stored checksum of the frame before it.
        sum = stored;
        if !is_whole && !is_broken {
            is_broken = true;
            found.breaks_at = Some(at);
        } else if is_whole && is_broken {
            found.frames_behind += 1;
            found.commits_behind += ends_commit;
        } else if is_whole {
            found.commits += ends_commit;
            each(Frame { page: word_at(&frame, 0), ends_commit: ends_commit > 0 });
        }
        at += frame.len() as u64;
    }
    Ok(found)
}

/// Fills a buffer; returns `false` at the end of the log.
fn fill(log: &mut impl Read, piece: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(piece) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word_at(bytes: &[u8], place: usize) -> u32 {
    bytes[place..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}

/// SQLite's checksum of its log, over pairs of words.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Checksum {
    first: u32,
    second: u32,
}

impl Checksum {
    /// Reads a stored checksum.
    fn at(bytes: &[u8], place: usize) -> Checksum {
        Checksum { first: word_at(bytes, place), second: word_at(bytes, place + 4) }
    }

    fn add(self, bytes: &[u8], is_big_endian: bool) -> Checksum {
        let Checksum { mut first, mut second } = self;
        let word = |bytes: [u8; 4]| if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(word([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(second);
            second = second.wrapping_add(word([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(first);
        }
        Checksum { first, second }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A log of ten commits that were not copied, and its bytes.
    fn log() -> (tempfile::TempDir, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let writer = Connection::open(&database).unwrap();
        writer
            .execute_batch("PRAGMA page_size = 512; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0")
            .unwrap();
        writer.execute_batch("CREATE TABLE entry (value BLOB)").unwrap();
        for _ in 1..10 {
            writer.execute_batch("INSERT INTO entry VALUES (zeroblob(900))").unwrap();
        }
        let bytes = std::fs::read(folder.path().join("a.db-wal")).unwrap();
        (folder, bytes)
    }

    #[test]
    fn commits_behind_a_flipped_bit_are_counted() {
        let (_folder, whole) = log();
        assert_eq!(scan_all(&mut &*whole, &mut |_| ()).unwrap(), LogScan { commits: 10, ..LogScan::default() });
        for place in [40, 60, 3_000, whole.len() / 2] {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            let found = scan_all(&mut &*damaged, &mut |_| ()).unwrap();
            let lost = 10 - found.commits;
            assert!(found.breaks_at.is_some_and(|at| at <= place as u64), "{place}: {found:?}");
            assert!(found.commits_behind > 0 && found.commits_behind + 1 >= lost, "{place}: {found:?}");
        }
    }

    #[test]
    fn a_truncated_log_has_nothing_behind_its_end() {
        let (_folder, whole) = log();
        for length in [0, 20, 32, 700, whole.len() - 1] {
            let found = scan_all(&mut &whole[..length], &mut |_| ()).unwrap();
            assert_eq!((found.breaks_at, found.frames_behind), (None, 0), "{length}");
            assert!(found.commits < 10);
        }
    }
}
