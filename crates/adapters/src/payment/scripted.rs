//! A provider inside the binary, which approves unless a script says otherwise, set by an admin or chosen by the
//! amount.
//!
//! It keeps a ledger of its own, as a real provider would, so that a shop that was killed finds the executed operations
//! after its restart. The ledger is a file that is not synced: a power cut may lose its last rows. The same key then
//! gives the same verdict and the same reference again, because nothing in them is random.

mod callbacks;
mod file_ledger;
pub(crate) mod ledger;
mod script;

use std::path::Path;
use std::sync::Arc;

use app::payments::provider::{
    Ask, Call, Callback, CallbackError, CallbackSink, CustomerDecision, Found, Provider, ProviderError, ScriptSetting,
    ScriptedProvider, SignedCallback, Verdict,
};
use app::ports::Clock;
use domain::time::Timestamp;

use super::signature::{self, Secrets};
use crate::mysql::MysqlProviderLedger;
use file_ledger::FileLedger;
pub(crate) use file_ledger::{INSERT as INSERT_DEED, SCHEMA as FILE_LEDGER_SCHEMA};
use ledger::{Ledger, Played};

pub struct Scripted {
    ledger: Box<dyn Ledger>,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    callback_sink: Arc<dyn CallbackSink>,
}

impl Scripted {
    pub const NAME: &str = "scripted";

    /// Opens the ledger in this file. Callbacks go to `callback_sink`.
    pub fn open(
        path: &Path,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        callback_sink: Arc<dyn CallbackSink>,
    ) -> Result<Scripted, String> {
        let ledger = FileLedger::open(path)
            .map_err(|error| format!("opening the scripted provider's ledger failed: {error}"))?;
        Ok(Scripted { ledger: Box::new(ledger), secrets, clock, callback_sink })
    }

    /// The same with the ledger that processes share in their database.
    pub fn sharing(
        ledger: MysqlProviderLedger,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        callback_sink: Arc<dyn CallbackSink>,
    ) -> Scripted {
        Scripted { ledger: Box::new(ledger), secrets, clock, callback_sink }
    }

    async fn play(&self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let Played { found, before, after, takes_back, .. } = self.ledger.turn(ask, script::ask).await?;
        let verdict = found.ok_or_else(|| {
            ProviderError::Unknown("the operation is still pending at the scripted provider".to_owned())
        })?;
        let callbacks_of =
            |count| -> Vec<SignedCallback> { (0..count).filter_map(|_| self.signed_callback(ask, &verdict)).collect() };
        for SignedCallback { signature, body } in callbacks_of(before) {
            self.callback_sink.deliver(signature, body).await;
        }
        let mut later = callbacks_of(after);
        later.extend(takes_back.and_then(|verdict| self.signed_callback(ask, &verdict)));
        if !later.is_empty() {
            let callback_sink = Arc::clone(&self.callback_sink);
            tokio::spawn(async move {
                for SignedCallback { signature, body } in later {
                    callback_sink.deliver(signature, body).await;
                }
            });
        }
        Ok(verdict)
    }

    /// Returns no callback when there is no secret to sign it with, or nothing to report.
    fn signed_callback(&self, ask: &Ask, verdict: &Verdict) -> Option<SignedCallback> {
        let body = callbacks::body(ask, verdict)?;
        let signature = self.secrets.sign(&body, self.clock.now())?;
        Some(SignedCallback { signature, body })
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
            let Played { found, is_pending, .. } = self.ledger.turn(ask, script::look_up).await?;
            Ok(match found {
                Some(verdict) => Found::Verdict(verdict),
                None if is_pending => Found::Pending,
                None => Found::NotFound,
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

impl ScriptedProvider for Scripted {
    fn set_script(&self, setting: Option<ScriptSetting>) -> Call<'_, ()> {
        self.ledger.set(setting)
    }

    fn decide<'a>(&'a self, ask: &'a Ask, decision: CustomerDecision) -> Call<'a, Option<SignedCallback>> {
        Box::pin(async move {
            let play = match decision {
                CustomerDecision::Approve => script::approve,
                CustomerDecision::Decline => script::decline,
            };
            let Played { found, .. } = self.ledger.turn(ask, play).await?;
            Ok(found.and_then(|verdict| self.signed_callback(ask, &verdict)))
        })
    }

    fn script(&self) -> Call<'_, Option<ScriptSetting>> {
        self.ledger.setting()
    }
}

#[cfg(test)]
mod tests;
