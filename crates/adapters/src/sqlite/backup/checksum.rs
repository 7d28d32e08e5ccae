//! The checksum at the end of a backup.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::BackupError;

const MAGIC: &[u8; 8] = b"DBBACK01";
/// The mark, the number of bytes before it, and their SHA-256.
const TRAILER_BYTES: usize = 48;
const CHUNK_BYTES: usize = 1 << 20;

/// Appends the checksum to a complete file and syncs it. Returns the file's size and the checksum.
pub(super) fn append(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let bytes = file.metadata()?.len();
    let digest = digest(&mut file, bytes, &mut io::sink())?;
    file.write_all(MAGIC)?;
    file.write_all(&bytes.to_be_bytes())?;
    file.write_all(&digest)?;
    file.sync_all()?;
    Ok((bytes + TRAILER_BYTES as u64, hex(&digest)))
}

/// Returns the size and the checksum that the end of a file claims; `None` if the file is not a backup.
pub(super) fn claimed(path: &Path) -> io::Result<Option<(u64, [u8; 32])>> {
    claimed_by(&mut File::open(path)?)
}

fn claimed_by(file: &mut File) -> io::Result<Option<(u64, [u8; 32])>> {
    let bytes = file.metadata()?.len();
    if bytes < TRAILER_BYTES as u64 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-(TRAILER_BYTES as i64)))?;
    let mut trailer = [0; TRAILER_BYTES];
    file.read_exact(&mut trailer)?;
    let (head, digest) = trailer.split_at(16);
    let (Some(length), Some(digest)) = (head[8..].first_chunk(), digest.first_chunk()) else { return Ok(None) };
    let body = u64::from_be_bytes(*length);
    Ok((head.starts_with(MAGIC) && body + TRAILER_BYTES as u64 == bytes).then_some((body, *digest)))
}

/// Compares a file with its checksum, and copies what is before it.
pub(super) fn compare(file: &mut File, path: &Path, copy: &mut dyn Write) -> Result<String, BackupError> {
    let of_file = |error| BackupError::File(path.to_owned(), error);
    let Some((bytes, claimed)) = claimed_by(file).map_err(of_file)? else {
        return Err(BackupError::NoBackup(path.to_owned()));
    };
    let found = digest(file, bytes, copy).map_err(of_file)?;
    if found == claimed { Ok(hex(&found)) } else { Err(BackupError::Damaged(path.to_owned())) }
}

fn digest(file: &mut File, bytes: u64, copy: &mut dyn Write) -> io::Result<[u8; 32]> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut body = Read::by_ref(file).take(bytes);
    loop {
        match body.read(&mut chunk)? {
            0 => return Ok(digest.finalize().into()),
            read => {
                digest.update(&chunk[..read]);
                copy.write_all(&chunk[..read])?;
            }
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
