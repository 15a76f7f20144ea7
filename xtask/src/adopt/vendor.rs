//! Copies the sources of this tool, without what only its own checkout needs: demo, tests, benches.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use promotion::model::problem::Problem;
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value, value};

use super::Adoption;
use super::cargo::TOOL;
use super::source::own_sources;

/// The members of the workspace that it adds.
pub const MEMBERS: [&str; 3] = ["xtask", "xtask/promotion", "xtask/yaml-nodes"];

/// The tables of a manifest that only the own checkout needs.
const OWN: [&str; 5] = ["dev-dependencies", "test", "bench", "example", "lints"];

/// Whether a path is one of a copied source.
pub fn is_copied(path: &str) -> bool {
    path.starts_with("xtask/") && path != "xtask/Cargo.toml" && path != "xtask/src/main.rs"
}

/// Whether an earlier run copied them.
pub fn is_there(adoption: &Adoption) -> Result<bool> {
    Ok(adoption.text("xtask/src/program.rs")?.is_some())
}

/// Adds the two crates, and removes what an older copy had beside them.
pub fn copy(adoption: &mut Adoption) -> Result<()> {
    let own = own_sources()?;
    // The thin crate of an earlier run makes room.
    let is_other = |text: String| !text.contains(TOOL);
    if adoption.text("xtask/Cargo.toml")?.is_some_and(is_other) && !is_there(adoption)? {
        let problem = Problem::new("there is another crate").file("xtask/Cargo.toml");
        return Err(problem.help("rename its folder first, or leave `--vendor` out").into());
    }
    let root = read(&own.join("Cargo.toml"))?.parse::<DocumentMut>()?;
    let mut copied = BTreeSet::new();
    for member in MEMBERS {
        let manifest = read(&own.join(member).join("Cargo.toml"))?;
        adoption.set(&format!("{member}/Cargo.toml"), Some(alone(member, &manifest, &root)?))?;
        let mut sources = Vec::new();
        walk(&own, &format!("{member}/src"), &mut sources)?;
        for path in sources {
            adoption.set(&path, Some(read(&own.join(&path))?))?;
            copied.insert(path);
        }
    }
    let mut there = Vec::new();
    for member in MEMBERS {
        walk(&adoption.work_tree.top, &format!("{member}/src"), &mut there)?;
    }
    for path in there.into_iter().filter(|path| !copied.contains(path)) {
        adoption.set(&path, None)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))
}

/// The files below a folder, if there is one.
fn walk(top: &Path, folder: &str, found: &mut Vec<String>) -> Result<()> {
    let Ok(entries) = fs::read_dir(top.join(folder)) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(top, &path, found)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(())
}

/// The manifest of a member that inherits nothing: what it had from the workspace is written out.
fn alone(member: &str, text: &str, root: &DocumentMut) -> Result<String> {
    let mut manifest = text.parse::<DocumentMut>()?;
    for name in OWN {
        manifest.remove(name);
    }
    let workspace = &root["workspace"];
    if let Some(package) = manifest["package"].as_table_mut() {
        let names: Vec<String> = package.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            if package[&name].get("workspace").is_some() {
                package.insert(&name, workspace["package"][&name].clone());
            }
        }
    }
    // The demo's world stays behind, so the feature is empty.
    if let Some(features) = manifest.get_mut("features").and_then(Item::as_table_mut) {
        for (_, feature) in features.iter_mut() {
            *feature = value(toml_edit::Array::new());
        }
    }
    if let Some(dependencies) = manifest["dependencies"].as_table_mut() {
        inherit(member, dependencies, &workspace["dependencies"]);
    }
    let mut lint = InlineTable::new();
    let known = ["cfg(fuzzing)", "cfg(feature, values(\"demo\"))"];
    lint.insert("level", "warn".into());
    lint.insert("check-cfg", Value::Array(known.into_iter().collect()));
    let mut rust = Table::new();
    rust.insert("unexpected_cfgs", value(lint));
    let mut lints = Table::new();
    lints.set_implicit(true);
    lints.insert("rust", Item::Table(rust));
    manifest.insert("lints", Item::Table(lints));
    Ok(manifest.to_string())
}

/// Writes the dependencies out; the members find each other by their paths, and the others that are
/// crates of the own checkout are left out.
fn inherit(member: &str, dependencies: &mut Table, all: &Item) {
    let names: Vec<String> = dependencies.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let Some(path) = all[&name].get("path").and_then(Item::as_str) else {
            dependencies.insert(&name, all[&name].clone());
            continue;
        };
        if !MEMBERS.contains(&path) {
            dependencies.remove(&name);
            continue;
        }
        let up = "../".repeat(member.matches('/').count() + 1);
        let mut beside = InlineTable::new();
        beside.insert("path", format!("{up}{path}").into());
        dependencies.insert(&name, value(beside));
    }
}
