//! The longest durations of the last seconds, for alerts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::log::group::Group;
use parking_lot::Mutex;

/// An older peak is forgotten.
const WINDOW: Duration = Duration::from_secs(10);

/// The longest duration of the last seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    at: Instant,
    pub took: Duration,
    /// The order's number, or the group's name.
    pub subject: Arc<str>,
}

impl Peak {
    fn now(took: Duration, subject: &str) -> Peak {
        Peak { at: Instant::now(), took, subject: subject.into() }
    }

    fn is_recent(&self) -> bool {
        self.at.elapsed() < WINDOW
    }

    fn gives_way_to(&self, took: Duration) -> bool {
        !self.is_recent() || self.took <= took
    }
}

/// The slowest order, and the slowest event of each group.
#[derive(Debug, Default)]
pub struct Peaks {
    order: Mutex<Option<Peak>>,
    events: Mutex<BTreeMap<Group, Peak>>,
}

impl Peaks {
    pub(crate) fn note_order(&self, took: Duration, number: &str) {
        let mut order = self.order.lock();
        if order.as_ref().is_none_or(|known| known.gives_way_to(took)) {
            *order = Some(Peak::now(took, number));
        }
    }

    pub(crate) fn note_event(&self, group: Group, took: Duration) {
        let mut events = self.events.lock();
        if events.get(&group).is_none_or(|known| known.gives_way_to(took)) {
            events.insert(group, Peak::now(took, group.name()));
        }
    }

    pub(crate) fn order(&self) -> Option<Peak> {
        self.order.lock().clone().filter(Peak::is_recent)
    }

    pub(crate) fn events(&self) -> Vec<Peak> {
        self.events.lock().values().filter(|peak| peak.is_recent()).cloned().collect()
    }
}
