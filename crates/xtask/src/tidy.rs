//! Rules about the source that no compiler checks.

#![cfg(test)]

mod circles;
mod citations;
mod monitoring;
mod prose;
mod signatures;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use sources::sources;

/// The dependencies that each crate may have within the workspace. They point in one direction.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("vfs", &[]),
    ("verify", &[]),
    ("app", &["domain"]),
    ("adapters", &["app", "domain", "vfs"]),
    ("sim", &["app", "domain"]),
    ("bench", &["app", "domain"]),
    ("server", &["adapters", "app", "bench", "domain", "sim", "verify"]),
    ("xtask", &[]),
];

/// Technology that the inner crates must not use.
const OUTER_ONLY: [&str; 9] =
    ["axum", "hyper", "mysql_async", "rusqlite", "refinery", "tokio", "reqwest", "parking_lot", "getrandom"];

/// The one crate whose lints are its own, because it has `unsafe` code (`docs/decisions/0031`).
const UNSAFE: &str = "vfs";

/// Shares of the sentences in doc comments, in percent. The figures only go down.
const OPENERS_MAX: f64 = 1.5;
const RIDDLES_MAX: f64 = 0.5;

const LINES_MAX: usize = 431;
const VAGUE_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "impl"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names in the sections of a manifest whose title `wanted` accepts.
fn dependencies(krate: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let manifest = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).unwrap();
    let mut names = vec![];
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(title) = line.trim().strip_prefix('[') {
            inside = wanted(title.trim_end_matches(']'));
        } else if inside && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = vec![];
    sources(&root().join("crates"), &mut found);
    assert!(found.len() > 20, "the sources are found");
    found
}

#[test]
fn crates_depend_in_one_direction() {
    for (krate, allowed) in MAY_USE {
        for dependency in dependencies(krate, |title| title == "dependencies") {
            let is_ours = MAY_USE.iter().any(|(name, _)| *name == dependency);
            assert!(!is_ours || allowed.contains(&dependency.as_str()), "{krate} must not use {dependency}");
        }
    }
    let listed = fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(listed, MAY_USE.len(), "every crate is listed here");
}

#[test]
fn one_crate_may_have_unsafe_code() {
    for (krate, _) in MAY_USE {
        let has_our_lints = dependencies(krate, |title| title == "lints") == ["workspace"];
        assert!(has_our_lints || krate == UNSAFE, "{krate} does not forbid unsafe code");
    }
}

#[test]
fn the_inner_crates_know_no_technology() {
    for krate in ["domain", "app"] {
        for dependency in dependencies(krate, |title| title == "dependencies") {
            assert!(!OUTER_ONLY.contains(&dependency.as_str()), "{krate} must not use {dependency}");
        }
    }
}

#[test]
fn only_the_wiring_names_a_concrete_adapter() {
    for path in all_sources().iter().filter(|path| path.components().any(|part| part.as_os_str() == "server")) {
        let is_in = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
        let is_wiring = path.ends_with("wiring.rs") || is_in("wiring") || is_in("tests");
        let text = fs::read_to_string(path).unwrap();
        assert!(is_wiring || !text.contains("adapters::"), "{} names an adapter", path.display());
    }
}

#[test]
fn files_are_short_enough_to_read() {
    for path in all_sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines; at most {LINES_MAX}", path.display());
    }
}

#[test]
fn files_are_named_for_what_they_hold() {
    for path in all_sources() {
        let name = path.file_stem().unwrap().to_string_lossy().to_string();
        assert!(!VAGUE_NAMES.contains(&name.as_str()), "{} has a vague name", path.display());
        assert_ne!(name, "mod", "{}: write `order.rs` beside `order/`", path.display());
    }
}

/// A mistyped argument must not start anything.
#[test]
fn scripts_refuse_arguments_that_they_do_not_know() {
    for name in ["run", "readme", "api-fuzz", "documents", "packages", "deployment", "examples", "browser", "outward"] {
        let script = root().join(".ci").join(name);
        let run = |argument: &str| {
            // Without cargo in the path, so that a script that runs after all does nothing.
            let command = std::process::Command::new(&script).arg(argument).env("PATH", "/usr/bin:/bin").output();
            command.unwrap()
        };
        let refused = run("--no-such-argument");
        assert_eq!(refused.status.code(), Some(2), "{name}");
        assert!(refused.stdout.is_empty() && refused.stderr.starts_with(b"usage: "), "{name}: {refused:?}");
        let helped = run("--help");
        assert!(helped.status.success() && helped.stdout.starts_with(b"usage: "), "{name}: {helped:?}");
    }
}

#[test]
fn files_do_not_use_each_other_in_circles() {
    for (krate, _) in MAY_USE {
        let mut found = vec![];
        let read = circles::Crate::read(&root().join("crates").join(krate).join("src"));
        for circle in read.circles() {
            found.push(format!("{krate}: {} files\n  {}", circle.len(), read.ties(&circle).join("\n  ")));
        }
        assert!(found.is_empty(), "files use each other in circles:\n{}", found.join("\n"));
    }
}

/// Files beside each other in one folder of the crates that have many.
const FILES_MAX: usize = 14;

#[test]
fn folders_are_short_enough_to_read() {
    let mut folders = std::collections::BTreeMap::<PathBuf, usize>::new();
    for path in all_sources() {
        *folders.entry(path.parent().unwrap().to_owned()).or_default() += 1;
    }
    for (folder, files) in folders {
        let is_bound = ["app/src", "server/src"].iter().any(|root| folder.to_string_lossy().contains(root));
        assert!(!is_bound || files <= FILES_MAX, "{} has {files} files; at most {FILES_MAX}", folder.display());
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what the rule is for")]
fn doc_comments_say_their_subject_first() {
    let (mut total, mut listed) = (prose::Figures::default(), String::new());
    for (krate, _) in MAY_USE {
        let (figures, sentences) = prose::read(&root().join("crates").join(krate).join("src"));
        total.add(figures);
        println!("{krate}: {figures:?}");
        for (file, sentences) in sentences {
            listed.push_str(&format!("{file}\n  {}\n", sentences.join("\n  ")));
        }
    }
    let share = |part: usize| part as f64 * 100.0 / total.sentences as f64;
    let (openers, riddles) = (share(total.openers), share(total.riddles));
    println!("{listed}\n{openers:.2} % open with a clause, {riddles:.2} % have a word of riddles");
    assert!(openers <= OPENERS_MAX, "{openers:.2} % of the sentences open with a clause; at most {OPENERS_MAX}");
    assert!(riddles <= RIDDLES_MAX, "{riddles:.2} % of the sentences have a word of riddles; at most {RIDDLES_MAX}");
}

#[test]
fn functions_take_structs_and_document_their_errors() {
    let mut without = vec![];
    for (krate, _) in MAY_USE {
        let found = signatures::read(&root().join("crates").join(krate).join("src"));
        let tuples = found.tuples.join("\n");
        if krate == "domain" {
            without.extend(found.without_errors);
        }
        assert!(found.tuples.is_empty(), "{krate}: {} functions take tuples:\n{tuples}", found.tuples.len());
    }
    for ports in ["crates/app/src/ports", "crates/app/src/ports.rs"] {
        without.extend(signatures::read(&root().join(ports)).without_errors);
    }
    assert!(without.is_empty(), "{} without `# Errors`:\n{}", without.len(), without.join("\n"));
}

#[test]
fn comments_cite_numbers_that_the_requirements_define() {
    let page = fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    let known = citations::defined(&page);
    assert!(known.len() > 150, "{}", known.len());
    for path in all_sources().iter().filter(|path| !path.ends_with("tidy/citations.rs")) {
        for number in citations::cited(&fs::read_to_string(path).unwrap()) {
            assert!(
                known.contains(&number),
                "{} cites {number}, which docs/requirements.md does not define",
                path.display()
            );
        }
    }
}

/// The map of the architecture has one row for a file or folder.
#[test]
fn the_map_names_what_there_is_once() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for row in map.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.split('|').nth(1).unwrap();
        let mut folder = String::new();
        for path in cell.split('`').skip(1).step_by(2) {
            // `crates/app/src/state/rows.rs`, `table.rs`: the second is beside the first.
            let path = if path.contains('/') && path.starts_with(['c', 'f']) {
                path.to_owned()
            } else {
                format!("{folder}{path}")
            };
            folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            assert!(root().join(&path).exists(), "{path} is in the map and not in the tree");
            if let Some(other) = seen.insert(path.clone(), row) {
                panic!("{path} has two rows:\n{other}\n{row}");
            }
        }
    }
    assert!(seen.len() > 25, "{}", seen.len());
}
