//! Names of environment variables.

use std::{fs, io};

/// Prefix of the environment variables that set a key of the reference.
pub(super) const ENV_PREFIX: &str = "DOORBUSTER__";
pub(super) const ENV_AUTH_SECRET: &str = "DOORBUSTER_AUTH_SECRET";
pub(super) const ENV_DATABASE_URL: &str = "DATABASE_URL";
pub(super) const ENV_KAFKA_BROKERS: &str = "KAFKA_BROKERS";
pub(super) const ENV_REDIS_URL: &str = "REDIS_URL";
pub(super) const ENV_PAYMENT_KEY: &str = "DOORBUSTER_PAYMENT_KEY";
pub(super) const ENV_SMTP_URL: &str = "DOORBUSTER_SMTP_URL";
pub(super) const ENV_GATEWAY_TOKEN: &str = "DOORBUSTER_GATEWAY_TOKEN";
pub(super) const ENV_CHALLENGE_SECRET: &str = "DOORBUSTER_CHALLENGE_SECRET";
pub(super) const ENV_LOGIN_SECRET: &str = "DOORBUSTER_LOGIN_SECRET";
pub(super) const ENV_CALLBACK_SECRETS: &str = "DOORBUSTER_PAYMENT_CALLBACK_SECRETS";
pub(crate) const ENV_WEBHOOK_KEYS: &str = "DOORBUSTER_WEBHOOK_SECRET_KEYS";
/// A name with at most so many wrong, missing or swapped letters is a misspelt one.
const TYPOS_MAX: usize = 2;
/// Behind one of the names above: the file that contains the value, as secret stores of containers and systemd give it.
pub(super) const FILE: &str = "_FILE";

/// The variables that are no key of the reference, so that secrets and addresses are in no file. An empty one counts as
/// absent.
pub(super) const OWN: [&str; 11] = [
    ENV_AUTH_SECRET,
    ENV_DATABASE_URL,
    ENV_KAFKA_BROKERS,
    ENV_REDIS_URL,
    ENV_PAYMENT_KEY,
    ENV_CALLBACK_SECRETS,
    ENV_SMTP_URL,
    ENV_GATEWAY_TOKEN,
    ENV_WEBHOOK_KEYS,
    ENV_CHALLENGE_SECRET,
    ENV_LOGIN_SECRET,
];

/// The variables of OpenTelemetry that are read.
pub(super) const OF_TRACES: [&str; 12] = [
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

/// Returns `true` for the variables that the shop reads.
pub(crate) fn is_read(variable: &str) -> bool {
    variable.starts_with("DOORBUSTER") || own(variable).is_some() || OF_TRACES.contains(&variable)
}

/// Returns which of [`OWN`] a variable sets, and whether it names a file.
pub(super) fn own(variable: &str) -> Option<(&'static str, Form)> {
    let find = |wanted: &str| OWN.into_iter().find(|name| *name == wanted);
    let by_file = || variable.strip_suffix(FILE).and_then(find).map(|name| (name, Form::File));
    find(variable).map(|name| (name, Form::Text)).or_else(by_file)
}

/// Returns the name that a variable was probably meant to have, which nothing reads as it is: a secret with a misspelt name would
/// be missing without a word. Names that are further away belong to others, such as those that Kubernetes sets.
pub(super) fn meant(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix("DOORBUSTER_")?;
    if rest.contains("__") {
        return Some(format!("{ENV_PREFIX}{rest}"));
    }
    let is_near = |name: &str| strsim::osa_distance(name, variable) <= TYPOS_MAX;
    let known = OWN.into_iter().flat_map(|name| [name.to_owned(), format!("{name}{FILE}")]);
    known.into_iter().find(|name| is_near(name))
}

/// The content of a variable of [`OWN`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// The path of a file with the text.
    File,
}

/// Reads the file that stands for a variable of [`OWN`]. The line's end behind a secret does not belong to it.
pub(super) fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(path).map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
}
