//! A model of the events as trailing groups read them: the outbox as one partition, in commit order.

use app::events::event::EventKind;
use app::log::reactions::Group;
use app::ports::{BoxFuture, Slice, StoreError, Trail, WantedSlice};
use app::state::rows::{OffsetKey, Partition};

use crate::disk::Disk;
use crate::model_log::delivered;

/// The events that one slice reads past at most: few, so that slices end between commits.
const SCANNED_MAX: usize = 64;

/// The outbox of a disk.
#[derive(Debug)]
pub struct ModelTrail {
    disk: Disk,
}

impl ModelTrail {
    pub fn open(disk: &Disk) -> ModelTrail {
        ModelTrail { disk: disk.clone() }
    }

    fn read(&self, wanted: &WantedSlice<'_>) -> Result<Slice, StoreError> {
        let Some((key, from)) = wanted.from.first() else { return Ok(Slice::default()) };
        let state = self.disk.lock();
        let mut place = usize::try_from((*from).max(1) - 1).unwrap_or(usize::MAX);
        let until = place.saturating_add(SCANNED_MAX).min(state.outbox.len());
        let mut slice = Slice::default();
        let began = place;
        while place < until && slice.deliveries.len() < wanted.limit.max(1) {
            let row = &state.outbox[place];
            place += 1;
            let kind = EventKind::from_name(row.record.kind);
            if kind.is_some_and(|kind| wanted.kinds.contains(&kind)) {
                let offset = i64::try_from(place).expect("the outbox is short");
                slice.deliveries.push(delivered(key.partition, offset, row)?);
            }
        }
        if place > began {
            slice.next.push((*key, i64::try_from(place + 1).expect("the outbox is short")));
        }
        slice.is_end = place >= state.outbox.len();
        Ok(slice)
    }
}

impl Trail for ModelTrail {
    fn offsets(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        let key = OffsetKey { group, partition: Partition { topic: None, number: 0 } };
        let offset = self.disk.lock().offsets.get(&key).copied().unwrap_or(0);
        Box::pin(std::future::ready(Ok(vec![(key, offset)])))
    }

    fn slice<'a>(&'a mut self, wanted: WantedSlice<'a>) -> BoxFuture<'a, Result<Slice, StoreError>> {
        let read = self.read(&wanted);
        Box::pin(std::future::ready(read))
    }

    fn await_durable(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
