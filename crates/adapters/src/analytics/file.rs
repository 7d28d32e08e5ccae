//! Events as files of newline-delimited JSON, `events-<day>-<number>.ndjson`: a file ends with its day or when it is
//! large. A batch is safe when it and its file's name are on the disk.

use std::fs::{File, OpenOptions, TryLockError};
use std::future::ready;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use app::log::trailing::analytics::{Lines, Sink};
use app::ports::BoxFuture;

use crate::file_lock::FileLock;

const PREFIX: &str = "events-";
const SUFFIX: &str = ".ndjson";
/// The folder's one writer holds a lock on this file.
const LOCK_FILE: &str = "writer.lock";
/// The end of a file is searched for its last whole line in steps of this size.
const STEP_BYTES: u64 = 64 * 1024;

pub struct FileSink {
    folder: PathBuf,
    bytes_max: u64,
    current: Option<Current>,
    /// `None` until the first batch.
    lock: Option<FileLock>,
}

/// The file that is being written.
struct Current {
    file: File,
    day: String,
    number: u32,
    bytes: u64,
}

impl FileSink {
    /// Files end when they are larger than `bytes_max`.
    pub const fn new(folder: PathBuf, bytes_max: u64) -> FileSink {
        FileSink { folder, bytes_max, current: None, lock: None }
    }

    fn write(&mut self, lines: &Lines) -> std::io::Result<()> {
        if self.lock.is_none() {
            std::fs::create_dir_all(&self.folder)?;
            let lock = FileLock::take(&self.folder.join(LOCK_FILE)).map_err(|error| match error {
                TryLockError::WouldBlock => std::io::Error::other("another process writes to the folder"),
                TryLockError::Error(error) => error,
            })?;
            self.lock = Some(lock);
        }
        // The day before comes again where partitions of the store are not equally far.
        if self.current.as_ref().is_none_or(|current| current.day != lines.day) {
            self.current = self.last(&lines.day)?;
        }
        if self.current.as_ref().is_none_or(|current| current.bytes >= self.bytes_max) {
            let number = self.current.as_ref().map_or(0, |last| last.number);
            self.current = Some(self.begin(&lines.day, number + 1)?);
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        current.file.write_all(lines.text.as_bytes())?;
        current.bytes += lines.text.len() as u64;
        current.file.sync_data()
    }

    fn begin(&self, day: &str, number: u32) -> std::io::Result<Current> {
        let path = self.folder.join(format!("{PREFIX}{day}-{number:04}{SUFFIX}"));
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        File::open(&self.folder)?.sync_all()?;
        let bytes = file.metadata()?.len();
        Ok(Current { file, day: day.to_owned(), number, bytes })
    }

    /// Opens the latest file of a day. A line that a killed process left half is cut off: its event comes again, for the same file.
    fn last(&self, wanted: &str) -> std::io::Result<Option<Current>> {
        let mut latest: Option<(u32, PathBuf)> = None;
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some((_, number)) = place(&path).filter(|(day, _)| day == wanted) else { continue };
            if latest.as_ref().is_none_or(|(last, _)| number > *last) {
                latest = Some((number, path));
            }
        }
        let Some((number, path)) = latest else { return Ok(None) };
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let bytes = whole_lines(&mut file)?;
        file.set_len(bytes)?;
        Ok(Some(Current { file, day: wanted.to_owned(), number, bytes }))
    }
}

/// Returns the day and the number of a file of events.
fn place(path: &Path) -> Option<(String, u32)> {
    let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (day, number) = name.rsplit_once('-')?;
    Some((day.to_owned(), number.parse().ok()?))
}

/// Returns the length of a file up to its last line break.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let begin = end.saturating_sub(STEP_BYTES);
        file.seek(SeekFrom::Start(begin))?;
        let mut step = Vec::new();
        file.take(end - begin).read_to_end(&mut step)?;
        if let Some(place) = step.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + place as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

impl Sink for FileSink {
    fn name(&self) -> &'static str {
        "file"
    }

    fn take<'a>(&'a mut self, lines: &'a Lines) -> BoxFuture<'a, Result<(), String>> {
        let written = self.write(lines).map_err(|error| {
            // What is on the disk is looked up again.
            self.current = None;
            format!("{}: {error}", self.folder.display())
        });
        Box::pin(ready(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(day: &str, count: usize) -> Lines {
        let text: String = (0..count).map(|number| format!("{{\"number\":{number}}}\n")).collect();
        Lines { text, count, day: day.to_owned(), name: "a batch".to_owned() }
    }

    fn write(sink: &mut FileSink, day: &str, count: usize) {
        sink.write(&lines(day, count)).unwrap();
    }

    fn files(folder: &Path) -> Vec<(String, usize)> {
        let mut files: Vec<(String, usize)> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| place(path).is_some())
            .map(|path| {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                (path.file_name().unwrap().to_str().unwrap().to_owned(), lines)
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_file_ends_with_its_day_and_when_it_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FileSink::new(folder.path().to_owned(), 30);
        write(&mut sink, "2026-11-21", 1);
        write(&mut sink, "2026-11-21", 2);
        write(&mut sink, "2026-11-21", 1);
        write(&mut sink, "2026-11-22", 1);
        let wanted = [("events-2026-11-21-0001.ndjson", 3), ("events-2026-11-21-0002.ndjson", 1)];
        let wanted = wanted.into_iter().chain([("events-2026-11-22-0001.ndjson", 1)]);
        assert_eq!(files(folder.path()), wanted.map(|(name, lines)| (name.to_owned(), lines)).collect::<Vec<_>>());
    }

    #[test]
    fn a_day_that_comes_again_goes_on_in_its_last_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FileSink::new(folder.path().to_owned(), 30);
        for day in ["2026-11-21", "2026-11-21", "2026-11-21", "2026-11-22", "2026-11-21", "2026-11-22"] {
            write(&mut sink, day, 1);
        }
        drop(sink);
        write(&mut FileSink::new(folder.path().to_owned(), 30), "2026-11-21", 1);
        let wanted = [
            ("events-2026-11-21-0001.ndjson", 3),
            ("events-2026-11-21-0002.ndjson", 2),
            ("events-2026-11-22-0001.ndjson", 2),
        ];
        assert_eq!(files(folder.path()), wanted.map(|(name, lines)| (name.to_owned(), lines)));
    }

    #[test]
    fn a_half_line_is_cut_off_and_the_file_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        write(&mut FileSink::new(folder.path().to_owned(), 1_000_000), "2026-11-21", 2);
        let path = folder.path().join("events-2026-11-21-0001.ndjson");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"number\":").unwrap();
        write(&mut FileSink::new(folder.path().to_owned(), 1_000_000), "2026-11-21", 1);
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text, "{\"number\":0}\n{\"number\":1}\n{\"number\":0}\n");
    }

    #[test]
    fn a_folder_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = FileSink::new(folder.path().to_owned(), 1_000);
        write(&mut first, "2026-11-21", 1);
        let second = FileSink::new(folder.path().to_owned(), 1_000).write(&lines("2026-11-21", 1));
        assert!(second.unwrap_err().to_string().contains("another process"));
    }
}
