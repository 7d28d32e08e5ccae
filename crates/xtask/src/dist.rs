//! `cargo xtask dist`: the files of a release, under `target/dist`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, run};

mod archive;
mod bill;
mod debian;
mod layout;
mod release;
mod tools;
mod tree;

use release::Release;
use tools::{done, root};
use tree::Tree;

/// The options of `cargo xtask dist`.
#[derive(Debug, Default)]
pub(crate) struct Dist {
    /// A program that was built before; default: the release build.
    pub(crate) binary: Option<PathBuf>,
}

impl Dist {
    pub(crate) fn run(&self) -> io::Result<bool> {
        let release = Release::of_this_commit()?;
        let built = match &self.binary {
            Some(binary) => binary.clone(),
            None if run(cargo(&[
                "build",
                "--release",
                "--locked",
                "--features",
                "kafka-tls",
                "--bin",
                "doorbuster",
            ])) =>
            {
                root().join("target/release/doorbuster")
            }
            None => return Ok(false),
        };
        let out = root().join("target/dist");
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let made = make(&release, &built, &out)?;
        fs::write(out.join("SHA256SUMS"), archive::sums(&made)?)?;
        for file in &made {
            eprintln!("{:>10} bytes  {}", fs::metadata(file)?.len(), file.display());
        }
        Ok(true)
    }
}

/// Writes all files of the release but the checksums; returns their paths.
fn make(release: &Release, built: &Path, out: &Path) -> io::Result<Vec<PathBuf>> {
    let stage = out.join("stage");
    let name = format!("doorbuster-{}-{}", release.version, release.target);
    let program = stage.join("doorbuster");
    fs::create_dir_all(&stage)?;
    done(Command::new("strip").arg("--strip-all").arg("-o").arg(&program).arg(built))?;

    let plain = Tree::new(&stage.join(&name))?;
    layout::fill(&plain, "", &program)?;
    let tarball = out.join(format!("{name}.tar.gz"));
    archive::tar_gz(&stage, &name, release.epoch, &tarball)?;

    let package = debian::package(release, &program, out)?;

    let bill = out.join(format!("doorbuster-{}.cdx.json", release.version));
    fs::write(&bill, bill::of_workspace(release)?)?;
    fs::remove_dir_all(&stage)?;
    Ok(vec![tarball, package, bill])
}
