//! Who may import whom (ARCHITECTURE.md): a crate that is not in the table fails the test, so a new one has
//! to be given its place.

use std::{collections::BTreeMap, process::Command};

/// Crate and the crates of this workspace that it may depend on, in any way but for tests.
const MAY: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("connect", &["model"]),
    ("engine", &["model"]),
    ("store", &["model"]),
    ("mail", &["model"]),
    ("sandbox", &[]),
    ("hubspot", &["model", "connect"]),
    ("odoo", &["model", "connect"]),
    ("imap", &["model", "connect", "mail"]),
    ("smtp", &["model", "connect"]),
    ("caldav", &["model", "connect"]),
    ("google", &["model", "connect", "mail"]),
    ("runtime", &["model", "connect", "engine", "store"]),
    ("web", &["model", "connect", "engine", "store", "runtime"]),
    ("cli", &["model", "connect", "engine", "store", "runtime", "sandbox", "web"]),
    ("sales-orchestrator", &["caldav", "cli", "connect", "google", "hubspot", "imap", "odoo", "smtp"]),
];

/// Outside crates that a layer must not see.
const NEVER: [(&str, &[&str]); 4] = [
    ("model", &["tokio", "reqwest", "rusqlite", "tracing", "async-trait"]),
    ("engine", &["tokio", "reqwest", "rusqlite", "tracing", "async-trait", "http"]),
    ("store", &["reqwest", "http", "axum"]),
    ("connect", &["rusqlite", "axum"]),
];

fn metadata() -> serde_json::Value {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Crate -> names it depends on; with tests' own ones where `dev`.
fn dependencies(dev: bool) -> BTreeMap<String, Vec<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let wanted = all.filter(|one| dev || one["kind"].as_str() != Some("dev"));
        wanted.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), of(package))).collect()
}

#[test]
fn every_crate_depends_only_on_lower_layers() {
    let (crates, table) = (dependencies(false), BTreeMap::from(MAY));
    for (name, uses) in &crates {
        let may =
            table.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no place in the table of layers"));
        let ours = uses.iter().filter(|used| table.contains_key(used.as_str()));
        let wrong: Vec<_> = ours.filter(|used| !may.contains(&used.as_str())).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
    assert_eq!(crates.len(), MAY.len(), "the table names a crate that is gone");
}

#[test]
fn layers_do_not_see_what_is_not_theirs() {
    let crates = dependencies(true);
    for (name, never) in NEVER {
        let wrong: Vec<_> = crates[name].iter().filter(|used| never.contains(&used.as_str())).collect();
        // A crate's own tests may need a runtime to drive async code.
        let wrong: Vec<_> = wrong.into_iter().filter(|used| *used != "tokio" || name == "model").collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}
