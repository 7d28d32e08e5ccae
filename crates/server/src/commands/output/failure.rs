//! How a failed command ends: its exit code, and its message as text or JSON.

mod usage_words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use serde_json::json;

use crate::commands::error::Error;
use crate::commands::output::terminal::note;
use crate::security::secret;
use crate::system::{data_dir, io_error};
use crate::wiring;

/// A check found a violation, or the command could not be carried out.
const FAILED: u8 = 1;
/// The command line or a setting is wrong; nothing was started.
const USAGE: u8 = 2;
/// The shop, or something that it needs, does not answer: the same command may work later.
const UNAVAILABLE: u8 = 69;
/// The exit code that shells use for a command ended by SIGINT.
const INTERRUPTED: u8 = 130;

impl Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other errors, also future ones, have the same exit code")]
    pub(in crate::commands) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Error::Config(_) | Error::Logging(_) | Error::Usage(_) | Error::Weak(_) | Error::Script { .. } => USAGE,
            Error::Secret(secret::Error::Missing(_)) => USAGE,
            Error::DataDir(data_dir::Error::Unusable { cause, .. }) if io_error::is_lasting(cause) => USAGE,
            Error::Interrupted(_) => INTERRUPTED,
            Error::Unreachable { .. } => UNAVAILABLE,
            Error::Wiring(error) if error.is_unavailable() => UNAVAILABLE,
            Error::Wiring(error) if error.is_setting() => USAGE,
            Error::Refused(refusal) if refusal.status == 503 => UNAVAILABLE,
            _ => FAILED,
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all other errors, also future ones, have the same code")]
    fn code(&self) -> &str {
        match self {
            Error::Config(_) | Error::Logging(_) => "settings",
            Error::DataDir(data_dir::Error::Served(_)) => "folder.served",
            Error::DataDir(_) => "folder.unusable",
            Error::Secret(secret::Error::Missing(_)) => "secret.missing",
            Error::Secret(_) => "secret.unusable",
            Error::Script { .. } => "script",
            Error::Weak(_) => "secret.weak",
            Error::Listen { .. } => "listen",
            Error::Certificate(_) => "certificate",
            Error::Unreachable { .. } => "unreachable",
            Error::Refused(refusal) => refusal.code(),
            Error::Usage(_) => "usage",
            Error::Interrupted(_) => "interrupted",
            Error::Wiring(error) if error.is_without_shop() => "store.missing",
            Error::Wiring(error) if error.is_unavailable() => "unavailable",
            Error::Wiring(error) if error.is_setting() => "settings",
            Error::Wiring(_) | Error::Store(_) => "store",
            _ => "failed",
        }
    }

    /// Returns what to do about it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other errors, also future ones, have the same advice")]
    fn next(&self) -> String {
        match self {
            Error::Config(_) | Error::Logging(_) => {
                "`doorbuster config --default` lists every setting and its allowed values".into()
            }
            Error::DataDir(data_dir::Error::Served(_)) => {
                "stop the process that serves it, or choose another folder with --data-dir".into()
            }
            Error::DataDir(_) => {
                "choose a folder that this user may write to with --data-dir, or correct its permissions".into()
            }
            Error::Secret(_) => {
                "set DOORBUSTER_AUTH_SECRET to the server's secret, or pass its folder with --data-dir".into()
            }
            Error::Weak(_) => "set a stronger one, or listen on 127.0.0.1 only".into(),
            Error::Listen { .. } => {
                "choose another address with --listen, or stop the process that listens there".into()
            }
            Error::Certificate(_) => "correct server.tls_cert_file and server.tls_key_file: docs/tls.md".into(),
            Error::Unreachable { .. } => "start the server (`doorbuster serve`), or correct --url".into(),
            Error::Refused(refusal) => format!("see `{}` in docs/errors.md", refusal.code()),
            Error::Script { .. } => "docs/rehearsal.md lists every key; examples/drop.toml is a whole script".into(),
            Error::Usage(_) => "`doorbuster help COMMAND` shows the command's options".into(),
            Error::Wiring(error) => error.advice().into(),
            Error::Store(_) => wiring::CHECK_THE_STORE.into(),
            Error::Interrupted(left) => left.advice(),
            _ => "see docs/operations.md".into(),
        }
    }

    /// Formats the error for stderr: what went wrong, and what to do next.
    pub(in crate::commands) fn report(&self, is_json: bool) -> String {
        let (message, next) = (without_system_numbers(&self.to_string()), self.next());
        if is_json { document(self.code(), &message, &next) } else { format!("error: {message}\nnext: {next}") }
    }
}

fn document(code: &str, message: &str, next: &str) -> String {
    json!({"error": {"code": code, "message": message, "next": next}}).to_string()
}

/// Reports a command line that cannot be parsed. Requested help is not a failure.
pub(in crate::commands) fn of_command_line(error: &clap::Error, is_json: bool) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A closed terminal is not a failure.
        let _closed = error.print();
        return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
    }
    note(&Error::Usage(usage_words::of(&error.render().to_string())).report(is_json));
    ExitCode::from(USAGE)
}

/// Leaves out the numbers that the system's own texts end with.
fn without_system_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::commands::output::refusal::Refusal;

    fn refused(document: Value) -> Error {
        Error::Refused(Refusal { status: 400, document })
    }

    #[test]
    fn a_refusal_names_the_wrong_value_once() {
        let error = refused(json!({
            "code": "validation.failed", "detail": "#/price: must be from 1 to 9",
            "errors": [{"pointer": "#/price", "code": "out_of_range", "detail": "must be from 1 to 9"}],
        }));
        let text = error.report(false);
        assert_eq!(text, "error: price: must be from 1 to 9\nnext: see `validation.failed` in docs/errors.md");
        assert_eq!(refused(json!({"detail": "It is gone."})).to_string(), "It is gone.");
    }

    #[test]
    fn an_error_as_json_has_code_message_and_next() {
        let text = Error::Usage("it is wrong".to_owned()).report(true);
        let document: Value = serde_json::from_str(&text).unwrap();
        let error = document["error"].as_object().unwrap();
        assert_eq!((&error["code"], &error["message"]), (&json!("usage"), &json!("it is wrong")));
        assert!(error["next"].as_str().unwrap().contains("doorbuster help"));
    }
}
