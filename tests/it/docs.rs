//! The examples of the documents, held against what the commands print in the demo's world.
//! `docs/json.md` is tested by `json`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::saas::muo;
use crate::sandbox::Sandbox;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Stands for lines that are left out.
const CUT: &str = "…";

fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    docs.filter(|path| !path.ends_with("json.md"))
        .chain([Path::new(ROOT).join("README.md")])
        .collect()
}

/// The world in which the examples of a document happen.
fn world_of(document: &Path) -> Sandbox {
    if document.ends_with("saas-files.md") { muo() } else { Sandbox::new() }
}

/// What the commands of an example print, after each its output and then its errors.
fn printed(sandbox: &Sandbox, example: &str) -> Vec<String> {
    sandbox.world.answer_as_gitlab().unwrap();
    sandbox.stand_in_for_cargo();
    let mut lines = Vec::new();
    for command in example.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let run = sandbox.with_cargo("sh", &["-c", command]).env("COLUMNS", "100").run();
        lines.push(format!("$ {command}"));
        lines.extend(
            [run.stdout, run.stderr].iter().flat_map(|text| text.lines()).map(str::to_owned),
        );
    }
    lines
}

/// Whether the lines are those of the pattern, with any lines for each `…`.
fn fits(pattern: &[&str], lines: &[String]) -> bool {
    match (pattern, lines) {
        ([], []) => true,
        ([CUT, rest @ ..], _) => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        ([first, rest @ ..], [line, others @ ..]) => first == line && fits(rest, others),
        _ => false,
    }
}

#[test]
fn examples() {
    let (mut count, mut wrong) = (0, String::new());
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("```console\n").skip(1) {
            let (example, _) = part.split_once("```\n").unwrap();
            let lines = printed(&world_of(&path), example);
            let pattern: Vec<_> = example.lines().collect();
            if !fits(&pattern, &lines) {
                let actual = lines.join("\n");
                wrong.push_str(&format!("{}:\n{example}\nprints\n{actual}\n", path.display()));
            }
            count += 1;
        }
    }
    assert_eq!(wrong, "");
    assert!(count > 5);
}

/// Every link to a file of the repository leads there.
#[test]
fn links() {
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let (target, _) = part.split_once(')').unwrap();
            let file = target.split('#').next().unwrap();
            if !file.starts_with("https://") && !file.is_empty() {
                let is_there = path.parent().unwrap().join(file).exists();
                assert!(is_there, "{}: {target}", path.display());
            }
        }
    }
}
