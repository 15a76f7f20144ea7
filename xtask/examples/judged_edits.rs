//! How many scalars of all YAML files in a folder can be edited in place, and why the others can't.
//!
//! `cargo run --locked -p xtask --example judged_edits FOLDER` replaces each plain or quoted value
//! of each file in turn, but for nulls, and counts the refusals by their reason. A folder with a
//! file `error` in it holds invalid YAML and is left out, as in the branch `data` of the
//! yaml-test-suite; so are links, which repeat its cases there.
#![allow(clippy::print_stdout, reason = "a report")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use promotion::locate::ValuePath;
use promotion::model::edit::Edit;
use promotion::model::path::RepoPath;
use promotion::plan::verify::verify;
use promotion::plan::{FilePlan, Plan};
use promotion::syntax::yaml::{self, NodeId, Yaml};

const NEW: &str = "6ba2ceb4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0";

fn main() -> Result<()> {
    let folder = env::args().nth(1).context("name a folder")?;
    let mut files = Vec::new();
    yaml_files(Path::new(&folder), &mut files)?;
    let (mut edits, mut refusals) = (0, BTreeMap::<String, Vec<String>>::new());
    let mut unreadable = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let yaml = match yaml::parse(&text) {
            Ok(yaml) => yaml,
            Err(problem) => {
                unreadable.push(format!("{}: {problem}", file.display()));
                continue;
            }
        };
        let values = yaml.values().filter(|(node, _)| !yaml.is_null(*node));
        for (node, _) in values {
            edits += 1;
            if let Err(reason) = verdict(&text, &yaml, node)? {
                let place = format!("{}:{}", file.display(), yaml.line(node));
                refusals.entry(reason).or_default().push(place);
            }
        }
    }
    let refused: usize = refusals.values().map(Vec::len).sum();
    println!("{refused} of {edits} edits refused, {} files unreadable", unreadable.len());
    unreadable.iter().for_each(|file| println!("       {file}"));
    for (reason, places) in refusals {
        println!("{:5}  {reason}\n       {}", places.len(), places[0]);
    }
    Ok(())
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("error").exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_symlink() {
            continue;
        }
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|name| name == "yaml" || name == "yml");
        match path.is_dir() {
            true => yaml_files(&path, found)?,
            false if is_yaml && !path.ends_with("out.yaml") && !path.ends_with("emit.yaml") => {
                found.push(path);
            }
            false => {}
        }
    }
    found.sort();
    Ok(())
}

/// Whether one value can be edited: what the judge says, or why there is nothing to judge.
fn verdict(text: &str, yaml: &Yaml, node: NodeId) -> Result<Result<(), String>> {
    let slot = match yaml.slot(node) {
        Ok(slot) => slot,
        Err(reason) => return Ok(Err(format!("the scalar {reason}"))),
    };
    let mut file = FilePlan::default();
    text.clone_into(&mut file.before);
    let _ = file.edits.insert(Edit { range: slot.inner, text: NEW.to_owned() });
    file.expected.push((ValuePath::Yaml(yaml.path(node), String::new()), NEW.to_owned()));
    let plan = Plan {
        parts: Vec::new(),
        files: BTreeMap::from([(RepoPath::parse("a.yaml").context("a path")?, file)]),
        notes: Vec::new(),
    };
    Ok(verify(&plan).map_err(|problem| problem.message))
}
