//! API keys: made, used and revoked.

use std::sync::Arc;

use domain::api_key::{ApiKey, Scope};
use domain::ids::{ApiKeyId, UserId};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Handled};
use crate::state::rows::Keys;

#[derive(Clone, Debug, PartialEq)]
pub enum ApiKeyCommand {
    Create(Box<NewApiKey>),
    /// A key that is revoked already stays so.
    Revoke(ApiKeyId),
    /// A request came with the key.
    Used(ApiKeyId),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewApiKey {
    pub hash: [u8; 32],
    pub name: Arc<str>,
    pub scopes: Vec<Scope>,
    pub by: UserId,
}

impl ApiKeyCommand {
    pub(crate) fn declare(&self, keys: &mut Keys) {
        match self {
            ApiKeyCommand::Create(_) => {}
            ApiKeyCommand::Revoke(id) | ApiKeyCommand::Used(id) => {
                keys.insert((*id).into());
            }
        }
    }
}

/// Writes no event, because rights stay inside the shop.
pub(crate) fn handle(context: &mut Context<'_>, command: &ApiKeyCommand) -> Answered {
    let now = context.now;
    let key = match command {
        ApiKeyCommand::Create(new) => ApiKey {
            id: context.ids.api_key(),
            hash: new.hash,
            name: Arc::clone(&new.name),
            scopes: new.scopes.clone(),
            created_by: new.by,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        },
        ApiKeyCommand::Revoke(id) => {
            let key = known(context, *id)?;
            ApiKey { revoked_at: key.revoked_at.or(Some(now)), ..key }
        }
        ApiKeyCommand::Used(id) => {
            let key = known(context, *id)?;
            ApiKey { last_used_at: key.last_used_at.max(Some(now)), ..key }
        }
    };
    context.rows.api_keys.put(key.id, key.clone());
    Ok(Answer::changed(Changed::ApiKey(key)))
}

fn known(context: &Context<'_>, id: ApiKeyId) -> Handled<ApiKey> {
    Ok(context.rows.api_keys.get(id)?.cloned().ok_or(Refusal::ApiKeyNotFound)?)
}
