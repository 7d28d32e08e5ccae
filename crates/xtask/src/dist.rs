//! `cargo xtask dist`: the files of a release, under `target/dist`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, run};

mod archive;
mod bill;
mod debian;
mod tree;

use tree::Tree;

/// The options of `cargo xtask dist`.
#[derive(Debug, Default)]
pub(crate) struct Dist {
    /// A program that was built before; default: the release build.
    pub(crate) binary: Option<PathBuf>,
}

/// What every file of a release is named and dated by.
pub(crate) struct Release {
    version: &'static str,
    /// The platform, as Rust names it.
    target: String,
    /// Seconds since 1970, of the commit: equal sources give equal archives.
    epoch: u64,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Dist {
    pub(crate) fn run(&self) -> io::Result<bool> {
        let release = Release::of_this_commit()?;
        let built = match &self.binary {
            Some(binary) => binary.clone(),
            None if run(cargo(&["build", "--release", "--locked", "--bin", "doorbuster"])) => {
                root().join("target/release/doorbuster")
            }
            None => return Ok(false),
        };
        let out = root().join("target/dist");
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let made = release.make(&built, &out)?;
        fs::write(out.join("SHA256SUMS"), archive::sums(&made)?)?;
        for file in &made {
            eprintln!("{:>10} bytes  {}", fs::metadata(file)?.len(), file.display());
        }
        Ok(true)
    }
}

impl Release {
    fn of_this_commit() -> io::Result<Release> {
        let compiler = said(Command::new("rustc").arg("-vV"))?;
        let target = compiler.lines().find_map(|line| line.strip_prefix("host: "));
        let target = target.ok_or_else(|| io::Error::other("rustc names no host"))?.to_owned();
        let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(given) => given,
            Err(_) => said(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()))?,
        };
        let epoch = epoch.trim().parse().map_err(|_| io::Error::other("SOURCE_DATE_EPOCH is not a number"))?;
        Ok(Release { version: env!("CARGO_PKG_VERSION"), target, epoch })
    }

    /// Writes all files of the release but the checksums; returns their paths.
    fn make(&self, built: &Path, out: &Path) -> io::Result<Vec<PathBuf>> {
        let stage = out.join("stage");
        let name = format!("doorbuster-{}-{}", self.version, self.target);
        let program = stage.join("doorbuster");
        fs::create_dir_all(&stage)?;
        done(Command::new("strip").arg("--strip-all").arg("-o").arg(&program).arg(built))?;

        let plain = Tree::new(&stage.join(&name))?;
        self.fill(&plain, "", &program)?;
        let tarball = out.join(format!("{name}.tar.gz"));
        archive::tar_gz(&stage, &name, self.epoch, &tarball)?;

        let package = debian::package(self, &program, out)?;

        let bill = out.join(format!("doorbuster-{}.cdx.json", self.version));
        fs::write(&bill, bill::of_workspace(self)?)?;
        fs::remove_dir_all(&stage)?;
        Ok(vec![tarball, package, bill])
    }

    /// Lays out everything but the settings: `usr` is the folder of `bin` and `share`.
    fn fill(&self, tree: &Tree, usr: &str, program: &Path) -> io::Result<()> {
        tree.copy(program, &format!("{usr}bin/doorbuster"), 0o755)?;
        self.fill_manual(tree, usr, program)?;
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
        tree.copy_files("docs", &format!("{usr}share/doc/doorbuster/docs"))?;
        for folder in ["prometheus", "grafana"] {
            tree.copy_files(&format!("deploy/{folder}"), &format!("{usr}share/doorbuster/{folder}"))?;
        }
        tree.copy(&root().join("deploy/debezium.json"), &format!("{usr}share/doorbuster/debezium.json"), 0o644)
    }

    fn fill_manual(&self, tree: &Tree, usr: &str, program: &Path) -> io::Result<()> {
        let pages = tree.folder(&format!("{usr}share/man/man1"))?;
        done(Command::new(program).arg("manual").arg(&pages))?;
        for page in tree::files(&pages)? {
            done(Command::new("gzip").args(["-9", "--no-name"]).arg(&page))?;
        }
        tree.set_modes(&pages, 0o644)
    }
}

/// Runs a program to its end; returns its output.
fn said(command: &mut Command) -> io::Result<String> {
    let output = command.output().map_err(|error| io::Error::other(format!("{command:?}: {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn done(command: &mut Command) -> io::Result<()> {
    said(command).map(|_| ())
}
