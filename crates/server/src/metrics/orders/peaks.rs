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
    /// What took so long.
    pub subject: Arc<str>,
}

/// The slowest order, and the slowest event of each group.
#[derive(Debug, Default)]
pub struct Peaks {
    order: Mutex<Option<Peak>>,
    events: Mutex<BTreeMap<Group, Peak>>,
}

impl Peaks {
    pub(crate) fn note_order(&self, took: Duration, number: &str) {
        keep(&mut self.order.lock(), Peak { at: Instant::now(), took, subject: number.into() });
    }

    pub(crate) fn note_event(&self, group: Group, took: Duration) {
        let peak = Peak { at: Instant::now(), took, subject: group.name().into() };
        let mut events = self.events.lock();
        let mut known = events.remove(&group);
        keep(&mut known, peak);
        events.extend(known.map(|peak| (group, peak)));
    }

    pub(crate) fn order(&self) -> Option<Peak> {
        self.order.lock().clone().filter(is_recent)
    }

    pub(crate) fn events(&self) -> Vec<Peak> {
        self.events.lock().values().filter(|peak| is_recent(peak)).cloned().collect()
    }
}

fn is_recent(peak: &Peak) -> bool {
    peak.at.elapsed() < WINDOW
}

fn keep(known: &mut Option<Peak>, peak: Peak) {
    if known.as_ref().is_none_or(|known| !is_recent(known) || known.took <= peak.took) {
        *known = Some(peak);
    }
}
