//! What the system says of a failure, without its numbers and in one spelling on every system.

use std::io::{self, ErrorKind};

#[expect(clippy::wildcard_enum_match_arm, reason = "the system has more words than are worth one of ours")]
pub fn of(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "it is not there",
        ErrorKind::PermissionDenied => "this user may not use it",
        ErrorKind::AlreadyExists => "it is there already",
        ErrorKind::NotADirectory => "it is no folder",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::ReadOnlyFilesystem => "it can only be read",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::ConnectionRefused => "nobody listens there",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the connection was closed"
        }
        ErrorKind::UnexpectedEof => "it ended too early",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "there was no answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no way to it",
        ErrorKind::AddrInUse => "somebody listens there already",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        ErrorKind::InvalidData => "it is no text",
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            return match text.strip_prefix("failed to lookup address information") {
                Some(_) => "no machine has this name".to_owned(),
                None => text.to_owned(),
            };
        }
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_without_the_systems_numbers() {
        assert_eq!(of(&io::Error::from_raw_os_error(2)), "it is not there");
        assert_eq!(of(&ErrorKind::ConnectionRefused.into()), "nobody listens there");
        assert_eq!(of(&io::Error::other("the engine panicked")), "the engine panicked");
        assert!(!of(&io::Error::from_raw_os_error(71)).contains("os error"));
    }
}
