//! The last commit that is known to be durable, in a file beside the store.
//!
//! SQLite ends a damaged log at its last whole commit, and creates an empty database where there is none. In neither
//! case does it report that anything is missing. The mark records how far the store had come: a store that ends before
//! its mark has lost commits that were answered (`docs/decisions/0042`).
//!
//! A mark is written after the sync of its commit, so it never names more than the disk has, and it costs no sync of
//! its own.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The file of the mark in its data folder.
pub const MARK_FILE: &str = "shop.db-mark";
const MAGIC: &[u8; 8] = b"DBMARK01";
const BODY_BYTES: usize = 56;
const RECORD_BYTES: usize = 64;
/// The two records are in sectors of their own, so that a torn write spoils one of them at most.
const SECTOR_BYTES: u64 = 512;

/// The last durable commit of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Distinguishes this shop from others.
    pub(super) shop: [u8; 16],
    /// The opening that wrote it.
    pub(super) engine: u32,
    /// The last durable commit of that opening; 0 before its first one.
    pub(super) commit: i64,
}

/// Writes marks: each one over the older of the two records.
#[derive(Debug)]
pub(super) struct MarkWriter {
    file: File,
    serial: u64,
    mark: Mark,
}

/// Identifies a shop in its mark; the key itself stays in the store.
pub(super) fn shop_of(codec_key: [u8; 16]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(b"mark of shop").chain_update(codec_key).finalize();
    std::array::from_fn(|place| digest[place])
}

/// Reads the newer whole record. A folder without one was served by an older program, or never.
pub(super) fn read(folder: &Path) -> io::Result<Option<Mark>> {
    Ok(newest(folder)?.map(|(_, mark)| mark))
}

fn newest(folder: &Path) -> io::Result<Option<(u64, Mark)>> {
    let mut bytes = vec![];
    match File::open(folder.join(MARK_FILE)) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let records = bytes.chunks(SECTOR_BYTES as usize).filter_map(parse);
    Ok(records.max_by_key(|(serial, _)| *serial))
}

fn parse(sector: &[u8]) -> Option<(u64, Mark)> {
    let record = sector.first_chunk::<RECORD_BYTES>()?;
    let (body, sum) = record.split_at(BODY_BYTES);
    if sum != &checksum(body)[..] || !body.starts_with(MAGIC) {
        return None;
    }
    let shop = *body[8..].first_chunk()?;
    let serial = u64::from_be_bytes(*body[24..].first_chunk()?);
    let engine = u32::from_be_bytes(*body[32..].first_chunk()?);
    let commit = i64::from_be_bytes(*body[40..].first_chunk()?);
    Some((serial, Mark { shop, engine, commit }))
}

fn checksum(body: &[u8]) -> [u8; RECORD_BYTES - BODY_BYTES] {
    let digest = Sha256::digest(body);
    std::array::from_fn(|place| digest[place])
}

impl MarkWriter {
    /// Starts to mark the commits of an opening that is durable itself.
    pub(super) fn start(folder: &Path, mark: Mark) -> io::Result<MarkWriter> {
        let serial = newest(folder)?.map_or(0, |(serial, _)| serial);
        let path = folder.join(MARK_FILE);
        let is_new = !path.exists();
        let mut file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        if is_new {
            file.write_all(&[0; 2 * SECTOR_BYTES as usize])?;
        }
        let mut writer = MarkWriter { file, serial, mark };
        writer.write()?;
        writer.file.sync_all()?;
        if is_new {
            File::open(folder)?.sync_all()?;
        }
        Ok(writer)
    }

    /// Marks a durable commit. It is not synced: a mark that a power cut loses is only older.
    pub(super) fn reach(&mut self, commit: i64) -> io::Result<()> {
        if commit <= self.mark.commit {
            return Ok(());
        }
        self.mark.commit = commit;
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.serial += 1;
        let Mark { shop, engine, commit } = self.mark;
        let mut record = [0; RECORD_BYTES];
        record[..8].copy_from_slice(MAGIC);
        record[8..24].copy_from_slice(&shop);
        record[24..32].copy_from_slice(&self.serial.to_be_bytes());
        record[32..36].copy_from_slice(&engine.to_be_bytes());
        record[40..48].copy_from_slice(&commit.to_be_bytes());
        let sum = checksum(&record[..BODY_BYTES]);
        record[BODY_BYTES..].copy_from_slice(&sum);
        self.file.write_all_at(&record, self.serial % 2 * SECTOR_BYTES)
    }

    /// Syncs the latest mark.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: [u8; 16] = [7; 16];

    fn mark(engine: u32, commit: i64) -> Mark {
        Mark { shop: SHOP, engine, commit }
    }

    #[test]
    fn the_next_opening_reads_the_latest_mark() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let mut first = MarkWriter::start(folder.path(), mark(1, 0)).unwrap();
        for commit in 1..=5 {
            first.reach(commit).unwrap();
            assert_eq!(read(folder.path()).unwrap(), Some(mark(1, commit)));
        }
        first.reach(3).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(mark(1, 5)), "a mark never goes back");
        MarkWriter::start(folder.path(), mark(2, 0)).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(mark(2, 0)));
    }

    #[test]
    fn a_torn_write_leaves_the_mark_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = MarkWriter::start(folder.path(), mark(1, 0)).unwrap();
        writer.reach(1).unwrap();
        writer.reach(2).unwrap();
        let path = folder.path().join(MARK_FILE);
        let whole = std::fs::read(&path).unwrap();
        let latest = usize::try_from(writer.serial % 2 * SECTOR_BYTES).unwrap();
        for place in latest..latest + RECORD_BYTES {
            let mut torn = whole.clone();
            torn[place] ^= 1;
            std::fs::write(&path, &torn).unwrap();
            assert_eq!(read(folder.path()).unwrap(), Some(mark(1, 1)), "byte {place}");
        }
    }
}
