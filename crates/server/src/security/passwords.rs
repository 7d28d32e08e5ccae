//! Passwords, hashed with argon2id on other threads than those that serve requests, at most two at a time.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use icu_normalizer::ComposingNormalizerBorrowed;
use tokio::sync::Semaphore;

use crate::api::texts::details;
use crate::http::{Code, Problem};

/// OWASP's parameters: 19 MiB of memory, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash takes one core and 19 MiB for about ten milliseconds.
const AT_ONCE_MAX: usize = 2;
/// With more requests in the queue, a login would wait for seconds.
const WAITING_MAX: usize = 64;

/// The hash that is checked for unknown users, so that they take as long as known ones.
const UNKNOWN_USER: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[derive(Debug, Clone)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords { at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)), waiting: Arc::default() }
    }
}

impl Passwords {
    /// Returns the hash to store, in PHC format with a random salt.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.aside(move || hash(&password)).await?
    }

    /// Returns true if the password matches. `None` stands for an unknown user: it takes as long and never matches.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        self.aside(move || {
            let matches = verify(&password, hash.as_deref().unwrap_or(UNKNOWN_USER));
            matches && hash.is_some()
        })
        .await
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let Some(_place) = Waiting::join(&self.waiting) else {
            return Err(Problem::new(Code::Overloaded, details::LOGINS_TOO_MANY));
        };
        let permit = self.at_once.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(move || {
            // Held by the task, so that a client that disconnects does not let a third hash start.
            let _permit = permit;
            work()
        });
        done.await.map_err(|_panicked| failed())
    }
}

/// Hashes on this thread, for commands that serve no requests.
pub fn hash(password: &str) -> Result<String, Problem> {
    let hash = argon2id().hash_password(composed(password).as_bytes()).map_err(|_| failed())?;
    Ok(hash.to_string())
}

/// Returns a random password of 100 bits.
pub fn made() -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

fn verify(password: &str, hash: &str) -> bool {
    // A stored hash that cannot be parsed matches no password.
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let is_right = |spelling: &str| argon2id().verify_password(spelling.as_bytes(), &hash).is_ok();
    let composed = composed(password);
    // Older hashes are of the password as it was sent, in any normalization.
    is_right(&composed) || (composed != password && is_right(password))
}

/// Normalizes a text to NFC: keyboards send `é` as one character or as two.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn failed() -> Problem {
    Problem::new(Code::Internal, details::PASSWORD_FAILED)
}

/// A place in the queue; dropping it frees the place.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn join(line: &AtomicUsize) -> Option<Waiting<'_>> {
        let place = Waiting(line);
        let before = line.fetch_add(1, Ordering::Relaxed);
        (before < WAITING_MAX).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_is_recognised() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse".into()).await.unwrap());
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_matches_in_any_unicode_normalization() {
        let passwords = Passwords::default();
        let (one, two) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
        let hash = passwords.hash(two.into()).await.unwrap();
        for spelling in [one, two] {
            assert!(passwords.verify(spelling.into(), Some(hash.clone())).await.unwrap());
        }
        let of_before = argon2id().hash_password(two.as_bytes()).unwrap().to_string();
        assert!(passwords.verify(two.into(), Some(of_before)).await.unwrap(), "older hashes still match");
        assert!(!passwords.verify("cafe creme".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_user_matches_no_password() {
        let passwords = Passwords::default();
        assert!(PasswordHash::new(UNKNOWN_USER).is_ok(), "otherwise unknown users are refused faster");
        assert!(!passwords.verify("".into(), None).await.unwrap());
        assert!(!passwords.verify("x".into(), Some("no hash".into())).await.unwrap());
    }

    #[tokio::test]
    async fn requests_beyond_the_queue_are_refused() {
        let passwords = Passwords::default();
        passwords.waiting.store(WAITING_MAX, Ordering::Relaxed);
        let problem = passwords.hash("x".into()).await.unwrap_err();
        assert_eq!(problem.code(), Code::Overloaded);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING_MAX);
    }
}
