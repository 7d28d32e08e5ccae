//! The model passes the conformance suite of stores.

use app::conformance::{CASES, Fixture, Opened, ready};
use app::ports::BoxFuture;
use sim::disk::Disk;
use sim::model_log::ModelLog;
use sim::model_store::ModelStore;
use sim::model_trail::ModelTrail;

struct OnModelDisk(Disk);

impl Fixture for OnModelDisk {
    fn open(&mut self) -> BoxFuture<'_, Opened> {
        let opened = Opened {
            store: Box::new(ModelStore::open(&self.0)),
            log: Box::new(ModelLog::open(&self.0)),
            trail: Box::new(ModelTrail::open(&self.0)),
        };
        Box::pin(std::future::ready(opened))
    }
}

#[test]
fn the_model_passes_the_conformance_suite() {
    for (name, case) in CASES {
        eprintln!("{name}");
        ready(case(&mut OnModelDisk(Disk::default())));
    }
}
