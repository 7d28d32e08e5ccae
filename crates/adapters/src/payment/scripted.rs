//! A provider inside the binary, which approves unless it is told otherwise, by an admin or by the amount itself.
//!
//! It keeps a book of its own, as a real one would, so that a shop that is killed finds on its return what was done. The
//! book is a file that is not synced: a power cut may take its last lines, and then the same key gives the same verdict
//! and the same reference again, because nothing in them is chance.

mod book;
mod telling;

use std::path::Path;
use std::sync::Arc;

use app::payment::{
    Ask, Call, Callback, CallbackError, Directed, Found, Postbox, Provider, ProviderError, Script, Told, Verdict,
};
use app::ports::Clock;
use domain::money::Money;
use domain::time::Timestamp;
use parking_lot::Mutex;

use super::signature::{self, Secrets};
use book::{Book, Entry};

const NOBODY_IN: &str = "the scripted provider does not answer the door";

pub struct Scripted {
    book: Mutex<Book>,
    told: Mutex<Option<Told>>,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    postbox: Arc<dyn Postbox>,
}

impl Scripted {
    pub const NAME: &str = "scripted";

    /// Opens the book in this file. Its callbacks go into the postbox.
    pub fn open(
        path: &Path,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        postbox: Arc<dyn Postbox>,
    ) -> Result<Scripted, String> {
        let book = Book::open(path).map_err(|error| format!("the scripted provider's book: {error}"))?;
        Ok(Scripted { book: Mutex::new(book), told: Mutex::new(None), secrets, clock, postbox })
    }

    fn script_for(&self, ask: &Ask) -> Script {
        let mut told = self.told.lock();
        let Some(now) = told.filter(|told| told.deed.is_none_or(|deed| deed == ask.deed)) else {
            return Script::of_amount(ask.amount, ask.deed);
        };
        *told = now.once_more();
        now.script
    }

    /// What is answered, and the callbacks that come before and after the answer.
    fn decide(&self, ask: &Ask) -> Result<Played, ProviderError> {
        let mut book = self.book.lock();
        if let Some(entry) = book.find(&ask.key)? {
            return entry.answer().map(Played::plainly);
        }
        let script = self.script_for(ask);
        if script == Script::Unreachable {
            return Err(ProviderError::NotDone(NOBODY_IN.to_owned()));
        }
        let mut entry = Entry::of(ask, book.refusal(ask)?.or((script == Script::Decline).then_some("card_declined")));
        if script == Script::TimeOutThenSucceed {
            entry.looks_left = 1;
        }
        book.write(&entry)?;
        let verdict = entry.verdict();
        match script {
            Script::LoseAnswer => Err(ProviderError::Unknown("the answer was lost".to_owned())),
            Script::TimeOutThenSucceed => Err(ProviderError::Unknown("the time was up".to_owned())),
            Script::WrongAmount => Ok(Played::plainly(one_less(verdict))),
            Script::CallBackFirst => Ok(Played { before: 1, ..Played::plainly(verdict) }),
            Script::CallBackTwice => Ok(Played { after: 2, ..Played::plainly(verdict) }),
            Script::Approve | Script::Decline | Script::Unreachable => Ok(Played::plainly(verdict)),
        }
    }

    async fn play(&self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let Played { verdict, before, after } = self.decide(ask)?;
        let letters = |count| -> Vec<Letter> { (0..count).filter_map(|_| self.letter(ask, &verdict)).collect() };
        for Letter { signature, body } in letters(before) {
            self.postbox.deliver(signature, body).await;
        }
        let later = letters(after);
        if !later.is_empty() {
            let postbox = Arc::clone(&self.postbox);
            tokio::spawn(async move {
                for Letter { signature, body } in later {
                    postbox.deliver(signature, body).await;
                }
            });
        }
        Ok(verdict)
    }

    /// There is none where nothing is known to sign it with.
    fn letter(&self, ask: &Ask, verdict: &Verdict) -> Option<Letter> {
        let body = telling::body(ask, verdict);
        let signature = self.secrets.sign(&body, self.clock.now())?;
        Some(Letter { signature, body })
    }
}

struct Letter {
    signature: String,
    body: Vec<u8>,
}

/// A verdict with what goes with it.
struct Played {
    verdict: Verdict,
    before: usize,
    after: usize,
}

impl Played {
    fn plainly(verdict: Verdict) -> Played {
        Played { verdict, before: 0, after: 0 }
    }
}

fn one_less(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount } => Verdict::Approved { reference, amount: amount - Money::won(1) },
        Verdict::Declined { .. } => verdict,
    }
}

impl Provider for Scripted {
    fn name(&self) -> &'static str {
        Scripted::NAME
    }

    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict> {
        Box::pin(self.play(ask))
    }

    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found> {
        Box::pin(async move {
            if self.told().is_some_and(|told| told.script == Script::Unreachable && told.deed.is_none()) {
                return Err(ProviderError::NotDone(NOBODY_IN.to_owned()));
            }
            let mut book = self.book.lock();
            let Some(mut entry) = book.find(&ask.key)? else { return Ok(Found::Never) };
            if entry.looks_left == 0 {
                return Ok(Found::Verdict(entry.verdict()));
            }
            entry.looks_left -= 1;
            book.write(&entry)?;
            Ok(Found::Pending)
        })
    }

    fn signature_header(&self) -> &'static str {
        signature::HEADER
    }

    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError> {
        self.secrets.verify(signature, body, now)?;
        telling::read(body).map(Some).ok_or(CallbackError::Unreadable)
    }
}

impl Directed for Scripted {
    fn tell(&self, told: Option<Told>) {
        *self.told.lock() = told;
    }

    fn told(&self) -> Option<Told> {
        *self.told.lock()
    }
}

#[cfg(test)]
mod tests;
