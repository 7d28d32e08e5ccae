//! Admission to the admin paths: people by their role, programs by the scopes of their key.

use std::collections::HashMap;
use std::sync::Arc;

use app::commands::{ApiKeyCommand, Command};
use app::state::rows::Deed;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use domain::api_key::ApiKey;
use domain::ids::ApiKeyId;

use crate::api::Shop;
use crate::api::request::acts;
use crate::api::response::refusals::unavailable;
use crate::api::texts::details;
use crate::api::users::staff::{role_in_force, role_of_maker};
use crate::http::{Code, Problem};
use crate::runtime::submitter::deeds;
use crate::security::api_keys;
use crate::security::auth::{Asked, Principal, Role, area, is_writing, needed, needs_write};

/// The state of the layer in front of the admin paths.
#[derive(Clone)]
pub(in crate::api) struct Admission {
    pub(in crate::api) shop: Shop,
    /// The name of each operation.
    pub(in crate::api) actions: Arc<HashMap<(Method, &'static str), &'static str>>,
}

struct Admitted {
    principal: Principal,
    key: Option<ApiKeyId>,
}

/// The layer in front of the admin paths: lets a route be called by those who may, and puts what they change into the trail.
pub(in crate::api) async fn staff_only(
    State(Admission { shop, actions }): State<Admission>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let admitted = match api_keys::of_request(request.headers()) {
        Some(secret) => by_key(&shop, secret, request.method(), route.as_str()).await?,
        None => {
            let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
            let principal = shop.tokens.session_of(asked, None).await?.principal;
            let principal = Principal { role: role_in_force(&shop, principal).await?, ..principal };
            Admitted { principal, key: None }
        }
    };
    let Admitted { principal, key } = admitted;
    if principal.role < needed(request.method(), route.as_str()) {
        let detail = if principal.role == Role::Customer { details::ADMINS_ONLY } else { details::ROLE_TOO_LOW };
        return Err(Problem::new(Code::AuthForbidden, detail));
    }
    request.extensions_mut().insert(principal);
    if !is_writing(request.method()) {
        return Ok(next.run(request).await);
    }
    let action = actions.get(&(request.method().clone(), route.as_str())).copied().unwrap_or_default();
    let deed = acts::deed(principal, key, action, request.uri());
    let (response, left) = deeds::during(deed, next.run(request)).await;
    if let Some(deed) = left.filter(|_| response.status().is_success()) {
        record(&shop, deed).await;
    }
    Ok(response)
}

/// Records an act that no command has carried out, because what it changes is not in the store.
async fn record(shop: &Shop, deed: Deed) {
    let (action, by) = (Arc::clone(&deed.action), deed.by.0);
    let (reply, _) = deeds::during(deed, shop.submitter.submit(Command::Record, None)).await;
    if reply.result.is_err() {
        tracing::error!(by, "An act is missing in the trail: {action}");
    }
}

/// Returns the principal of a key: the admin who made it, in the role that they have now.
async fn by_key(shop: &Shop, secret: &str, method: &Method, route: &str) -> Result<Admitted, Problem> {
    let found = shop.submitter.views.api_key(api_keys::hash(secret)).await.map_err(unavailable)?;
    let key = found.filter(|key| key.revoked_at.is_none());
    let key = key.ok_or_else(|| Problem::new(Code::AuthRequired, details::KEY_INVALID))?;
    note_used(shop, &key);
    let (area, is_writing) = (area(route), needs_write(method, route));
    let area = area.ok_or_else(|| Problem::new(Code::AuthForbidden, details::NOT_FOR_KEYS))?;
    if !key.allows(area, is_writing) {
        let scope = format!("{area}:{}", if is_writing { "write" } else { "read" });
        return Err(Problem::new(Code::AuthForbidden, details::SCOPE_MISSING.with(scope)));
    }
    let principal = Principal { user_id: key.created_by.0, role: role_of_maker(shop, key.created_by).await? };
    Ok(Admitted { principal, key: Some(key.id) })
}

/// Has the use of a key written, without waiting for that.
fn note_used(shop: &Shop, key: &ApiKey) {
    if !shop.keys_used.is_due(key, shop.submitter.clock.now()) {
        return;
    }
    let (shop, id) = (shop.clone(), key.id);
    tokio::spawn(async move {
        // The next use after a minute is noted again.
        let _noted = shop.submitter.submit(Command::ApiKey(ApiKeyCommand::Used(id)), None).await;
    });
}
