use std::future::ready;

use adapters::sqlite::{self, Options};
use app::conformance::{Fixture, Opened};
use app::ports::BoxFuture;
use tempfile::TempDir;

/// A store in a folder of its own, removed with the test.
pub(crate) struct Embedded {
    pub(crate) folder: TempDir,
}

impl Embedded {
    pub(crate) fn new() -> Embedded {
        Embedded { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn open(&self) -> sqlite::Opened {
        let options = Options { synchronous: sqlite::Synchronous::Off, cache_mib: 4, ..Options::default() };
        sqlite::open(self.folder.path(), options).unwrap()
    }
}

impl Fixture for Embedded {
    fn open(&mut self) -> BoxFuture<'_, Opened> {
        let sqlite::Opened { store, log, trail, .. } = Embedded::open(self);
        Box::pin(ready(Opened { store: Box::new(store), log: Box::new(log), trail: Box::new(trail) }))
    }
}
