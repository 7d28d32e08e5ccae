//! The checksum of every page of the store's file when the shop was closed.
//!
//! Between two openings nothing may change in the file. A bit that the disk has lost, or an edit by hand, changes a
//! page, even where no law of the audit could see it because the value is stored once (`docs/decisions/0044`).

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::connection::{DATABASE_FILE, LOG_FILE};

/// The file of the checksums in its data folder.
pub const SUMS_FILE: &str = "shop.db-sums";
const MAGIC: &[u8; 8] = b"DBSUMS01";
const SUM_BYTES: usize = 8;
const HEADER_BYTES: usize = 12;
const TRAILER_BYTES: usize = 32;
/// Closing reads the whole file: a larger one gets no checksums.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// The most pages that are named; the others are counted.
const NAMED_MAX: usize = 10;

fn path(folder: &Path) -> PathBuf {
    folder.join(SUMS_FILE)
}

/// Sums up the pages of a store that was closed cleanly, after its last write. With anything left in its log it was not
/// closed, and the file is incomplete.
pub fn sum_up_closed(folder: &Path) -> io::Result<()> {
    if fs::metadata(folder.join(LOG_FILE)).is_ok_and(|log| log.len() > 0) {
        return Ok(());
    }
    let Some(page_bytes) = page_bytes(folder)? else { return Ok(()) };
    let Some(sums) = sum_up(folder, page_bytes as usize)? else { return Ok(()) };
    let mut bytes = MAGIC.to_vec();
    bytes.extend(page_bytes.to_be_bytes());
    bytes.extend(sums.iter().flatten());
    bytes.extend(Sha256::digest(&bytes));
    let aside = folder.join(format!("{SUMS_FILE}.new"));
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&aside)?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    fs::rename(aside, path(folder))
}

/// Reads the page size from the database's header.
fn page_bytes(folder: &Path) -> io::Result<Option<u32>> {
    let mut file = ManuallyDrop::new(File::open(folder.join(DATABASE_FILE))?);
    let mut header = [0; 18];
    match file.read_exact(&mut header) {
        Ok(()) => {
            let page_bytes = u32::from(u16::from_be_bytes([header[16], header[17]]));
            // The largest size does not fit into the field.
            Ok(Some(if page_bytes == 1 { 65_536 } else { page_bytes }).filter(|bytes| *bytes >= 512))
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Deletes the checksums before the store is written to.
pub(super) fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_file(path(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Returns the pages that differ from those of the closed store. Nothing is known of a store that was not closed, or
/// was opened since.
pub(super) fn changed(folder: &Path) -> io::Result<Vec<String>> {
    let bytes = match fs::read(path(folder)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error),
    };
    let Some((page_bytes, kept)) = parse(&bytes) else { return Ok(vec![format!("{SUMS_FILE} is damaged")]) };
    let found = sum_up(folder, page_bytes)?.unwrap_or_default();
    let pages = kept.len().max(found.len());
    let changed: Vec<usize> = (0..pages).filter(|page| kept.get(*page) != found.get(*page)).collect();
    let name = |page: &usize| format!("{DATABASE_FILE}: page {} has changed since the shop was closed", page + 1);
    let mut named: Vec<String> = changed.iter().take(NAMED_MAX).map(name).collect();
    if changed.len() > NAMED_MAX {
        named.push(format!("{DATABASE_FILE}: {} more pages have changed", changed.len() - NAMED_MAX));
    }
    Ok(named)
}

type Sum = [u8; SUM_BYTES];

fn parse(bytes: &[u8]) -> Option<(usize, Vec<Sum>)> {
    let (body, trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER_BYTES)?)?;
    let (header, sums) = body.split_at_checked(HEADER_BYTES)?;
    if Sha256::digest(body)[..] != *trailer || !header.starts_with(MAGIC) {
        return None;
    }
    let page_bytes = u32::from_be_bytes(*header[MAGIC.len()..].first_chunk()?) as usize;
    let sums = sums.chunks_exact(SUM_BYTES).filter_map(|sum| sum.first_chunk().copied()).collect();
    (page_bytes > 0).then_some((page_bytes, sums))
}

/// Returns `None` for a file that is too large.
fn sum_up(folder: &Path, page_bytes: usize) -> io::Result<Option<Vec<Sum>>> {
    // Closing the file would release the locks that SQLite holds on it for every connection of this process.
    let mut file = ManuallyDrop::new(File::open(folder.join(DATABASE_FILE))?);
    if file.metadata()?.len() > FILE_BYTES_MAX {
        return Ok(None);
    }
    let mut sums = vec![];
    let mut pages = vec![0; page_bytes.max(1) * 256];
    loop {
        let mut filled = 0;
        while filled < pages.len() {
            match file.read(&mut pages[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        let sum = |page: &[u8]| {
            let digest = Sha256::digest(page);
            std::array::from_fn(|place| digest[place])
        };
        sums.extend(pages[..filled].chunks(page_bytes).map(sum));
        if filled < pages.len() {
            return Ok(Some(sums));
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn changed_pages_are_named_until_the_store_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join(DATABASE_FILE);
        let connection = Connection::open(&database).unwrap();
        connection
            .execute_batch("CREATE TABLE entry (value BLOB); INSERT INTO entry VALUES (zeroblob(50000))")
            .unwrap();
        drop(connection);
        sum_up_closed(folder.path()).unwrap();
        assert_eq!(changed(folder.path()).unwrap(), Vec::<String>::new());
        let whole = fs::read(&database).unwrap();
        for place in (0..whole.len()).step_by(997) {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << (place % 8);
            fs::write(&database, damaged).unwrap();
            let page = place / 4_096 + 1;
            let expected = format!("shop.db: page {page} has changed since the shop was closed");
            assert_eq!(changed(folder.path()).unwrap(), [expected]);
        }
        fs::write(&database, &whole[..4_096]).unwrap();
        assert_eq!(changed(folder.path()).unwrap().len(), NAMED_MAX + 1, "missing pages");
        let sums = path(folder.path());
        let mut bytes = fs::read(&sums).unwrap();
        bytes[20] ^= 1;
        fs::write(&sums, bytes).unwrap();
        assert_eq!(changed(folder.path()).unwrap(), ["shop.db-sums is damaged"]);
        forget(folder.path()).unwrap();
        forget(folder.path()).unwrap();
        assert_eq!(changed(folder.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_store_with_a_log_is_not_summed_up() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        connection.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE entry (value BLOB)").unwrap();
        sum_up_closed(folder.path()).unwrap();
        assert!(!path(folder.path()).exists());
    }
}
