//! How a command that did not come about ends: its exit code, and what it says, for people or as JSON.

use std::process::ExitCode;

use clap::error::ErrorKind;
use serde_json::{Value, json};

use crate::commands::Error;
use crate::security::secret;
use crate::system::data_dir;
use crate::wiring;

/// Something was found that is not as it should be, or what was asked for did not come about.
const FAILED: u8 = 1;
/// The command line or a setting is wrong; nothing was begun.
const USAGE: u8 = 2;
/// As shells say it of a command that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// What a shop's admin endpoint answered instead of doing it.
#[derive(Debug)]
pub struct Refusal {
    pub(in crate::commands) status: u16,
    pub(in crate::commands) document: Value,
}

impl Refusal {
    pub(in crate::commands) fn code(&self) -> &str {
        self.document["code"].as_str().unwrap_or("failed")
    }

    /// Each value that is wrong, by the option that gave it; without any, what the shop says of the whole.
    pub(in crate::commands) fn text(&self) -> String {
        let wrong: Vec<String> = self.document["errors"].as_array().into_iter().flatten().map(of_option).collect();
        if !wrong.is_empty() {
            return wrong.join("; ");
        }
        let said = self.document["detail"].as_str().or_else(|| self.document["title"].as_str());
        said.map_or_else(|| format!("the shop answered {} and not why", self.status), str::to_owned)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// `#/toOffset: …` in the words of the command line: `--to-offset: …`.
fn of_option(violation: &Value) -> String {
    let detail = violation["detail"].as_str().unwrap_or_default();
    let place = violation["pointer"].as_str().or_else(|| violation["parameter"].as_str()).unwrap_or_default();
    let name = place.rsplit(['/', '#']).next().unwrap_or_default();
    if name.is_empty() {
        return option_names(detail);
    }
    format!("--{}: {}", kebab(name), option_names(detail))
}

fn kebab(name: &str) -> String {
    let mut option = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            option.push('-');
        }
        option.push(char.to_ascii_lowercase());
    }
    option
}

/// Fields that a detail names, as the options that set them.
fn option_names(detail: &str) -> String {
    ["toOffset", "toTime", "toCommitted"]
        .iter()
        .fold(detail.to_owned(), |detail, field| detail.replace(field, &format!("--{}", kebab(field))))
}

impl Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is, or will be, is told in the same way")]
    pub(in crate::commands) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Error::Config(_) | Error::Logging(_) | Error::Usage(_) | Error::Weak(_) => USAGE,
            Error::Secret(secret::Error::Missing(_)) => USAGE,
            Error::Interrupted => INTERRUPTED,
            _ => FAILED,
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is, or will be, is told in the same way")]
    fn code(&self) -> &str {
        match self {
            Error::Config(_) | Error::Logging(_) => "settings",
            Error::DataDir(data_dir::Error::Served(_)) => "folder.served",
            Error::DataDir(_) => "folder.unusable",
            Error::Secret(secret::Error::Missing(_)) => "secret.missing",
            Error::Secret(_) => "secret.unusable",
            Error::Weak(_) => "secret.weak",
            Error::Listen { .. } => "listen",
            Error::Unreachable { .. } => "unreachable",
            Error::Refused(refusal) => refusal.code(),
            Error::Usage(_) => "usage",
            Error::Interrupted => "interrupted",
            Error::Wiring(_) | Error::Store(_) => "store",
            _ => "failed",
        }
    }

    /// What to do about it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is, or will be, is told in the same way")]
    fn next(&self) -> String {
        match self {
            Error::Config(_) | Error::Logging(_) => {
                "`doorbuster config --default` lists every setting with what it takes".into()
            }
            Error::DataDir(data_dir::Error::Served(_)) => {
                "stop the process that serves it, or name another folder with --data-dir".into()
            }
            Error::DataDir(_) => "name a folder that this user may write to with --data-dir".into(),
            Error::Secret(_) => {
                "set DOORBUSTER_AUTH_SECRET to the server's secret, or name its folder with --data-dir".into()
            }
            Error::Weak(_) => "give a better one, or listen on 127.0.0.1 only".into(),
            Error::Listen { .. } => "name another address with --listen, or stop what listens there".into(),
            Error::Unreachable { .. } => "start the server (`doorbuster serve`), or correct --url".into(),
            Error::Refused(refusal) => format!("docs/errors.md says of `{}` what to do", refusal.code()),
            Error::Usage(_) => "`doorbuster help COMMAND` shows what a command takes".into(),
            Error::Wiring(wiring::Error::OtherSecret) => {
                "set DOORBUSTER_AUTH_SECRET to the secret of the other processes".into()
            }
            Error::Wiring(_) | Error::Store(_) => {
                "`doorbuster config` shows the settings in force; check what the message names".into()
            }
            Error::Interrupted => "nothing is left behind; give the command again".into(),
            _ => "docs/operations.md says what to look at".into(),
        }
    }

    /// For stderr: what went wrong, once, and what to do next.
    pub(in crate::commands) fn told(&self, is_json: bool) -> String {
        let (message, next) = (self.to_string(), self.next());
        if is_json { document(self.code(), &message, &next) } else { format!("error: {message}\nnext: {next}") }
    }
}

fn document(code: &str, message: &str, next: &str) -> String {
    json!({"error": {"code": code, "message": message, "next": next}}).to_string()
}

/// A command line that cannot be understood; help that was asked for is no failure.
pub(in crate::commands) fn of_command_line(error: &clap::Error, is_json: bool) -> ExitCode {
    if !is_json || !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A closed terminal is no failure.
        let _closed = error.print();
        return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
    }
    let text = error.render().to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ").trim();
    crate::commands::note(&document("usage", message, "`doorbuster help COMMAND` shows what a command takes"));
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(document: Value) -> Error {
        Error::Refused(Refusal { status: 400, document })
    }

    #[test]
    fn a_refusal_names_the_option_and_says_it_once() {
        let error = refused(json!({
            "code": "validation.failed", "detail": "#/toOffset: must be from 1 to 9",
            "errors": [{"pointer": "#/toOffset", "code": "out_of_range", "detail": "must be from 1 to 9"}],
        }));
        let told = error.told(false);
        assert_eq!(
            told,
            "error: --to-offset: must be from 1 to 9\nnext: docs/errors.md says of `validation.failed` what to do"
        );
        let whole =
            json!({"errors": [{"pointer": "#", "detail": "must have one of toOffset, toTime and toCommitted: true"}]});
        assert_eq!(refused(whole).to_string(), "must have one of --to-offset, --to-time and --to-committed: true");
        assert_eq!(refused(json!({"detail": "It is gone."})).to_string(), "It is gone.");
    }

    #[test]
    fn an_error_as_json_has_code_message_and_next() {
        let told = Error::Usage("it is wrong".to_owned()).told(true);
        let document: Value = serde_json::from_str(&told).unwrap();
        let error = document["error"].as_object().unwrap();
        assert_eq!((&error["code"], &error["message"]), (&json!("usage"), &json!("it is wrong")));
        assert!(error["next"].as_str().unwrap().contains("doorbuster help"));
    }
}
