//! The model keeps the promises of every store.

use app::conformance::{CASES, Fixture, Opened, ready};
use app::ports::BoxFuture;
use sim::disk::Disk;
use sim::model_log::ModelLog;
use sim::model_store::ModelStore;

struct OnModelDisk(Disk);

impl Fixture for OnModelDisk {
    fn open(&mut self) -> BoxFuture<'_, Opened> {
        let opened = Opened { store: Box::new(ModelStore::open(&self.0)), log: Box::new(ModelLog::open(&self.0)) };
        Box::pin(std::future::ready(opened))
    }
}

#[test]
fn the_model_keeps_what_every_store_promises() {
    for (name, case) in CASES {
        eprintln!("{name}");
        ready(case(&mut OnModelDisk(Disk::default())));
    }
}
