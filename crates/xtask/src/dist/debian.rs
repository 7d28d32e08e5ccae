//! The Debian package: two archives in one (`docs/decisions/0072`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::release::Release;
use super::tools::{root, said};
use super::tree::{Tree, read};
use super::{archive, layout};

/// Files that an operator edits; an upgrade keeps the edits.
const SETTINGS: [(&str, u32); 2] = [("etc/doorbuster/doorbuster.toml", 0o644), ("etc/doorbuster/environment", 0o640)];
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
/// Raised when the package changes and the version does not.
const REVISION: u32 = 1;

/// Writes the package into `out`; returns its path.
pub(super) fn package(release: &Release, program: &Path, out: &Path) -> io::Result<PathBuf> {
    let architecture = architecture(std::env::consts::ARCH)?;
    let stage = out.join("stage");
    let data = Tree::new(&stage.join("data"))?;
    layout::fill(&data, "usr/", program)?;
    let settings = root().join("deploy/debian");
    for (path, mode) in SETTINGS {
        data.copy(&settings.join(path.rsplit('/').next().unwrap_or(path)), path, mode)?;
    }
    let control = Tree::new(&stage.join("control"))?;
    let depends = depends(program)?;
    let fields = Fields { version: release.version, architecture, depends: &depends, size_kib: size_kib(data.root())? };
    control.write("control", fields.text().as_bytes(), 0o644)?;
    control.write("conffiles", SETTINGS.map(|(path, _)| format!("/{path}\n")).concat().as_bytes(), 0o644)?;
    control.write("md5sums", md5sums(data.root())?.as_bytes(), 0o644)?;
    for script in SCRIPTS {
        control.copy(&settings.join(script), script, 0o755)?;
    }
    let mut members = vec![("debian-binary", b"2.0\n".to_vec())];
    for (name, tree) in [("control.tar.gz", &control), ("data.tar.gz", &data)] {
        let packed = stage.join(name);
        archive::tar_gz(tree.root(), ".", release.epoch, &packed)?;
        members.push((name, read(&packed)?));
    }
    let package = out.join(format!("doorbuster_{}-{REVISION}_{architecture}.deb", release.version));
    fs::write(&package, archive::ar(&members, release.epoch))?;
    Ok(package)
}

struct Fields<'a> {
    version: &'a str,
    architecture: &'a str,
    depends: &'a str,
    size_kib: u64,
}

impl Fields<'_> {
    fn text(&self) -> String {
        let Fields { version, architecture, depends, size_kib } = self;
        format!(
            "Package: doorbuster\nVersion: {version}-{REVISION}\nArchitecture: {architecture}\n\
             Maintainer: The Doorbuster developers <doorbuster@localhost>\nInstalled-Size: {size_kib}\n\
             Depends: {depends}\nSection: net\nPriority: optional\n\
             Description: event-driven commerce core for limited-quantity sales\n \
             One program takes orders, stock, coupons, points, payments and shipments\n \
             through limited-quantity sales: exactly, durably and fast. It needs no other\n \
             service; MySQL, Kafka and Redis are settings.\n"
        )
    }
}

fn architecture(rust: &str) -> io::Result<&'static str> {
    match rust {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => Err(io::Error::other(format!("no Debian architecture is known for {other}"))),
    }
}

/// Returns the packages of the shared libraries that the program is linked with, and of `useradd`.
fn depends(program: &Path) -> io::Result<String> {
    let linked = said(Command::new("readelf").arg("--dynamic").arg(program))?;
    let mut packages = libraries(&linked)?;
    packages.insert("passwd");
    let libc = needed_libc(&read(program)?).ok_or_else(|| io::Error::other("the program names no version of glibc"))?;
    let named = packages.into_iter().map(|name| match name {
        "libc6" => format!("libc6 (>= {libc})"),
        other => other.to_owned(),
    });
    Ok(named.collect::<Vec<String>>().join(", "))
}

/// Returns the packages of the libraries that `readelf` lists as needed.
fn libraries(linked: &str) -> io::Result<BTreeSet<&'static str>> {
    let needed = linked.lines().filter(|line| line.contains("(NEEDED)"));
    let package = |line: &str| {
        let library = line.split(['[', ']']).nth(1).unwrap_or_default();
        match library.split('.').next().unwrap_or_default() {
            "libz" => Ok("zlib1g"),
            // Debian 13 renamed the package when its times became wider.
            "libssl" | "libcrypto" => Ok("libssl3t64 | libssl3"),
            "libgcc_s" => Ok("libgcc-s1"),
            "libstdc++" => Ok("libstdc++6"),
            "libc" | "libm" | "libdl" | "libpthread" | "librt" => Ok("libc6"),
            name if name.starts_with("ld-linux") => Ok("libc6"),
            _ => Err(io::Error::other(format!("no Debian package is known for {library}"))),
        }
    };
    needed.map(package).collect()
}

/// Returns the newest version of glibc whose symbols the program asks for.
fn needed_libc(program: &[u8]) -> Option<String> {
    let mark = b"GLIBC_2.";
    let minors = program.windows(mark.len() + 3).filter(|window| window.starts_with(mark)).filter_map(|window| {
        let digits: String = window[mark.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        digits.parse::<u32>().ok()
    });
    minors.max().map(|minor| format!("2.{minor}"))
}

fn size_kib(folder: &Path) -> io::Result<u64> {
    let size = said(Command::new("du").args(["--summarize", "--apparent-size", "--block-size=1K"]).arg(folder))?;
    size.split_whitespace().next().and_then(|size| size.parse().ok()).ok_or_else(|| io::Error::other("du failed"))
}

/// Returns the list by which `dpkg --verify` finds changed files. The settings are not in it: they may change.
fn md5sums(folder: &Path) -> io::Result<String> {
    let list = said(Command::new("find").args(["usr", "-type", "f"]).current_dir(folder))?;
    let mut files: Vec<&str> = list.lines().collect();
    files.sort_unstable();
    said(Command::new("md5sum").args(&files).current_dir(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_decides_which_libc_is_needed() {
        let program = b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0...";
        assert_eq!(needed_libc(program).as_deref(), Some("2.34"));
        assert_eq!(needed_libc(b"static"), None);
    }

    #[test]
    fn a_library_without_a_known_package_is_an_error() {
        let line = |name: &str| format!(" 0x0001 (NEEDED)  Shared library: [{name}]\n");
        let known = [line("libz.so.1"), line("libc.so.6"), line("libm.so.6"), line("ld-linux-x86-64.so.2")].concat();
        assert_eq!(libraries(&known).unwrap().into_iter().collect::<Vec<_>>(), ["libc6", "zlib1g"]);
        assert!(libraries(&line("libnew.so.1")).unwrap_err().to_string().contains("libnew.so.1"));
    }

    #[test]
    fn the_control_file_has_one_field_a_line() {
        let text = Fields { version: "1.2.3", architecture: "amd64", depends: "libc6 (>= 2.34)", size_kib: 9 }.text();
        assert!(text.starts_with("Package: doorbuster\nVersion: 1.2.3-1\nArchitecture: amd64\n"));
        assert!(text.contains("\nDepends: libc6 (>= 2.34)\n"));
        let is_field = |line: &str| line.starts_with(' ') || line.split_once(": ").is_some();
        assert!(text.ends_with('\n') && text.lines().all(is_field), "{text}");
    }
}
