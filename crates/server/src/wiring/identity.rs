//! The identity provider outside of the shop: its keys are read over HTTP, and its people become users of the shop.

use std::io;
use std::sync::Arc;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, RegisterUser};
use app::state::rows::{EmailKey, Role as StoredRole};
use domain::limits::NAME_CHARS_MAX;
use sha2::{Digest as _, Sha256};

use super::shop_client::{Call, ShopClient};
use crate::config::{Auth, Jwks};
use crate::runtime::submitter::Submitter;
use crate::security::auth::Role;
use crate::security::auth::outside::claims::Rules;
use crate::security::auth::outside::{KeySource, Newcomer, Outside, Users};
use crate::security::email::is_email;
use crate::security::provider_login::{Exchange, ProviderLogin};

/// No password matches it: these people log in at the provider.
const NO_PASSWORD: &str = "!";

/// Returns the provider, if one is set.
pub(super) fn open(settings: &Jwks, submitter: &Submitter) -> io::Result<Option<Outside>> {
    if settings.url.is_empty() {
        return Ok(None);
    }
    let rules = Rules {
        issuer: settings.issuer.clone(),
        audience: settings.audience.clone(),
        user_claim: settings.user_claim.clone(),
        is_number: settings.users_are_numbers(),
        role_claim: settings.role_claim.clone(),
        words: vec![
            (Role::Viewer, settings.viewer.clone()),
            (Role::Operator, settings.operator.clone()),
            (Role::Admin, settings.admin.clone()),
        ],
    };
    let users = users(&settings.issuer, submitter.clone());
    Ok(Some(Outside::new(rules, key_source(settings)?, users, settings.refresh_every())))
}

/// Returns how people log in at the provider with a browser, if that is set.
pub(super) fn login(settings: &Auth) -> io::Result<Option<ProviderLogin>> {
    let login = &settings.login;
    if !login.is_on() {
        return Ok(None);
    }
    Ok(Some(ProviderLogin {
        name: login.name.clone(),
        authorize_url: login.authorize_url.clone(),
        client_id: settings.jwks.audience.clone(),
        scope: login.scope.clone(),
        shop_url: login.shop_url.clone(),
        exchange: exchange(settings)?,
    }))
}

fn exchange(settings: &Auth) -> io::Result<Exchange> {
    let client = Arc::new(ShopClient::new(settings.jwks.timeout())?);
    let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    // Both are escaped before they become a user and a password (RFC 6749, 2.3.1).
    let identity = settings.login.secret().map(|secret| (escaped(&settings.jwks.audience), escaped(secret)));
    let url: Arc<str> = settings.login.token_url.as_str().into();
    Ok(Arc::new(move |form| {
        let (client, identity, url) = (Arc::clone(&client), identity.clone(), Arc::clone(&url));
        Box::pin(async move { client.post_form(&url, form, identity).await })
    }))
}

fn key_source(settings: &Jwks) -> io::Result<KeySource> {
    let client = Arc::new(ShopClient::new(settings.timeout())?);
    let url = settings.url.clone();
    Ok(Arc::new(move || {
        let (client, url) = (Arc::clone(&client), url.clone());
        Box::pin(async move {
            let (status, body) = client.call(Call { method: "GET", url, token: None, body: None }).await?;
            if status == 200 { Ok(body) } else { Err(io::Error::other(format!("it answered {status}"))) }
        })
    }))
}

/// Finds the users of people by the issuer and their subject, and registers those who come for the first time.
fn users(issuer: &str, submitter: Submitter) -> Users {
    let issuer: Arc<str> = issuer.into();
    Arc::new(move |newcomer| {
        let key = key_of(&issuer, &newcomer.subject);
        let submitter = submitter.clone();
        Box::pin(async move {
            if let Some(login) = submitter.views.login(key).await.ok()? {
                return Some(login.user.0);
            }
            let command = Command::RegisterUser(Box::new(registration(key, newcomer)));
            match submitter.submit(command, None).await.result {
                Ok(Answer::UserRegistered { user }) => Some(user.0),
                // Another request of the same person was first.
                Err(Refusal::EmailTaken) => Some(submitter.views.login(key).await.ok()??.user.0),
                Ok(_) | Err(_) => None,
            }
        })
    })
}

/// Returns the key of the login; no e-mail address has it.
fn key_of(issuer: &str, subject: &str) -> EmailKey {
    EmailKey(Sha256::digest(format!("outside\0{issuer}\0{subject}")).into())
}

fn registration(key: EmailKey, newcomer: Newcomer) -> RegisterUser {
    let is_shown = |text: &String| !text.trim().is_empty() && !text.chars().any(char::is_control);
    let name = newcomer.name.filter(is_shown).unwrap_or_else(|| newcomer.subject.clone());
    // A claim that is no address is left out: the person is known by the subject.
    let email = newcomer.email.filter(|email| is_email(email.trim())).unwrap_or_default();
    RegisterUser {
        email: email.trim().into(),
        email_key: key,
        name: name.chars().take(NAME_CHARS_MAX).collect::<String>().into(),
        password_hash: NO_PASSWORD.into(),
        role: StoredRole::Customer,
        candidate: None,
    }
}
