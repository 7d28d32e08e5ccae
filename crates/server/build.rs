//! Tells the program the commit that it is built from, and when this script ran: again only when the commit or a variable
//! changes. Development builds do not ask for the commit: each one would build them again.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DOORBUSTER_COMMIT");
    let given = std::env::var("DOORBUSTER_COMMIT").ok().filter(|commit| !commit.is_empty());
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = given.or_else(|| if is_release { head() } else { None });
    println!("cargo::rustc-env=DOORBUSTER_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs().to_string());
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().filter(|epoch| !epoch.is_empty());
    println!("cargo::rustc-env=DOORBUSTER_BUILT_AT={}", fixed.or(now.ok()).unwrap_or_default());
}

/// Returns the commit that is checked out; `None` outside of a repository.
fn head() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    // It changes with every commit and every checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    git(&["rev-parse", "HEAD"])
}
