use std::future::ready;

use adapters::embedded::{self, Options};
use app::conformance::{Fixture, Opened};
use app::ports::Pending;
use tempfile::TempDir;

/// A store in a folder of its own, gone with the test.
pub(crate) struct Embedded {
    pub(crate) folder: TempDir,
}

impl Embedded {
    pub(crate) fn new() -> Embedded {
        Embedded { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn open(&self) -> embedded::Opened {
        let options = Options { synchronous: embedded::Synchronous::Off, cache_mib: 4, ..Options::default() };
        embedded::open(self.folder.path(), options).unwrap()
    }
}

impl Fixture for Embedded {
    fn open(&mut self) -> Pending<'_, Opened> {
        let embedded::Opened { store, log, .. } = Embedded::open(self);
        Box::pin(ready(Opened { store: Box::new(store), log: Box::new(log) }))
    }
}
