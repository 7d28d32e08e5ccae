//! Learns which tokens ended because their user changed the password or logged out: at the start, and on a shared store every
//! second, because that may have happened in another process.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use app::ports::views::Views;
use app::ports::{Clock, StoreError};
use domain::time::Timestamp;

use crate::runtime::health::{AtWork, Health};
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;
use crate::security::auth::Tokens;

/// Tokens that an operator made by hand may live longer than those of a login: ends are kept at least so long.
const KEPT_MIN: Duration = Duration::from_secs(30 * 24 * 3_600);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look goes back by this much, because the clocks of other processes may be slower.
const OVERLAP: Duration = Duration::from_secs(60);

pub struct TokenWatch {
    tokens: Arc<Tokens>,
    views: Arc<dyn Views>,
    clock: Arc<dyn Clock>,
    /// The longest life of a token that a login gives.
    lifetime: Duration,
}

impl TokenWatch {
    pub fn of(tokens: &Arc<Tokens>, lifetime: Duration, submitter: &Submitter) -> TokenWatch {
        let (views, clock) = (Arc::clone(&submitter.views), Arc::clone(&submitter.clock));
        TokenWatch { tokens: Arc::clone(tokens), views, clock, lifetime }
    }

    /// Looks once and then, if other processes write to the store, on a thread of its own.
    pub fn start(self, is_shared: bool, stop: Stop, health: &Arc<Health>) -> io::Result<Option<JoinHandle<()>>> {
        let began = self.clock.now();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build();
        // On another thread, because the caller may be inside a runtime.
        let look = || io::Result::Ok(runtime()?.block_on(self.look_once(Timestamp::from_micros(0))));
        let seen = std::thread::scope(|scope| scope.spawn(look).join());
        let seen = seen.unwrap_or_else(|_panic| Ok(Err(StoreError::Failed("it panicked".to_owned()))))?;
        if let Err(error) = &seen {
            tracing::warn!("It cannot be read which tokens have ended: {error}");
        }
        // A single process knows of its own changes.
        if !is_shared && seen.is_ok() {
            return Ok(None);
        }
        let seen = if seen.is_ok() { began - OVERLAP } else { Timestamp::from_micros(0) };
        let runtime = runtime()?;
        let at_work = AtWork::new(health, "The thread that watches for ended tokens has panicked.");
        let run = move || {
            let _at_work = at_work;
            runtime.block_on(self.run(seen, stop));
        };
        std::thread::Builder::new().name("ended-tokens".to_owned()).spawn(run).map(Some)
    }

    async fn run(self, mut seen: Timestamp, mut stop: Stop) {
        while !stop.is_requested() {
            let now = self.clock.now();
            if self.look_once(seen).await.is_ok() {
                seen = now - OVERLAP;
            }
            self.tokens.forget_ended_before(self.oldest());
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.requested() => {}
            }
        }
    }

    async fn look_once(&self, after: Timestamp) -> Result<(), StoreError> {
        // Without the bound of `oldest`: the row of a token that a user ended is kept until the token expires.
        self.tokens.end_all(&self.views.ended_tokens(after).await?);
        for (user, since) in self.views.tokens_since(after.max(self.oldest())).await? {
            self.tokens.end_before(user, since);
        }
        Ok(())
    }

    /// Returns the moment before which every token has expired.
    fn oldest(&self) -> Timestamp {
        self.clock.now() - self.lifetime.max(KEPT_MIN)
    }
}
