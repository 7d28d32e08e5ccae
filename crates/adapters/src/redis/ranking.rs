//! The ranking: sorted sets of all days, of each day and of each three days, written from the store's own sums.
//!
//! A write carries the units of a product sold on a day so far, so a repeat changes nothing; the script moves the
//! windows by the difference. A ranking that may have missed a commit is not read until it was rebuilt.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use app::ports::views::{CatalogueViews, DaySales, Popular};
use app::ports::{Calendar, Clock, Ranking, Window};
use domain::ids::ProductId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use super::Redis;

mod scripts;

use self::scripts::Scripts;

/// The most commits waiting to be written; beyond it, the ranking is rebuilt.
const WAITING_MAX: usize = 1_024;
/// How often the ranking is checked for a rebuild.
const CHECK_EVERY: Duration = Duration::from_millis(200);
/// The most product names kept in memory.
const NAMES_MAX: usize = 10_000;
/// The most sums written with one call.
const SUMS_MAX: usize = 500;

pub struct RedisRanking {
    shared: Arc<Shared>,
    sold: mpsc::Sender<Vec<DaySales>>,
}

struct Shared {
    redis: Arc<Redis>,
    views: Arc<dyn CatalogueViews>,
    clock: Arc<dyn Clock>,
    calendar: Arc<dyn Calendar>,
    scripts: Scripts,
    /// Commits of this process that are not written yet.
    unwritten: AtomicUsize,
    /// Something may be missing.
    is_stale: AtomicBool,
    /// Number of Redis's recoveries when the ranking was last built or found whole.
    as_of: AtomicU64,
    names: Mutex<FxHashMap<ProductId, String>>,
}

impl RedisRanking {
    /// `calendar` says when days begin at the shop.
    pub fn new(
        redis: Arc<Redis>,
        views: Arc<dyn CatalogueViews>,
        clock: Arc<dyn Clock>,
        calendar: Arc<dyn Calendar>,
    ) -> RedisRanking {
        let (sold, waiting) = mpsc::channel(WAITING_MAX);
        let shared = Arc::new(Shared {
            views,
            clock,
            calendar,
            scripts: Scripts::default(),
            unwritten: AtomicUsize::new(0),
            // The content of Redis is unknown until the first build.
            is_stale: AtomicBool::new(true),
            as_of: AtomicU64::new(0),
            names: Mutex::default(),
            redis,
        });
        shared.redis.handle().spawn(write(Arc::downgrade(&shared), waiting));
        RedisRanking { shared, sold }
    }
}

impl Ranking for RedisRanking {
    fn apply(&self, sold: &[DaySales]) {
        if sold.is_empty() {
            return;
        }
        if !self.shared.redis.works() {
            return self.shared.is_stale.store(true, Ordering::Release);
        }
        self.shared.unwritten.fetch_add(1, Ordering::AcqRel);
        if self.sold.try_send(sold.to_vec()).is_err() {
            self.shared.is_stale.store(true, Ordering::Release);
            self.shared.unwritten.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn popular(
        &self,
        window: Window,
        limit: usize,
    ) -> std::pin::Pin<Box<dyn Future<Output = Option<Vec<Popular>>> + Send + '_>> {
        Box::pin(self.shared.popular(window, limit))
    }
}

impl Shared {
    /// Returns whether everything that this process committed is in it, as far as it can tell.
    fn is_fresh(&self) -> bool {
        self.unwritten.load(Ordering::Acquire) == 0
            && !self.is_stale.load(Ordering::Acquire)
            && self.as_of.load(Ordering::Acquire) == self.redis.returns()
    }

    async fn popular(&self, window: Window, limit: usize) -> Option<Vec<Popular>> {
        if !self.is_fresh() {
            return None;
        }
        let best = self.redis.call(|line| self.scripts.best(line, &self.redis, window, limit)).await?;
        let mut popular = vec![];
        for (product, sold) in best? {
            popular.push(Popular { product, name: self.name(product).await?, sold });
        }
        Some(popular)
    }

    /// A product's name never changes.
    async fn name(&self, product: ProductId) -> Option<String> {
        if let Some(name) = self.names.lock().get(&product) {
            return Some(name.clone());
        }
        let name = self.views.product(product).await.ok()??.name.to_string();
        let mut names = self.names.lock();
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        names.insert(product, name.clone());
        Some(name)
    }

    fn today(&self) -> i64 {
        self.calendar.day(self.clock.now())
    }

    async fn write(&self, sold: &[DaySales]) {
        let first = self.today() - scripts::DAYS_BACK;
        let mut days: BTreeMap<i64, Vec<DaySales>> = BTreeMap::new();
        for sales in sold {
            match sales.day {
                Some(day) if day >= first => days.entry(day).or_default().push(*sales),
                // Too old for the windows, and part of the sum of earlier days.
                Some(_) | None => self.is_stale.store(true, Ordering::Release),
            }
        }
        for (day, sales) in days {
            if self.put(day, &sales).await.is_none() {
                self.is_stale.store(true, Ordering::Release);
            }
        }
    }

    async fn put(&self, day: i64, sales: &[DaySales]) -> Option<()> {
        for some in sales.chunks(SUMS_MAX) {
            self.redis.call(|line| self.scripts.put(line, &self.redis, day, some)).await?;
        }
        Some(())
    }

    /// Rebuilds the ranking from the store's sums, if it is not whole or will expire soon.
    async fn build_once(&self) -> Option<()> {
        let returns = self.redis.returns();
        let is_suspect = self.is_stale.swap(false, Ordering::AcqRel) || self.as_of.load(Ordering::Acquire) != returns;
        let done = self.build(is_suspect).await;
        match done {
            Some(()) => self.as_of.store(returns, Ordering::Release),
            None => self.is_stale.store(true, Ordering::Release),
        }
        done
    }

    async fn build(&self, is_suspect: bool) -> Option<()> {
        if !is_suspect && self.redis.call(|line| self.scripts.is_whole(line, &self.redis)).await? {
            return Some(());
        }
        let today = self.today();
        let token = self.redis.call(|line| self.scripts.begin(line, &self.redis, today)).await??;
        let sales = self.views.sales(today - scripts::DAYS_BACK).await.ok()?;
        let (recent, before): (Vec<DaySales>, Vec<DaySales>) = sales.into_iter().partition(|sales| sales.day.is_some());
        for some in before.chunks(SUMS_MAX) {
            self.redis.call(|line| self.scripts.put_before(line, &self.redis, &token, some)).await?;
        }
        let mut days: BTreeMap<i64, Vec<DaySales>> = BTreeMap::new();
        for sales in recent {
            days.entry(sales.day?).or_default().push(sales);
        }
        for (day, sales) in days {
            self.put(day, &sales).await?;
        }
        self.redis.call(|line| self.scripts.finish(line, &self.redis, &token)).await
    }
}

/// Writes sales, and rebuilds the ranking when necessary, until the ranking is dropped.
async fn write(shared: Weak<Shared>, mut waiting: mpsc::Receiver<Vec<DaySales>>) {
    let mut checked_at = Instant::now();
    loop {
        let received = tokio::time::timeout(CHECK_EVERY, waiting.recv()).await;
        let Some(shared) = shared.upgrade() else { return };
        match received {
            Ok(Some(sold)) => {
                shared.write(&sold).await;
                shared.unwritten.fetch_sub(1, Ordering::AcqRel);
            }
            Ok(None) => return,
            Err(_elapsed) => {}
        }
        if checked_at.elapsed() >= CHECK_EVERY && shared.redis.works() {
            checked_at = Instant::now();
            // A failure is retried at the next check.
            let _ = shared.build_once().await;
        }
    }
}
