//! Every gate against the promises of all gates.

use adapters::sqlite::MemoryGate;
use app::conformance::{GATE_CASES, GateFixture, ready};
use app::ports::{BoxFuture, Gate};
use domain::coupon::Campaign;

struct InMemory(MemoryGate);

impl GateFixture for InMemory {
    fn gate(&self) -> &dyn Gate {
        &self.0
    }

    /// It knows only what `apply` reports.
    fn commit(&mut self, _campaign: &Campaign) {}

    fn told(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

#[test]
fn the_gate_in_memory_keeps_its_promises() {
    for (name, case) in GATE_CASES {
        // Visible only when the next case fails.
        eprintln!("{name}");
        ready(case(&mut InMemory(MemoryGate::default())));
    }
}
