//! Stores the secrets of all endpoints under the newest key, once after the start: keys change with a restart only.

use std::sync::Arc;

use app::commands::{Command, RenewedSecret, WebhookCommand};
use app::webhooks::secret_keys::SecretKeys;
use domain::webhook::Endpoint;

use crate::runtime::submitter::Submitter;
use crate::system::logging;

const PAGE: usize = 500;

pub(super) async fn renew_all(keys: &dyn SecretKeys, submitter: &Submitter) {
    if !keys.encrypts() {
        return;
    }
    let (mut after, mut count) = (None, 0);
    loop {
        let page = match submitter.views.webhooks(after, PAGE).await {
            Ok(page) => page,
            Err(error) => return logging::error("The secrets of webhooks could not be read", &error),
        };
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for endpoint in &page {
            count += usize::from(renew(endpoint, keys, submitter).await);
        }
    }
    if count > 0 {
        tracing::info!("The secrets of {count} webhooks were encrypted with the newest key.");
    }
}

/// Returns true if a secret of the endpoint was stored under the newest key.
async fn renew(endpoint: &Endpoint, keys: &dyn SecretKeys, submitter: &Submitter) -> bool {
    let stored = std::iter::once(&endpoint.secret).chain(endpoint.old_secret.as_ref().map(|old| &old.secret));
    let renewed = stored.filter_map(|stored| match keys.renewed(stored) {
        Ok(by) => by.map(|by| RenewedSecret { stored: Arc::clone(stored), by }),
        Err(error) => {
            logging::error("The secret of a webhook could not be encrypted", &error);
            None
        }
    });
    let renewed: Vec<RenewedSecret> = renewed.collect();
    if renewed.is_empty() {
        return false;
    }
    let command = Command::Webhook(WebhookCommand::RenewSecrets { webhook: endpoint.id, renewed });
    match submitter.submit(command, None).await.result {
        Ok(_) => true,
        Err(refusal) => {
            logging::error("The secret of a webhook could not be stored", &format!("{refusal:?}"));
            false
        }
    }
}
