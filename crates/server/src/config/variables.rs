//! Names of environment variables.

/// Prefix of the environment variables that set a key of the reference.
pub(super) const ENV_PREFIX: &str = "DOORBUSTER__";
pub(super) const ENV_AUTH_SECRET: &str = "DOORBUSTER_AUTH_SECRET";
pub(super) const ENV_DATABASE_URL: &str = "DATABASE_URL";
pub(super) const ENV_KAFKA_BROKERS: &str = "KAFKA_BROKERS";
pub(super) const ENV_REDIS_URL: &str = "REDIS_URL";
pub(super) const ENV_PAYMENT_KEY: &str = "DOORBUSTER_PAYMENT_KEY";
pub(super) const ENV_SMTP_URL: &str = "DOORBUSTER_SMTP_URL";
pub(super) const ENV_GATEWAY_TOKEN: &str = "DOORBUSTER_GATEWAY_TOKEN";
pub(super) const ENV_CALLBACK_SECRETS: &str = "DOORBUSTER_PAYMENT_CALLBACK_SECRETS";

/// The variables that are no key of the reference, so that secrets and addresses are in no file. An empty one counts as
/// absent.
pub(super) const OWN: [&str; 8] = [
    ENV_AUTH_SECRET,
    ENV_DATABASE_URL,
    ENV_KAFKA_BROKERS,
    ENV_REDIS_URL,
    ENV_PAYMENT_KEY,
    ENV_CALLBACK_SECRETS,
    ENV_SMTP_URL,
    ENV_GATEWAY_TOKEN,
];

/// Returns `true` for the variables that the shop reads.
pub(crate) fn is_read(variable: &str) -> bool {
    variable.starts_with("DOORBUSTER") || OWN.contains(&variable)
}
