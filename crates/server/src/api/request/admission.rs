//! Admission to the admin paths: people by their role, programs by the scopes of their key.

use app::commands::{ApiKeyCommand, Command};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use domain::api_key::ApiKey;

use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::details;
use crate::api::users::staff::role_in_force;
use crate::http::{Code, Problem};
use crate::security::api_keys;
use crate::security::auth::{Asked, Principal, Role, area, is_writing, needed};

/// The layer in front of the admin paths: lets a route be called by those who may.
pub(in crate::api) async fn staff_only(
    State(shop): State<Shop>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let admitted = match api_keys::of_request(request.headers()) {
        Some(secret) => by_key(&shop, secret, request.method(), route.as_str()).await?,
        None => {
            let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
            let principal = shop.tokens.session_of(asked, None)?.principal;
            Principal { role: role_in_force(&shop, principal).await?, ..principal }
        }
    };
    if admitted.role < needed(request.method(), route.as_str()) {
        let detail = if admitted.role == Role::Customer { details::ADMINS_ONLY } else { details::ROLE_TOO_LOW };
        return Err(Problem::new(Code::AuthForbidden, detail));
    }
    request.extensions_mut().insert(admitted);
    Ok(next.run(request).await)
}

/// Returns the principal of a key: the admin who made it, in the role that they have now.
async fn by_key(shop: &Shop, secret: &str, method: &Method, route: &str) -> Result<Principal, Problem> {
    let found = shop.submitter.views.api_key(api_keys::hash(secret)).await.map_err(unavailable)?;
    let key = found.filter(|key| key.revoked_at.is_none());
    let key = key.ok_or_else(|| Problem::new(Code::AuthRequired, details::KEY_INVALID))?;
    note_used(shop, &key);
    let (area, is_writing) = (area(route), is_writing(method));
    let area = area.ok_or_else(|| Problem::new(Code::AuthForbidden, details::NOT_FOR_KEYS))?;
    if !key.allows(area, is_writing) {
        let scope = format!("{area}:{}", if is_writing { "write" } else { "read" });
        return Err(Problem::new(Code::AuthForbidden, details::SCOPE_MISSING.with(scope)));
    }
    let maker = Principal { user_id: key.created_by.0, role: Role::Admin };
    Ok(Principal { role: role_in_force(shop, maker).await?, ..maker })
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
