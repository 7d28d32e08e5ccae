//! Frames of the log that are held until they are written in one call.

/// Bytes of a frame's header, which precedes each page in the log: the page's number, the size of the database if a
/// commit ends here, else 0, and four more words.
const HEADER_BYTES: usize = 24;
/// The bytes of a frame's header that tell whether a commit ends with it.
const COMMIT: std::ops::Range<usize> = 4..8;
/// The most bytes held: a system call for 64 KiB costs little, and a larger buffer would displace other data from the
/// processor's caches.
const HELD_BYTES_MAX: usize = 64 << 10;

/// Bytes that SQLite wrote at the end of the log, and the file does not have yet.
///
/// Everything reaches the file in the order in which it was written here, and nothing of a commit is held once its last
/// page was written: SQLite shows a commit to other connections only after that.
#[derive(Default)]
pub(crate) struct Frames {
    held: Vec<u8>,
    /// The file offset of the first held byte.
    at: i64,
    /// The end of the latest write. A header that is written there begins the next frame; anywhere else it may be a
    /// rewritten one.
    end: i64,
    /// The next page completes a commit.
    is_last: bool,
}

impl Frames {
    /// Takes a write of SQLite, and passes on what is due.
    ///
    /// # Errors
    ///
    /// Those of `out`. Held bytes are dropped: SQLite rolls back the transaction of a failed write.
    pub(crate) fn write<E>(
        &mut self,
        bytes: &[u8],
        at: i64,
        mut out: impl FnMut(&[u8], i64) -> Result<(), E>,
    ) -> Result<(), E> {
        let written = self.take(bytes, at, &mut out);
        if written.is_err() {
            self.held.clear();
        }
        written
    }

    fn take<E>(&mut self, bytes: &[u8], at: i64, out: &mut impl FnMut(&[u8], i64) -> Result<(), E>) -> Result<(), E> {
        let is_next = at == self.end;
        let is_header = bytes.len() == HEADER_BYTES;
        self.end = at + bytes.len() as i64;
        if !is_next {
            self.write_out(&mut *out)?;
        }
        if self.held.is_empty() {
            if !is_next || !is_header {
                return out(bytes, at);
            }
            self.at = at;
        }
        self.held.extend_from_slice(bytes);
        if is_header {
            self.is_last = bytes[COMMIT] != [0; COMMIT.end - COMMIT.start];
            return Ok(());
        }
        if self.is_last || self.held.len() >= HELD_BYTES_MAX { self.write_out(out) } else { Ok(()) }
    }

    /// Writes the held bytes, before any other use of the file.
    ///
    /// # Errors
    ///
    /// Those of `out`. The bytes stay held: their transaction may continue, and a later call may write them.
    pub(crate) fn write_out<E>(&mut self, mut out: impl FnMut(&[u8], i64) -> Result<(), E>) -> Result<(), E> {
        if !self.held.is_empty() {
            out(&self.held, self.at)?;
            self.held.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const PAGE_BYTES: usize = 512;
    const LOG_HEADER_BYTES: usize = 32;

    /// The log's file: its content, the number of writes, and whether the disk is full.
    #[derive(Default)]
    struct Disk {
        file: Vec<u8>,
        writes: usize,
        is_full: bool,
    }

    impl Disk {
        fn put(&mut self, bytes: &[u8], at: i64) -> Result<(), &'static str> {
            if self.is_full {
                return Err("full");
            }
            let at = usize::try_from(at).unwrap();
            self.file.resize(self.file.len().max(at + bytes.len()), 0);
            self.file[at..at + bytes.len()].copy_from_slice(bytes);
            self.writes += 1;
            Ok(())
        }
    }

    /// A log behind [`Frames`], beside one that gets SQLite's writes directly.
    #[derive(Default)]
    struct Log {
        frames: Frames,
        disk: Disk,
        direct: Disk,
    }

    impl Log {
        fn write(&mut self, bytes: &[u8], at: usize) -> Result<(), &'static str> {
            let at = i64::try_from(at).unwrap();
            self.direct.put(bytes, at).unwrap();
            self.frames.write(bytes, at, |bytes, at| self.disk.put(bytes, at))
        }

        fn frame(&mut self, number: usize, fill: u8, is_last: bool) -> Result<(), &'static str> {
            let mut header = [fill; HEADER_BYTES];
            header[COMMIT].copy_from_slice(&u32::from(is_last).to_be_bytes());
            self.write(&header, place(number))?;
            self.write(&[fill; PAGE_BYTES], place(number) + HEADER_BYTES)
        }

        fn write_out(&mut self) -> Result<(), &'static str> {
            self.frames.write_out(|bytes, at| self.disk.put(bytes, at))
        }
    }

    fn place(frame: usize) -> usize {
        LOG_HEADER_BYTES + frame * (HEADER_BYTES + PAGE_BYTES)
    }

    #[test]
    fn a_commit_is_one_write() {
        let mut log = Log::default();
        log.write(&[1; LOG_HEADER_BYTES], 0).unwrap();
        for number in 0..100 {
            log.frame(number, 2, number == 99).unwrap();
        }
        assert_eq!(log.disk.writes, 2, "the log's own header, and the commit");
        assert_eq!(log.disk.file, log.direct.file);
    }

    #[test]
    fn a_long_commit_is_held_in_parts() {
        let mut log = Log::default();
        log.write(&[1; LOG_HEADER_BYTES], 0).unwrap();
        let numbers = 3 * HELD_BYTES_MAX / PAGE_BYTES;
        for number in 0..numbers {
            log.frame(number, 2, number == numbers - 1).unwrap();
            assert!(log.frames.held.len() < HELD_BYTES_MAX);
        }
        assert_eq!(log.disk.writes, 5);
        assert_eq!(log.disk.file, log.direct.file);
    }

    #[test]
    fn nothing_of_a_failed_commit_is_written_later() {
        let mut log = Log::default();
        log.write(&[1; LOG_HEADER_BYTES], 0).unwrap();
        log.disk.is_full = true;
        log.frame(0, 2, false).unwrap();
        assert_eq!(log.frame(1, 2, true), Err("full"));
        log.disk.is_full = false;
        log.write_out().unwrap();
        assert_eq!(log.disk.file.len(), LOG_HEADER_BYTES);
        log.frame(0, 3, true).unwrap();
        assert_eq!(log.disk.file[LOG_HEADER_BYTES..], log.direct.file[LOG_HEADER_BYTES..place(1)]);
    }

    #[test]
    fn a_write_that_failed_before_a_read_is_repeated_later() {
        let mut log = Log::default();
        log.write(&[1; LOG_HEADER_BYTES], 0).unwrap();
        log.frame(0, 2, false).unwrap();
        log.disk.is_full = true;
        assert_eq!(log.write_out(), Err("full"));
        log.disk.is_full = false;
        log.frame(1, 2, true).unwrap();
        assert_eq!(log.disk.file, log.direct.file);
    }

    /// A step of SQLite with its log.
    #[derive(Clone, Debug)]
    enum Step {
        /// A frame with this byte in it, and whether a commit ends with it.
        Append(u8, bool),
        /// A page written this many frames ago, changed once more.
        PageAgain(usize, u8),
        /// The same of its header, for the checksums.
        HeaderAgain(usize, u8),
        Rollback(usize),
        StartOver(u8),
        /// Any other call.
        Other,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (any::<u8>(), prop::bool::weighted(0.2)).prop_map(|(fill, is_last)| Step::Append(fill, is_last)),
            1 => (1..6_usize, any::<u8>()).prop_map(|(back, fill)| Step::PageAgain(back, fill)),
            1 => (1..6_usize, any::<u8>()).prop_map(|(back, fill)| Step::HeaderAgain(back, fill)),
            1 => (0..6_usize).prop_map(Step::Rollback),
            1 => any::<u8>().prop_map(Step::StartOver),
            1 => Just(Step::Other),
        ]
    }

    proptest! {
        #[test]
        fn the_file_is_what_sqlite_wrote(steps in vec(step(), 0..200)) {
            let mut log = Log::default();
            let mut next = 0_usize;
            for step in steps {
                match step {
                    Step::Append(fill, is_last) => {
                        log.frame(next, fill, is_last).unwrap();
                        next += 1;
                        prop_assert!(!is_last || log.frames.held.is_empty());
                    }
                    Step::PageAgain(back, fill) => {
                        log.write(&[fill; PAGE_BYTES], place(next.saturating_sub(back)) + HEADER_BYTES).unwrap();
                    }
                    Step::HeaderAgain(back, fill) => {
                        log.write(&[fill; HEADER_BYTES], place(next.saturating_sub(back))).unwrap();
                    }
                    Step::Rollback(frames) => next = next.saturating_sub(frames),
                    Step::StartOver(fill) => {
                        log.write(&[fill; LOG_HEADER_BYTES], 0).unwrap();
                        next = 0;
                    }
                    Step::Other => log.write_out().unwrap(),
                }
                if log.frames.held.is_empty() {
                    prop_assert_eq!(&log.disk.file, &log.direct.file);
                }
            }
            log.write_out().unwrap();
            prop_assert_eq!(&log.disk.file, &log.direct.file);
        }
    }
}
