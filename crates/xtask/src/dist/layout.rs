//! The files of a release in their places.

use std::io;
use std::path::Path;
use std::process::Command;

use super::tools::{done, root, said};
use super::tree::{self, Tree};

/// Lays out everything but the settings: `usr` is the folder of `bin` and `share`.
pub(super) fn fill(tree: &Tree, usr: &str, program: &Path) -> io::Result<()> {
    tree.copy(program, &format!("{usr}bin/doorbuster"), 0o755)?;
    fill_manual(tree, usr, program)?;
    for (shell, path) in [
        ("bash", "share/bash-completion/completions/doorbuster"),
        ("zsh", "share/zsh/vendor-completions/_doorbuster"),
        ("fish", "share/fish/vendor_completions.d/doorbuster.fish"),
    ] {
        let script = said(Command::new(program).args(["completions", shell]))?;
        tree.write(&format!("{usr}{path}"), script.as_bytes(), 0o644)?;
    }
    tree.copy(
        &root().join("deploy/systemd/doorbuster.service"),
        &format!("{usr}lib/systemd/system/doorbuster.service"),
        0o644,
    )?;
    for file in ["README.md", "CHANGELOG.md", "SECURITY.md"] {
        tree.copy(&root().join(file), &format!("{usr}share/doc/doorbuster/{file}"), 0o644)?;
    }
    tree.copy(&root().join("LICENSE"), &format!("{usr}share/doc/doorbuster/copyright"), 0o644)?;
    for folder in ["docs", "docs/tutorials"] {
        tree.copy_files(folder, &format!("{usr}share/doc/doorbuster/{folder}"))?;
    }
    for folder in ["prometheus", "grafana"] {
        tree.copy_files(&format!("deploy/{folder}"), &format!("{usr}share/doorbuster/{folder}"))?;
    }
    tree.copy(&root().join("deploy/debezium.json"), &format!("{usr}share/doorbuster/debezium.json"), 0o644)
}

fn fill_manual(tree: &Tree, usr: &str, program: &Path) -> io::Result<()> {
    let pages = tree.folder(&format!("{usr}share/man/man1"))?;
    done(Command::new(program).arg("manual").arg(&pages))?;
    for page in tree::files(&pages)? {
        done(Command::new("gzip").args(["-9", "--no-name"]).arg(&page))?;
    }
    tree.set_modes(&pages, 0o644)
}
