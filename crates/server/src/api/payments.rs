//! Endpoints of payment-provider callbacks, and of the scripted provider.

pub(crate) mod stuck;

use app::payments::provider::{CallbackError, Operation, ProviderError, Script, ScriptSetting};
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shop;
use super::request::submission::Unkeyed;
use super::response::examples;
use super::response::refusals::problem;
use crate::api::texts::operators;
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::signed::Signed;
use crate::http::{Code, Problem};
use crate::openapi::words;
use crate::runtime::callbacks::{IncomingCallback, NotTaken, take_in};

/// The event was recorded, now or before.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CallbackTaken", example = examples::callback_taken())]
pub(crate) struct TakenBody {
    is_taken: bool,
}

/// `POST /api/payments/callbacks/{provider}`. A valid signed event is answered with 200, however often it is sent.
pub(crate) async fn callback(
    State(shop): State<Shop>,
    Name(name, _): Name<path::Provider>,
    signed: Signed,
) -> Result<Json<TakenBody>, Problem> {
    let provider = shop.payments.provider.as_ref();
    if name != provider.name() {
        let detail = operators::PROVIDER_OF_SHOP.with(provider.name());
        return Err(Problem::new(Code::PaymentProviderNotFound, detail));
    }
    let signature = signed.header(provider.signature_header()).unwrap_or_default();
    let incoming = IncomingCallback { submitter: &shop.submitter, provider, mismatches: &shop.payments.mismatches };
    match take_in(incoming, signature, &signed.body).await {
        Ok(()) => Ok(Json(TakenBody { is_taken: true })),
        Err(NotTaken::Refused(refusal)) => Err(problem(&refusal)),
        Err(NotTaken::Unbelieved(error)) => Err(unbelieved(error)),
    }
}

fn unbelieved(error: CallbackError) -> Problem {
    match error {
        CallbackError::Forged => Problem::new(Code::CallbackUnsigned, operators::CALLBACK_FORGED),
        CallbackError::Stale => Problem::new(Code::CallbackUnsigned, operators::CALLBACK_STALE),
        CallbackError::Unreadable => Problem::invalid("#", "unreadable", operators::CALLBACK_UNREADABLE),
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TellProvider", example = examples::tell_provider())]
pub(crate) struct SetScriptBody {
    #[schemars(with = "words::ScriptWord")]
    script: String,
    /// Apply the script to this operation only. Default: all operations.
    #[serde(default, rename = "deed")]
    #[schemars(with = "Option<words::DeedWord>")]
    operation: Option<String>,
    /// How many times to apply the script. Default: until it is changed.
    #[serde(default)]
    #[schemars(range(min = 1))]
    times: Option<u32>,
}

/// The provider's current script, and the amounts that trigger a script.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProviderScript", example = examples::provider_script())]
pub(crate) struct ScriptBody {
    #[schemars(with = "words::ScriptWord")]
    script: &'static str,
    /// The only operation that the script applies to. Absent: all operations.
    #[serde(rename = "deed", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::DeedWord>")]
    operation: Option<&'static str>,
    /// How many times the script still applies. Absent: until it is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// The amounts that trigger a script, whatever the current one is.
    amounts: Vec<MagicAmount>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MagicAmount")]
struct MagicAmount {
    /// In the currency's smallest unit.
    amount: i64,
    #[schemars(with = "words::ScriptWord")]
    script: &'static str,
}

fn body(setting: Option<ScriptSetting>) -> ScriptBody {
    let meaning =
        |script: Script| script.amount().map(|amount| MagicAmount { amount: amount.amount(), script: script.name() });
    ScriptBody {
        script: setting.map_or(Script::Approve, |setting| setting.script).name(),
        operation: setting.and_then(|setting| setting.operation).map(Operation::name),
        times: setting.and_then(|setting| setting.times),
        amounts: Script::ALL.into_iter().filter_map(meaning).collect(),
    }
}

/// `GET /api/admin/payments/script`.
pub(crate) async fn script(State(shop): State<Shop>) -> Result<Json<ScriptBody>, Problem> {
    let scripted = shop.payments.scripted.as_ref().ok_or_else(not_scripted)?;
    Ok(Json(body(scripted.script().await.map_err(closed)?)))
}

/// `POST /api/admin/payments/script`.
pub(crate) async fn set_script(
    State(shop): State<Shop>,
    Unkeyed(submission): Unkeyed<SetScriptBody>,
) -> Result<Json<ScriptBody>, Problem> {
    let SetScriptBody { script, operation, times } = submission.body;
    let script =
        Script::of_name(&script).ok_or_else(|| Problem::invalid("#/script", "unknown", operators::SCRIPT_UNKNOWN))?;
    let operation = operation
        .map(|name| Operation::from_name(&name))
        .map(|operation| operation.ok_or_else(|| Problem::invalid("#/deed", "unknown", operators::OPERATION_UNKNOWN)))
        .transpose()?;
    if times == Some(0) {
        return Err(Problem::invalid("#/times", "out_of_range", operators::TIMES));
    }
    let scripted = shop.payments.scripted.as_ref().ok_or_else(not_scripted)?;
    let is_plain = script == Script::Approve && operation.is_none() && times.is_none();
    scripted.set_script((!is_plain).then_some(ScriptSetting { script, operation, times })).await.map_err(closed)?;
    Ok(Json(body(scripted.script().await.map_err(closed)?)))
}

/// The problem of a provider whose script cannot be read or written.
fn closed(error: ProviderError) -> Problem {
    tracing::error!("The script of the payment provider could not be read or written: {error}");
    Problem::new(Code::Unavailable, operators::PROVIDER_CLOSED)
}

fn not_scripted() -> Problem {
    Problem::new(Code::PaymentNotScripted, operators::NOT_SCRIPTED)
}
