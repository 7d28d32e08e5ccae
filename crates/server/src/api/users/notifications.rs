//! How a user wants to be told outside of the shop: contacts, language, and the channels that were chosen.

use std::sync::Arc;

use app::commands::answer::changed::Changed;
use app::commands::{Command, NotificationCommand};
use axum::extract::State;
use domain::ids::UserId;
use domain::limits::PUSH_TOKEN_CHARS_MAX;
use domain::notification::{Channel, Choice, Language as ChosenLanguage, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::characters::is_unseen;
use crate::api::request::submission::Submission;
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::texts::values;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::{Problem, Violations};
use crate::openapi::words;
use crate::security::auth::Customer;

/// E.164: a plus sign and up to 15 digits, the first of which is not 0.
const PHONE: &str = r"^\+[1-9][0-9]{6,14}$";
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// All of the settings: what is left out is deleted, or not chosen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ChangeNotificationSettings", example = examples::change_notification_settings())]
pub(crate) struct ChangeBody {
    /// The user's own e-mail address, as it is read here; it cannot be changed.
    #[serde(default)]
    email: Option<String>,
    /// A phone number in the international format E.164.
    #[serde(default)]
    #[schemars(regex(pattern = PHONE))]
    phone: Option<String>,
    /// The token of an app on the user's device.
    #[serde(default)]
    #[schemars(length(min = 1, max = PUSH_TOKEN_CHARS_MAX))]
    push_token: Option<String>,
    /// The language of the texts. Default: that of the request.
    #[serde(default)]
    #[schemars(with = "Option<words::LanguageWord>")]
    language: Option<ChosenLanguage>,
    #[serde(default)]
    channels: ChannelsBody,
}

/// The channels over which the user wants to be told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "NotificationChannels")]
pub(crate) struct ChannelsBody {
    email: bool,
    /// Needs `phone`.
    sms: bool,
    /// Needs `pushToken`.
    push: bool,
}

/// How a user wants to be told outside of the shop.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NotificationSettings", example = examples::notification_settings())]
pub(crate) struct SettingsBody {
    /// Absent for a user that is not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push_token: Option<String>,
    #[schemars(with = "words::LanguageWord")]
    language: &'static str,
    channels: ChannelsBody,
}

/// `GET /api/users/me/notification-settings`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    Customer(principal): Customer,
    language: Language,
) -> Result<Json<SettingsBody>, Problem> {
    let user = UserId(principal.user_id);
    let settings = shop.submitter.views.notification_settings(user).await.map_err(unavailable)?;
    let settings = settings.unwrap_or_else(|| Settings::none(user, chosen(language)));
    let channels = Channel::ALL.into_iter().filter(|channel| settings.since(*channel).is_some()).collect();
    let Settings { phone, push_token, language, .. } = settings;
    Ok(Json(body(email_of(&shop, user).await?, &Choice { phone, push_token, language, channels })))
}

/// `PUT /api/users/me/notification-settings`. Applies to what happens after the answer.
pub(crate) async fn put(
    State(shop): State<Shop>,
    language: Language,
    submission: Submission<ChangeBody>,
) -> Result<Shown<SettingsBody>, Problem> {
    let user = submission.user();
    let email = email_of(&shop, user).await?;
    let mut violations = Violations::default();
    let choice = check(&submission.body, email.as_deref(), language, &mut violations);
    violations.into_result()?;
    let command = Command::Notification(NotificationCommand::Choose { user, choice: Box::new(choice.clone()) });
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (Some(Changed::NotificationSettings(choice)), replayed) = left_behind(reply)? else {
        return Ok(shown(body(email, &choice), false));
    };
    Ok(shown(body(email, &choice), replayed))
}

fn check(body: &ChangeBody, own: Option<&str>, language: Language, violations: &mut Violations) -> Choice {
    let ChangeBody { email, phone, push_token, language: wanted, channels } = body;
    if email.as_deref().is_some_and(|given| Some(given) != own) {
        violations.push("#/email", "not_accepted", values::EMAIL_NOT_CHANGED);
    }
    if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
        violations.push("#/phone", "not_a_phone", values::PHONE);
    }
    if let Some(token) = push_token {
        if token.is_empty() || token.chars().count() > PUSH_TOKEN_CHARS_MAX {
            violations.push("#/pushToken", "length", values::CHARACTERS.with(1).with(PUSH_TOKEN_CHARS_MAX));
        }
        if token.chars().any(|char| char.is_whitespace() || is_unseen(char)) {
            violations.push("#/pushToken", "not_text", values::ONE_WORD);
        }
    }
    if channels.sms && phone.is_none() {
        violations.push("#/phone", "required", values::REQUIRED);
    }
    if channels.push && push_token.is_none() {
        violations.push("#/pushToken", "required", values::REQUIRED);
    }
    if channels.email && own.is_none() {
        violations.push("#/channels/email", "not_accepted", values::EMAIL_UNKNOWN);
    }
    let chosen_channels =
        [(channels.email, Channel::Email), (channels.sms, Channel::Sms), (channels.push, Channel::Push)];
    Choice {
        phone: phone.as_deref().map(Arc::from),
        push_token: push_token.as_deref().map(Arc::from),
        language: wanted.unwrap_or_else(|| chosen(language)),
        channels: chosen_channels.into_iter().filter(|(is_chosen, _)| *is_chosen).map(|(_, channel)| channel).collect(),
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

const fn chosen(language: Language) -> ChosenLanguage {
    match language {
        Language::English => ChosenLanguage::English,
        Language::Korean => ChosenLanguage::Korean,
    }
}

async fn email_of(shop: &Shop, user: UserId) -> Result<Option<String>, Problem> {
    let login = shop.submitter.views.login_of(user).await.map_err(unavailable)?;
    Ok(login.map(|login| login.email.to_string()))
}

fn body(email: Option<String>, choice: &Choice) -> SettingsBody {
    let has = |channel| choice.channels.contains(&channel);
    SettingsBody {
        email,
        phone: choice.phone.as_deref().map(str::to_owned),
        push_token: choice.push_token.as_deref().map(str::to_owned),
        language: choice.language.name(),
        channels: ChannelsBody { email: has(Channel::Email), sms: has(Channel::Sms), push: has(Channel::Push) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_international() {
        for phone in ["+821012345678", "+12025550123", "+1234567", "+123456789012345"] {
            assert!(is_phone(phone), "{phone}");
        }
        for wrong in [
            "",
            "+",
            "821012345678",
            "010-1234-5678",
            "+0821012345",
            "+82 10 1234 5678",
            "+123456",
            "++1234567",
            "+1234567890123456",
            "+８２１０１２３４５６",
        ] {
            assert!(!is_phone(wrong), "{wrong}");
        }
    }
}
