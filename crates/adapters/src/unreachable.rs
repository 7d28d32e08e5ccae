//! The reasons for which another system cannot be reached, in plain words.

use std::error::Error;
use std::io::{self, ErrorKind};

/// Returns the reason if an error of the network is among the causes; `None` for other errors.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if let Some(reason) = of_io(error) {
                return Some(reason);
            }
            // Its own source would be the one behind the error inside it.
            if let Some(inner) = error.get_ref() {
                return reason(inner);
            }
        }
        cause = error.source();
    }
    None
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other errors are not about the network")]
fn of_io(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the connection was closed before an answer"
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "the network has no route to it",
        ErrorKind::TimedOut => "no answer in time: the connection timed out",
        _ if error.to_string().starts_with("failed to lookup address information") => "no host has this name",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_network_has_no_words_of_a_library() {
        let refused = io::Error::other(io::Error::from(ErrorKind::ConnectionRefused));
        assert_eq!(reason(&refused), Some("the connection was refused"));
        assert_eq!(reason(&io::Error::other("failed to lookup address information: x")), Some("no host has this name"));
        assert_eq!(reason(&io::Error::other("a bad certificate")), None);
    }
}
