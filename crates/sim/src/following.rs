//! The trailing groups of one process.

use std::sync::{Arc, Mutex, PoisonError};

use app::commands::Command;
use app::engine::Job;
use app::log::group::Group;
use app::log::trailing::statistics::{CouponStatistics, OrderStatistics};
use app::log::trailing::{Follow, Trailing};
use app::ports::{FixedOffset, StoreError};
use app::state::rows::{OffsetKey, Partition};
use domain::ids::Codec;

use crate::disk::{Disk, State};
use crate::model_trail::ModelTrail;
use crate::ready::ready;

/// The groups that simulated processes run.
const GROUPS: [Group; 2] = [Group::CouponStatistics, Group::OrderStatistics];
/// Few events, so that slices end between the commits of one order.
const SLICE_MAX: usize = 5;

/// Whether a slice was committed; `None` until the engine has answered.
type Outcome = Arc<Mutex<Option<bool>>>;

pub(crate) struct Following {
    trail: ModelTrail,
    groups: Vec<(Trailing, Option<Outcome>)>,
}

impl Following {
    pub(crate) fn new(disk: &Disk, codec: Codec) -> Following {
        let calendar = Arc::new(FixedOffset::default());
        let orders = disk.clone();
        let find = move |id| {
            let found = orders.read(|state| state.orders.get(&id).map(|row| row.order.clone()));
            Box::pin(std::future::ready(Ok(found))) as _
        };
        let coupons = CouponStatistics::new(calendar.clone());
        let orders = OrderStatistics::new(calendar, Arc::new(find), codec);
        let groups = vec![(Trailing::new(Box::new(coupons)), None), (Trailing::new(Box::new(orders)), None)];
        Following { trail: ModelTrail::open(disk), groups }
    }

    /// Returns the next slice of each group without one under way.
    pub(crate) fn gather(&mut self) -> Result<Vec<Job>, StoreError> {
        self.note_outcomes();
        let mut jobs = vec![];
        for (trailing, under_way) in self.groups.iter_mut().filter(|(_, under_way)| under_way.is_none()) {
            let pass = ready(trailing.follow_once(&mut self.trail, SLICE_MAX));
            let pass = pass.map_err(|error| StoreError::Failed(error.to_string()))?;
            let Some(follow) = pass.follow.or_else(|| trailing.pass_by()) else { continue };
            let outcome = Outcome::default();
            jobs.push(job(follow, &outcome));
            *under_way = Some(outcome);
        }
        Ok(jobs)
    }

    fn note_outcomes(&mut self) {
        for (trailing, under_way) in &mut self.groups {
            let outcome =
                under_way.as_ref().and_then(|outcome| *outcome.lock().unwrap_or_else(PoisonError::into_inner));
            match outcome {
                Some(true) => trailing.keep(),
                Some(false) => trailing.forget(),
                None => continue,
            }
            *under_way = None;
        }
    }
}

fn job(follow: Follow, outcome: &Outcome) -> Job {
    let outcome = Arc::clone(outcome);
    let answered = move |reply: app::commands::answer::Reply| {
        *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply.result.is_ok());
    };
    Job::new(Command::Follow(Box::new(follow)), Box::new(answered))
}

/// Returns whether the groups have digested every event.
pub(crate) fn is_quiet(state: &State) -> bool {
    let is_at_end = |group| {
        let key = OffsetKey { group, partition: Partition { topic: None, number: 0 } };
        let offset = state.offsets.get(&key).copied().unwrap_or(1);
        usize::try_from(offset).is_ok_and(|offset| offset == state.outbox.len() + 1)
    };
    GROUPS.into_iter().all(is_at_end)
}
