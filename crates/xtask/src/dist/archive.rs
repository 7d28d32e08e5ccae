//! Archives whose bytes depend on names, contents, modes and one moment only.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::tools::done;
use super::tree::read;

/// Packs `member`, a file or folder in `folder`.
pub(super) fn tar_gz(folder: &Path, member: &str, epoch: u64, to: &Path) -> io::Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=gnu", "--sort=name", "--owner=root:0", "--group=root:0"]);
    tar.arg(format!("--mtime=@{epoch}")).arg("--use-compress-program=gzip -9n");
    done(tar.arg("--file").arg(to).arg("--directory").arg(folder).arg(member))
}

/// Returns an archive in the common format of `ar`, as `dpkg` reads it.
pub(super) fn ar(members: &[(&str, Vec<u8>)], epoch: u64) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let head = format!("{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 100_644, content.len());
        archive.extend(head.into_bytes());
        archive.extend(content);
        if content.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

/// Returns the lines that `sha256sum --check` reads.
pub(super) fn sums(files: &[PathBuf]) -> io::Result<String> {
    let mut lines = String::new();
    for file in files {
        for byte in Sha256::digest(read(file)?) {
            let _ = write!(lines, "{byte:02x}");
        }
        let _ = writeln!(lines, "  {}", file.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_ar_have_heads_of_60_bytes_and_begin_at_even_offsets() {
        let archive = ar(&[("debian-binary", b"2.0".to_vec()), ("next", b"x".to_vec())], 1_700_000_000);
        assert_eq!(&archive[..24], b"!<arch>\ndebian-binary   ");
        assert_eq!(&archive[66..68], b"`\n");
        assert_eq!(&archive[68..72], b"2.0\n");
        assert_eq!(&archive[72..76], b"next");
        assert_eq!(archive.len() % 2, 0);
    }
}
