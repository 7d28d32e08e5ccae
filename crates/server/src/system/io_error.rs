//! Texts of I/O errors: without system error numbers, and the same on every system.

use std::io::{self, ErrorKind};

#[expect(clippy::wildcard_enum_match_arm, reason = "other errors are rare; the system's text is good enough")]
pub fn of(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "this user has no permission",
        ErrorKind::AlreadyExists => "it already exists",
        ErrorKind::NotADirectory => "it is not a folder",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::ReadOnlyFilesystem => "it is read-only",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the connection was closed"
        }
        ErrorKind::UnexpectedEof => "it ended too early",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "there was no answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "the network has no route to it",
        ErrorKind::AddrInUse => "another process listens there",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        // The standard library's error of text that is none has no cause; a decompressor's has one.
        ErrorKind::InvalidData if error.get_ref().is_none() => "it is not UTF-8 text",
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            return match text.strip_prefix("failed to lookup address information") {
                Some(_) => "no host has this name".to_owned(),
                None => text.to_owned(),
            };
        }
    };
    words.to_owned()
}

/// Returns true if only another setting or another permission helps, and no later attempt.
pub fn is_lasting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_described_without_the_systems_numbers() {
        assert_eq!(of(&io::Error::from_raw_os_error(2)), "it does not exist");
        assert_eq!(of(&ErrorKind::ConnectionRefused.into()), "the connection was refused");
        assert_eq!(of(&io::Error::other("the engine panicked")), "the engine panicked");
        assert!(!of(&io::Error::from_raw_os_error(71)).contains("os error"));
    }
}
