//! The ends of the chains of all drops. The chain of a closed drop has ended, so it is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use app::ports::StoreError;
use app::ports::views::Views;
use domain::drops::{Drop, Phase};
use domain::ids::DropId;
use tokio::sync::Mutex;

use super::rooms::Rooms;

/// Drops read at once.
const PAGE: usize = 500;
/// All drops are read again after this time: another process may have created one with a lower number.
const READ_ALL_EVERY: Duration = Duration::from_secs(60);

/// The waiting rooms and the heads of drops that this process keeps in memory.
#[derive(Debug, Default)]
pub struct LiveDrops {
    pub rooms: Rooms,
    pub heads: Heads,
}

#[derive(Debug, Default)]
pub struct Heads(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The moment at which the last reading of all drops began.
    read_at: Option<Instant>,
    last: Option<DropId>,
    heads: BTreeMap<DropId, Head>,
    under_way: BTreeSet<DropId>,
}

/// The end of a drop's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) drop: DropId,
    pub(crate) entries: i64,
    /// The hash of the newest link.
    pub(crate) head: String,
}

impl Heads {
    /// Returns the heads of all drops by number. Reads the drops under way, and those that it does not know.
    pub(crate) async fn read(&self, views: &dyn Views) -> Result<Vec<Head>, StoreError> {
        let mut kept = self.0.lock().await;
        if kept.read_at.is_none_or(|read_at| read_at.elapsed() >= READ_ALL_EVERY) {
            *kept = Kept { read_at: Some(Instant::now()), ..Kept::default() };
        }
        kept.read_changed(views).await?;
        kept.read_new(views).await?;
        Ok(kept.heads.values().cloned().collect())
    }
}

impl Kept {
    async fn read_new(&mut self, views: &dyn Views) -> Result<(), StoreError> {
        loop {
            let found = views.drops(self.last, PAGE).await?;
            let is_last = found.len() < PAGE;
            for drop in found {
                self.last = Some(drop.id);
                self.take(drop);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn read_changed(&mut self, views: &dyn Views) -> Result<(), StoreError> {
        if self.under_way.is_empty() {
            return Ok(());
        }
        let found = views.drops_under_way().await?;
        // A drop leaves the set only when it was read as closed: a request may fail or end in between.
        let mut closed = self.under_way.clone();
        for drop in found {
            closed.remove(&drop.id);
            self.take(drop);
        }
        for id in closed {
            let drop = views.drop_by_id(id).await?;
            drop.into_iter().for_each(|drop| self.take(drop));
        }
        Ok(())
    }

    fn take(&mut self, drop: Drop) {
        if drop.phase == Phase::Closed {
            self.under_way.remove(&drop.id);
        } else {
            self.under_way.insert(drop.id);
        }
        let Drop { id, chain, .. } = drop;
        self.heads.insert(id, Head { drop: id, entries: chain.links, head: chain.head });
    }
}
