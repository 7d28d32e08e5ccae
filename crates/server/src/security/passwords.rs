//! Passwords: hashed with argon2id, away from the threads that serve requests, a few at a time.

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

/// Each takes a core and 19 MiB for some ten milliseconds.
const AT_ONCE_MAX: usize = 2;
/// Further logins would wait for seconds.
const WAITING_MAX: usize = 64;

/// A hash of nothing, checked for unknown users so that they take as long as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
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
    /// The hash to keep, in PHC format with a salt of its own.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.aside(move || hash(&password)).await?
    }

    /// Whether the password is right; `None` for an unknown user, which takes as long and is wrong.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        self.aside(move || {
            let matches = verify(&password, hash.as_deref().unwrap_or(NOBODY));
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
            // Held here, so that a client who hangs up does not let a third one start.
            let _permit = permit;
            work()
        });
        done.await.map_err(|_panicked| failed())
    }
}

/// Hashes at once, for commands that serve nobody meanwhile.
pub fn hash(password: &str) -> Result<String, Problem> {
    let hash = argon2id().hash_password(composed(password).as_bytes()).map_err(|_| failed())?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> bool {
    // A hash in the store that cannot be read lets nobody in.
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let is_right = |spelling: &str| argon2id().verify_password(spelling.as_bytes(), &hash).is_ok();
    let composed = composed(password);
    // Of before, hashes are of what was sent, in whichever way it was spelled.
    is_right(&composed) || (composed != password && is_right(password))
}

/// The one spelling of a text (NFC): keyboards send `é` as one character or as two.
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

/// A place in the waiting line, given back when the request is answered or abandoned.
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
    async fn a_password_is_the_same_however_its_accents_are_spelled() {
        let passwords = Passwords::default();
        let (one, two) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
        let hash = passwords.hash(two.into()).await.unwrap();
        for spelling in [one, two] {
            assert!(passwords.verify(spelling.into(), Some(hash.clone())).await.unwrap());
        }
        let of_before = argon2id().hash_password(two.as_bytes()).unwrap().to_string();
        assert!(passwords.verify(two.into(), Some(of_before)).await.unwrap(), "hashes of before keep working");
        assert!(!passwords.verify("cafe creme".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_gets_in_without_a_user() {
        let passwords = Passwords::default();
        assert!(PasswordHash::new(NOBODY).is_ok(), "else unknown users are refused sooner");
        assert!(!passwords.verify("".into(), None).await.unwrap());
        assert!(!passwords.verify("x".into(), Some("no hash".into())).await.unwrap());
    }

    #[tokio::test]
    async fn a_long_line_is_refused() {
        let passwords = Passwords::default();
        passwords.waiting.store(WAITING_MAX, Ordering::Relaxed);
        let problem = passwords.hash("x".into()).await.unwrap_err();
        assert_eq!(problem.code(), Code::Overloaded);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING_MAX);
    }
}
