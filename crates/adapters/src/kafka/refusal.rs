//! The reason why no broker answers. A call only says that its transport failed; the reasons are events of the client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::cluster::Cluster;
use super::plan::BrokerError;

/// The longest wait for a broker's refusal.
const PATIENCE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

#[derive(Clone, Default)]
struct Overheard(Arc<Mutex<Option<BrokerError>>>);

impl ClientContext for Overheard {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        // This one follows the reasons and has none.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.0.lock().get_or_insert_with(|| explained(reason));
        }
    }
}

impl ConsumerContext for Overheard {}

/// The refusals that only other rights or another login end.
const DENIED: [RDKafkaErrorCode; 6] = [
    RDKafkaErrorCode::Authentication,
    RDKafkaErrorCode::SaslAuthenticationFailed,
    RDKafkaErrorCode::TopicAuthorizationFailed,
    RDKafkaErrorCode::GroupAuthorizationFailed,
    RDKafkaErrorCode::ClusterAuthorizationFailed,
    RDKafkaErrorCode::PolicyViolation,
];

fn with_code(code: Option<RDKafkaErrorCode>, text: String) -> BrokerError {
    if code.is_some_and(|code| DENIED.contains(&code)) { BrokerError::Denied(text) } else { BrokerError::Failed(text) }
}

/// Returns why a call failed.
pub(super) fn of_call(error: KafkaError) -> BrokerError {
    with_code(error.rdkafka_error_code(), error.to_string())
}

/// Returns why the brokers did not do something with a topic.
pub(super) fn of_topic(doing: &str, name: &str, code: RDKafkaErrorCode) -> BrokerError {
    with_code(Some(code), format!("{doing} the topic {name} failed: {code}"))
}

/// Returns why a call failed; where no broker was reached, the reason for that.
pub(super) fn of(error: &KafkaError, cluster: &Cluster) -> BrokerError {
    use RDKafkaErrorCode::{AllBrokersDown, Authentication, BrokerTransportFailure, OperationTimedOut, SSL};
    let is_unreached = [AllBrokersDown, Authentication, BrokerTransportFailure, OperationTimedOut, SSL]
        .iter()
        .any(|code| error.rdkafka_error_code() == Some(*code));
    let reason = if is_unreached { reason(cluster) } else { None };
    reason.unwrap_or_else(|| of_call(error.clone()))
}

/// Connects once more, to hear why it fails.
fn reason(cluster: &Cluster) -> Option<BrokerError> {
    let overheard = Overheard::default();
    let client: BaseConsumer<Overheard> = cluster.admin().create_with_context(overheard.clone()).ok()?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        // Only a poll delivers events.
        let _ = client.poll(POLL);
        if let Some(reason) = overheard.0.lock().take() {
            return Some(reason);
        }
        if client.fetch_metadata(None, POLL).is_ok() {
            return None;
        }
    }
    None
}

/// Puts a reason of the library into plain words: `ssl://host:9093/bootstrap: SSL handshake failed: error:0A000086:…`.
fn explained(reason: &str) -> BrokerError {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    let (place, rest) = reason.split_once("/bootstrap: ").unwrap_or(("the broker", reason));
    let host = place.rsplit_once("://").map_or(place, |(_, host)| host);
    let has = |part: &str| rest.contains(part);
    if has("certificate verify failed") {
        return BrokerError::Denied(format!(
            "{host}: its certificate cannot be verified: it has expired, is for another name, or was issued by an authority that is \
             not trusted here; name the authority's file in kafka.properties as ssl.ca.location, and use a name of the \
             certificate in KAFKA_BROKERS"
        ));
    }
    if has("SSL handshake failed") || has("connecting to a PLAINTEXT broker") {
        // A broker that is just stopping cuts handshakes, too.
        return BrokerError::Failed(format!(
            "{host}: TLS failed: {rest}; compare security.protocol in kafka.properties with the broker's listener"
        ));
    }
    if has("SASL") || has("uthentication") {
        return BrokerError::Denied(format!(
            "{host}: the login was refused: {rest}; correct sasl.username and sasl.password in kafka.properties"
        ));
    }
    BrokerError::Failed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_plain_words_and_a_host() {
        let text = explained(
            "ssl://kafka.example:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified (after 5ms in state SSL_HANDSHAKE)",
        );
        let BrokerError::Denied(text) = text else { panic!("only another setting helps: {text}") };
        assert!(text.starts_with("kafka.example:9093: its certificate cannot be verified"), "{text}");
        let text = explained(
            "sasl_ssl://b:9094/bootstrap: SASL authentication error: Authentication failed (after 9ms in state AUTH_REQ)",
        );
        let BrokerError::Denied(text) = text else { panic!("only another login helps: {text}") };
        assert!(text.starts_with("b:9094: the login was refused") && !text.contains("after 9ms"), "{text}");
        assert_eq!(
            explained("127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms)"),
            BrokerError::Failed(
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused".to_owned()
            )
        );
        let text = of_topic("creating", "order-events", RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(matches!(text, BrokerError::Denied(_)), "{text}");
    }
}
