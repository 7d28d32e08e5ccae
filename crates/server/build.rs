//! Tells the program the commit that it is built from, when this script ran, and the pages of its manual: again only when one of
//! them or a variable changes. Development builds do not ask for the commit: each one would build them again.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    list_manual();
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

/// Writes the list of the manual's pages: the Markdown files of the repository's documentation, and their pictures.
fn list_manual() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let (mut sources, mut pictures) = (String::new(), String::new());
    for folder in ["", "decisions", "modes", "performance", "tutorials"] {
        let folder = docs.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let Ok(name) = file.strip_prefix(&docs) else { continue };
            let name = name.to_string_lossy().replace('\\', "/");
            match file.extension().and_then(|ending| ending.to_str()) {
                Some("md") => sources += &format!("({:?}, include_str!({file:?})),\n", name.trim_end_matches(".md")),
                Some("svg") => pictures += &format!("({name:?}, include_bytes!({file:?})),\n"),
                Some(_) | None => {}
            }
        }
    }
    let list = format!(
        "static SOURCES: &[(&str, &str)] = &[\n{sources}];\nstatic PICTURES: &[(&str, &[u8])] = &[\n{pictures}];\n"
    );
    let out = std::env::var("OUT_DIR").expect("cargo names the folder of a build script");
    std::fs::write(Path::new(&out).join("manual.rs"), list).expect("the folder of a build script can be written");
}
