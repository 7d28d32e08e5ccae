//! The people who run the shop, and the keys of programs. For admins only.

use app::state::rows::{Login, Role as StoredRole};
use axum::extract::State;
use axum::response::Response;
use domain::api_key::{ApiKey, Scope};
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act, act_showing};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, dashboard};
use crate::http::Problem;
use crate::web::format::time;

const USERS: &str = "/api/admin/users";
const KEYS: &str = "/api/admin/api-keys";
const PEOPLE_SHOWN: usize = 200;
const KEYS_SHOWN: usize = 200;

/// `GET /admin/people`.
pub(crate) async fn page(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    if !operator.is_admin() {
        return Ok(operator.nothing());
    }
    let staff = shop.submitter.views.staff(None, PEOPLE_SHOWN).await.map_err(unavailable)?;
    let keys = shop.submitter.views.api_keys(None, KEYS_SHOWN).await.map_err(unavailable)?;
    let content = html! {
        h1 { (operator.say(dashboard::PEOPLE)) }
        section.card { (invite(&operator)) (create_key(&operator)) }
        section { h2 { (operator.say(dashboard::STAFF)) } (people(&operator, &staff)) }
        section { h2 { (operator.say(dashboard::API_KEYS)) }
            @if keys.is_empty() { p.soft { (operator.say(dashboard::NO_API_KEYS)) } } @else { (table(&operator, &keys)) }
        }
    };
    Ok(operator.page(operator.say(dashboard::PEOPLE), content))
}

fn roles(operator: &Operator) -> Vec<(&'static str, &'static str)> {
    [
        ("viewer", dashboard::ROLE_VIEWER),
        ("operator", dashboard::ROLE_OPERATOR),
        ("admin", dashboard::ROLE_ADMIN),
        ("customer", dashboard::ROLE_NONE),
    ]
    .map(|(name, label): (_, Text)| (name, operator.say(label)))
    .to_vec()
}

fn invite(operator: &Operator) -> Markup {
    let mut roles = roles(operator);
    roles.pop();
    let fields = vec![
        Field::new("email", dashboard::EMAIL, Kind::Text),
        Field::new("name", dashboard::PERSON_NAME, Kind::Text),
        Field::new("role", dashboard::ROLE, Kind::Choice(roles)),
    ];
    let (label, says) = (dashboard::INVITE, dashboard::INVITE_SAYS);
    act_showing(operator, &Act { label, says, method: "POST", path: USERS, fields, is_grave: false }, "password")
}

fn create_key(operator: &Operator) -> Markup {
    let fields = vec![
        Field::new("name", dashboard::KEY_NAME, Kind::Text),
        Field::new("scopes", dashboard::SCOPES_HINT, Kind::List),
    ];
    let (label, says) = (dashboard::CREATE_KEY, dashboard::CREATE_KEY_SAYS);
    let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    html! {
        (act_showing(operator, &Act { label, says, method: "POST", path: KEYS, fields, is_grave: false }, "key"))
        p.faint { (operator.say(dashboard::SCOPES)) ": " span.code { (names.join(", ")) } }
    }
}

fn people(operator: &Operator, staff: &[Login]) -> Markup {
    html! { div.card.scroll { table {
        thead { tr {
            th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::PERSON_NAME)) } th { (operator.say(dashboard::EMAIL)) }
            th { (operator.say(dashboard::ROLE)) } th { (operator.say(dashboard::ACTIONS)) }
        } }
        tbody { @for login in staff { tr {
            td.num { (login.user.0) }
            td { (login.name) }
            td.soft { (login.email) }
            td { span class=(if login.role == StoredRole::Admin { "chip good" } else { "chip" }) { (login.role.shown()) } }
            // A user cannot change their own role.
            td { @if operator.0.user.is_none_or(|user| user.user_id != login.user.0) { (give_role(operator, login)) } }
        } } }
    } } }
}

fn give_role(operator: &Operator, login: &Login) -> Markup {
    let path = format!("{USERS}/{}", login.user.0);
    let fields = vec![Field::new("role", dashboard::ROLE, Kind::Choice(roles(operator))), Field::reason()];
    let (label, says) = (dashboard::GIVE_ROLE, dashboard::GIVE_ROLE_SAYS);
    act(operator, &Act { label, says, method: "PATCH", path: &path, fields, is_grave: true })
}

fn table(operator: &Operator, keys: &[ApiKey]) -> Markup {
    html! { div.card.scroll { table {
        thead { tr {
            th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::KEY_NAME)) } th { (operator.say(dashboard::SCOPES)) }
            th { (operator.say(dashboard::MADE_BY)) } th { (operator.say(dashboard::LAST_USED)) } th { (operator.say(dashboard::STATUS)) }
        } }
        tbody { @for key in keys { tr {
            td.num { (key.id.0) }
            td { (key.name) br; span.faint { (time(key.created_at)) } }
            td.code { @for (at, scope) in key.scopes.iter().enumerate() { @if at > 0 { ", " } (scope.name()) } }
            td.num { (key.created_by.0) }
            td.soft { @match key.last_used_at { Some(at) => (time(at)), None => (operator.say(dashboard::NEVER)) } }
            td { @match key.revoked_at {
                Some(at) => { span.chip.bad { (operator.say(dashboard::REVOKED)) } " " span.faint { (time(at)) } }
                None => (revoke(operator, key)),
            } }
        } } }
    } } }
}

fn revoke(operator: &Operator, key: &ApiKey) -> Markup {
    let path = format!("{KEYS}/{}", key.id.0);
    let (label, says) = (dashboard::REVOKE, dashboard::REVOKE_SAYS);
    let fields = vec![Field::reason()];
    act(operator, &Act { label, says, method: "DELETE", path: &path, fields, is_grave: true })
}
