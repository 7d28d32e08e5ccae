//! The bill of materials: every crate that is compiled into the program, as CycloneDX.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::process::Command;

use serde_json::{Value, json};

use super::release::Release;
use super::tools::{root, said};
use crate::cargo;

pub(super) fn of_workspace(release: &Release) -> io::Result<String> {
    let mut metadata = cargo(&["metadata", "--format-version=1", "--locked", "--filter-platform", &release.target]);
    let metadata: Value = serde_json::from_str(&said(&mut metadata)?)?;
    let hashes = checksums(&fs::read_to_string(root().join("Cargo.lock"))?);
    let time = said(Command::new("date").args(["-u", &format!("--date=@{}", release.epoch), "+%Y-%m-%dT%H:%M:%SZ"]))?;
    Ok(format!("{:#}\n", document(&metadata, &hashes, time.trim())))
}

/// Returns the checksum of each crate from a registry, by `name version`.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    let of_package = |package: &str| {
        let named = format!("{} {}", value(package, "name")?, value(package, "version")?);
        Some((named, value(package, "checksum")?))
    };
    lock.split("[[package]]").filter_map(of_package).collect()
}

/// Returns the document; `metadata` is what `cargo metadata` prints.
fn document(metadata: &Value, hashes: &BTreeMap<String, String>, time: &str) -> Value {
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"]).map(|one| (text(&one["id"]), one)).collect();
    let uses = uses(metadata);
    let program = packages.iter().find(|(_, package)| package["name"] == "server").map_or("", |(id, _)| id);
    let mut reached = BTreeSet::new();
    let mut waiting = vec![program];
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(uses.get(id).into_iter().flatten());
        }
    }
    let named = |id: &&str| packages.get(id).map_or(String::new(), |package| reference(package));
    let components: Vec<Value> = reached
        .iter()
        .filter(|id| **id != program)
        .filter_map(|id| packages.get(id))
        .map(|package| component(package, hashes))
        .collect();
    let dependencies: Vec<Value> = reached
        .iter()
        .map(|id| json!({"ref": named(id), "dependsOn": uses.get(id).into_iter().flatten().map(named).collect::<Vec<_>>()}))
        .collect();
    let version = packages.get(program).map_or("", |package| text(&package["version"]));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "tools": {"components": [{"type": "application", "name": "cargo xtask dist"}]},
            "component": {"type": "application", "name": "doorbuster", "version": version, "bom-ref": named(&program),
                "licenses": [{"expression": "Apache-2.0"}]},
        },
        "components": components,
        "dependencies": dependencies,
    })
}

/// Returns what each package is compiled with, by id. What only builds or tests need is left out.
fn uses(metadata: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let is_compiled_in = |used: &Value| list(&used["dep_kinds"]).any(|kind| kind["kind"].is_null());
    list(&metadata["resolve"]["nodes"])
        .map(|node| {
            let used = list(&node["deps"]).filter(|used| is_compiled_in(used)).map(|used| text(&used["pkg"]));
            (text(&node["id"]), used.collect())
        })
        .collect()
}

fn component(package: &Value, hashes: &BTreeMap<String, String>) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": name,
        "version": version,
        "purl": reference(package),
    });
    if let Some(license) = package["license"].as_str() {
        // Cargo's older separator is no SPDX expression.
        component["licenses"] = json!([{"expression": license.replace('/', " OR ")}]);
    }
    if let Some(hash) = hashes.get(&format!("{name} {version}")) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": hash}]);
    }
    component
}

/// Returns the package URL, which is also its reference within the document.
fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Value {
        json!({"id": format!("id-{name}"), "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0"})
    }

    fn dependency(name: &str, kind: Value) -> Value {
        json!({"pkg": format!("id-{name}"), "dep_kinds": [{"kind": kind}]})
    }

    #[test]
    fn the_bill_lists_what_is_compiled_in_and_nothing_else() {
        let packages = ["server", "deep", "tested", "builds", "apart"].map(package);
        let metadata = json!({
            "packages": packages,
            "resolve": {"nodes": [
                {"id": "id-server", "deps": [dependency("deep", Value::Null), dependency("tested", json!("dev"))]},
                {"id": "id-deep", "deps": [dependency("builds", json!("build"))]},
                {"id": "id-apart", "deps": []},
            ]},
        });
        let lock = "[[package]]\nname = \"deep\"\nversion = \"1.0.0\"\nchecksum = \"ab12\"\n";
        let bill = document(&metadata, &checksums(lock), "2026-01-01T00:00:00Z");
        let components = bill["components"].as_array().unwrap();
        assert_eq!(components.len(), 1, "{bill}");
        assert_eq!(components[0]["purl"], "pkg:cargo/deep@1.0.0");
        assert_eq!(components[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(components[0]["hashes"][0]["content"], "ab12");
        assert_eq!(bill["dependencies"][1]["dependsOn"], json!(["pkg:cargo/deep@1.0.0"]));
    }
}
