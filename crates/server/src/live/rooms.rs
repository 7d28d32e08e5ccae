//! The waiting rooms of all drops under way, as they were a moment ago: read once for all streams of the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::StoreError;
use app::ports::views::Views;
use domain::drops::Drop;
use tokio::sync::Mutex;

/// Interval of reading the rooms.
pub(crate) const READ_EVERY: Duration = Duration::from_secs(1);
/// Interval of reading the rooms while there is none, and of reading a customer's tickets.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub struct Rooms(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    read_at: Instant,
    rooms: Arc<[Room]>,
}

/// A drop under way that has a waiting room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) drop: Drop,
    pub(crate) is_gone: bool,
}

/// Returns true if no unit is available, and no order holds one that could come back.
pub(crate) async fn is_gone(views: &dyn Views, drop: &Drop) -> Result<bool, StoreError> {
    if !drop.is_sold_out() {
        return Ok(false);
    }
    let products = views.offered(drop.products.iter().map(|offer| offer.product).collect()).await?;
    Ok(products.iter().all(|product| product.on_hand == 0))
}

impl Rooms {
    pub(crate) async fn read(&self, views: &dyn Views) -> Arc<[Room]> {
        let mut kept = self.0.lock().await;
        if let Some(Kept { read_at, rooms }) = &*kept
            && read_at.elapsed() < if rooms.is_empty() { LOOK_EVERY } else { READ_EVERY }
        {
            return Arc::clone(rooms);
        }
        let found = views.drops_under_way().await.unwrap_or_else(|error| {
            tracing::error!("The waiting rooms could not be read: {error}");
            vec![]
        });
        let mut rooms = vec![];
        for drop in found.into_iter().filter(|drop| drop.queue.is_some()) {
            let is_gone = is_gone(views, &drop).await.unwrap_or(false);
            rooms.push(Room { drop, is_gone });
        }
        let rooms: Arc<[Room]> = rooms.into();
        *kept = Some(Kept { read_at: Instant::now(), rooms: Arc::clone(&rooms) });
        rooms
    }
}
