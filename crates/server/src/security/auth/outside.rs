//! Tokens of an identity provider outside of the shop, signed with RS256 or ES256 by keys that it publishes (RFC 7517).

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use self::claims::{Claims, Rules};
pub(super) use self::keys::Header;
use self::keys::Keys;
use super::ended::mark_of;
use super::principal::{Principal, Refused, user_id_of};

pub mod claims;
mod keys;

/// The shortest pause between two calls of the provider: strangers with made-up key ids cannot make the shop call it more often.
const CALL_PAUSE: Duration = Duration::from_secs(10);

/// A call that ends on any thread.
type Calling<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Reads the provider's published keys.
pub type KeySource = Arc<dyn Fn() -> Calling<std::io::Result<Vec<u8>>> + Send + Sync>;

/// A person of the provider, as they become a user of the shop on first sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    pub subject: String,
    pub email: Option<String>,
    pub name: Option<String>,
}

/// Finds the user of a person, or registers one; `None` when the store cannot be reached.
pub type Users = Arc<dyn Fn(Newcomer) -> Calling<Option<i64>> + Send + Sync>;

/// The provider: its rules, and its keys as last read.
pub struct Outside {
    rules: Rules,
    source: KeySource,
    users: Users,
    refresh_every: Duration,
    keys: RwLock<Arc<Keys>>,
    /// The last call of the provider, and the one that succeeded.
    called: Mutex<Called>,
    /// The users of people who were seen.
    known: RwLock<HashMap<String, i64>>,
    /// Tokens that the present keys have signed, by their SHA-256, because a client sends the same one with every request.
    verified: RwLock<HashMap<[u8; 32], Vouched>>,
}

#[derive(Default)]
struct Called {
    last: Option<Instant>,
    succeeded: Option<Instant>,
    is_failing: bool,
}

/// The number of people, and of tokens, that are remembered.
const KNOWN_MAX: usize = 100_000;

/// A valid token: its principal, and when it was issued and expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouched {
    pub principal: Principal,
    pub issued_s: u64,
    pub expires_s: u64,
    /// Identifies the token.
    pub mark: u64,
}

impl Outside {
    pub fn new(rules: Rules, source: KeySource, users: Users, refresh_every: Duration) -> Outside {
        Outside {
            rules,
            source,
            users,
            refresh_every,
            keys: RwLock::default(),
            called: Mutex::default(),
            known: RwLock::default(),
            verified: RwLock::default(),
        }
    }

    /// Verifies a token. The keys are read again when they are old, or when none of them signed it: the provider may have
    /// replaced them. While it does not answer, the keys as last read go on.
    ///
    /// # Errors
    ///
    /// [`Refused`] for a token that is not valid, or whose user cannot be found.
    pub(super) async fn verify(&self, header: &Header, token: &str, now_s: u64) -> Result<Vouched, Refused> {
        self.refresh_old().await;
        let mark: [u8; 32] = Sha256::digest(token).into();
        if let Some(vouched) = self.verified.read().get(&mark) {
            return if now_s < vouched.expires_s { Ok(*vouched) } else { Err(Refused) };
        }
        let mut keys = self.current();
        let mut signed = keys.verified(header, token);
        if signed.is_none() && !keys.has(header) {
            self.refresh_unknown().await;
            keys = self.current();
            signed = keys.verified(header, token);
        }
        let claims = Claims::of(signed.ok_or(Refused)?)?;
        self.rules.check(&claims, now_s)?;
        let user_id = self.user(&claims).await?;
        let principal = Principal { user_id, role: self.rules.role(&claims) };
        let vouched =
            Vouched { principal, issued_s: claims.issued_s(), expires_s: claims.expires_s, mark: mark_of(token) };
        let mut verified = self.verified.write();
        // Under the lock: a set of keys that has come meanwhile clears what the former ones signed.
        if Arc::ptr_eq(&keys, &self.keys.read()) {
            if verified.len() >= KNOWN_MAX {
                verified.clear();
            }
            verified.insert(mark, vouched);
        }
        Ok(vouched)
    }

    fn call_pause(&self) -> Duration {
        CALL_PAUSE.min(self.refresh_every)
    }

    fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read())
    }

    /// Reads the keys if they are old. One caller does; the others go on with those as last read, so that a provider that does
    /// not answer delays no more than one request at a time.
    async fn refresh_old(&self) {
        if let Ok(called) = self.called.try_lock() {
            self.refresh(called, self.refresh_every).await;
        }
    }

    /// Reads the keys for a token that none of them signed. One caller does, and the others wait for it.
    async fn refresh_unknown(&self) {
        self.refresh(self.called.lock().await, self.call_pause()).await;
    }

    /// Reads the keys if they are older than this.
    async fn refresh(&self, mut called: MutexGuard<'_, Called>, age: Duration) {
        let is_older = |moment: Option<Instant>, age: Duration| moment.is_none_or(|moment| moment.elapsed() >= age);
        if !is_older(called.succeeded, age) || !is_older(called.last, self.call_pause()) {
            return;
        }
        called.last = Some(Instant::now());
        let read = (self.source)().await.and_then(|body| Keys::read(&body).map_err(std::io::Error::other));
        match read {
            Ok(keys) => {
                called.succeeded = Some(Instant::now());
                called.is_failing = false;
                *self.keys.write() = Arc::new(keys);
                self.verified.write().clear();
            }
            Err(error) => {
                if !called.is_failing {
                    tracing::warn!("The identity provider's keys cannot be read; the last ones stay in use: {error}");
                }
                called.is_failing = true;
            }
        }
    }

    async fn user(&self, claims: &Claims) -> Result<i64, Refused> {
        let subject = self.rules.subject(claims).ok_or(Refused)?;
        if self.rules.is_number {
            return user_id_of(&subject).ok_or(Refused);
        }
        if let Some(user) = self.known.read().get(&subject) {
            return Ok(*user);
        }
        let newcomer = Newcomer { subject: subject.clone(), email: claims.text("email"), name: claims.text("name") };
        let user = (self.users)(newcomer).await.ok_or(Refused)?;
        let mut known = self.known.write();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(subject, user);
        Ok(user)
    }
}
