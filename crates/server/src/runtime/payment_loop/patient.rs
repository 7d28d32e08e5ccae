//! A payment provider with a time limit for each call.

use std::sync::Arc;
use std::time::Duration;

use app::payments::provider::{Ask, Call, Callback, CallbackError, Found, Provider, ProviderError, Verdict};
use domain::time::Timestamp;
use tokio::time::timeout;

pub struct Patient {
    pub provider: Arc<dyn Provider>,
    pub patience: Duration,
}

impl Patient {
    async fn wait<T>(&self, call: Call<'_, T>) -> Result<T, ProviderError> {
        timeout(self.patience, call).await.unwrap_or_else(|_elapsed| {
            let seconds = self.patience.as_secs_f64();
            Err(ProviderError::Unknown(format!("no answer within {seconds} s")))
        })
    }
}

impl Provider for Patient {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict> {
        Box::pin(self.wait(self.provider.ask(ask)))
    }

    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found> {
        Box::pin(self.wait(self.provider.look_up(ask)))
    }

    fn signature_header(&self) -> &'static str {
        self.provider.signature_header()
    }

    fn callback(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Option<Callback>, CallbackError> {
        self.provider.callback(signature, body, now)
    }
}
