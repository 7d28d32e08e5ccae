//! A provider inside the binary, which approves unless it is told otherwise, by an admin or by the amount itself.
//!
//! It keeps a book of its own, as a real one would, so that a shop that is killed finds on its return what was done. The
//! book is a file that is not synced: a power cut may take its last lines, and then the same key gives the same verdict
//! and the same reference again, because nothing in them is chance.

mod callbacks;
mod file_ledger;
pub(crate) mod ledger;
mod script;

use std::path::Path;
use std::sync::Arc;

use app::payments::provider::{
    Ask, Call, Callback, CallbackError, CallbackSink, Directed, Found, Provider, ProviderError, Told, Verdict,
};
use app::ports::Clock;
use domain::time::Timestamp;

use super::signature::{self, Secrets};
use crate::mysql::MysqlBook;
use file_ledger::OwnBook;
use ledger::{Ledger, Played};

pub struct Scripted {
    book: Box<dyn Ledger>,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    callback_sink: Arc<dyn CallbackSink>,
}

impl Scripted {
    pub const NAME: &str = "scripted";

    /// Opens the book in this file. Its callbacks go into the postbox.
    pub fn open(
        path: &Path,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        callback_sink: Arc<dyn CallbackSink>,
    ) -> Result<Scripted, String> {
        let book = OwnBook::open(path).map_err(|error| format!("the scripted provider's book: {error}"))?;
        Ok(Scripted { book: Box::new(book), secrets, clock, callback_sink })
    }

    /// The same with the book that processes share, in their database.
    pub fn sharing(
        book: MysqlBook,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        callback_sink: Arc<dyn CallbackSink>,
    ) -> Scripted {
        Scripted { book: Box::new(book), secrets, clock, callback_sink }
    }

    async fn play(&self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let Played { found, before, after, takes_back, .. } = self.book.turn(ask, script::ask).await?;
        let verdict = found.ok_or_else(|| ProviderError::Unknown("the scripted provider is still at it".to_owned()))?;
        let letters =
            |count| -> Vec<OutgoingCallback> { (0..count).filter_map(|_| self.letter(ask, &verdict)).collect() };
        for OutgoingCallback { signature, body } in letters(before) {
            self.callback_sink.deliver(signature, body).await;
        }
        let mut later = letters(after);
        later.extend(takes_back.and_then(|verdict| self.letter(ask, &verdict)));
        if !later.is_empty() {
            let callback_sink = Arc::clone(&self.callback_sink);
            tokio::spawn(async move {
                for OutgoingCallback { signature, body } in later {
                    callback_sink.deliver(signature, body).await;
                }
            });
        }
        Ok(verdict)
    }

    /// There is none where nothing is known to sign it with.
    fn letter(&self, ask: &Ask, verdict: &Verdict) -> Option<OutgoingCallback> {
        let body = callbacks::body(ask, verdict);
        let signature = self.secrets.sign(&body, self.clock.now())?;
        Some(OutgoingCallback { signature, body })
    }
}

struct OutgoingCallback {
    signature: String,
    body: Vec<u8>,
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
            let Played { found, is_pending, .. } = self.book.turn(ask, script::look_up).await?;
            Ok(match found {
                Some(verdict) => Found::Verdict(verdict),
                None if is_pending => Found::Pending,
                None => Found::Never,
            })
        })
    }

    fn signature_header(&self) -> &'static str {
        signature::HEADER
    }

    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError> {
        self.secrets.verify(signature, body, now)?;
        callbacks::read(body).map(Some).ok_or(CallbackError::Unreadable)
    }
}

impl Directed for Scripted {
    fn tell(&self, told: Option<Told>) -> Call<'_, ()> {
        self.book.tell(told)
    }

    fn told(&self) -> Call<'_, Option<Told>> {
        self.book.told()
    }
}

#[cfg(test)]
mod tests;
