//! The waiting rooms of all drops under way, as they were a moment ago: read once for all streams of the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::views::Views;
use domain::drops::Drop;
use tokio::sync::Mutex;

/// How often the rooms are read.
pub(crate) const READ_EVERY: Duration = Duration::from_secs(1);
/// How often they are read while there is none, and how often a stream reads its customer's tickets.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub struct Rooms(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    read_at: Instant,
    rooms: Arc<[Drop]>,
}

impl Rooms {
    pub(crate) async fn read(&self, views: &dyn Views) -> Arc<[Drop]> {
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
        let rooms: Arc<[Drop]> = found.into_iter().filter(|drop| drop.queue.is_some()).collect();
        *kept = Some(Kept { read_at: Instant::now(), rooms: Arc::clone(&rooms) });
        rooms
    }
}
