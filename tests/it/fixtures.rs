//! Byte fixtures: each folder of `tests/data` is a promotion, run by the core alone.
//!
//! `promote.toml` and the tree in `before/` give either the tree in `after/` and `plan.txt`, or
//! `refused.txt`. The first line of `promote.toml` may be `# to COMMIT [in ENVIRONMENT…]`.
//! `UPDATE_FIXTURES=1 cargo test fixtures` writes what is expected; read the diff before it is
//! committed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anstream::adapter::strip_str;
use promotion::config::Config;
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::verify::verify;
use promotion::plan::{Part, Plan, plan};
use promotion::report;

const DEFAULT_COMMIT: &str = "6ba2ceb4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0";

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn fixtures() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| !folder.ends_with("output"));
    folders.sort();
    let failed: Vec<_> = folders.iter().filter_map(|folder| check(folder).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn check(folder: &Path) -> Result<(), String> {
    let promote_toml = fs::read_to_string(folder.join("promote.toml")).unwrap();
    let found = run(&promote_toml, &files_in(&folder.join("before")));
    if env::var_os("UPDATE_FIXTURES").is_some() {
        update(folder, &found);
    }
    let mut expected = files_in(folder);
    expected.retain(|path, _| path != "promote.toml" && !path.starts_with("before/"));
    match found == expected {
        true => Ok(()),
        false => Err(difference(folder, &expected, &found)),
    }
}

fn run(promote_toml: &str, before: &Files) -> Files {
    match promote(promote_toml, tree(before)) {
        Err(problems) => {
            let text: String = problems.iter().map(report::error).collect();
            BTreeMap::from([("refused.txt".to_owned(), plain(&text))])
        }
        Ok((table, files)) => {
            let (again, unchanged) = promote(promote_toml, files.clone()).unwrap();
            assert_eq!(unchanged.0, files.0, "twice is once:\n{again}");
            let mut found: Files =
                files.0.into_iter().map(|(path, bytes)| (format!("after/{path}"), bytes)).collect();
            found.insert("plan.txt".to_owned(), plain(&table));
            found
        }
    }
}

/// The plan as a person reads it, and the tree that it leaves.
fn promote(promote_toml: &str, tree: Tree) -> Result<(String, Tree), Vec<Problem>> {
    let config = Config::parse("promote.toml", promote_toml).map_err(|problem| vec![problem])?;
    let mut words = promote_toml.strip_prefix("# to ").unwrap_or(DEFAULT_COMMIT).lines();
    let mut words = words.next().unwrap().split_whitespace();
    let to = CommitId::parse(words.next().unwrap()).unwrap();
    let names: Vec<String> = words.skip(1).map(str::to_owned).collect();
    let component = &config.components[0];
    let environments = config.environments(component, &names).map_err(|problem| vec![problem])?;
    let plan = plan(&[Part::new(&Scope { component, environments }, to).with_stand_ins()], &tree)
        .map_err(|all| all.0)?;
    verify(&plan).map_err(|problem| vec![problem])?;
    let notes: String = plan.notes.iter().map(|note| report::note(note)).collect();
    Ok((report::table(component, &plan.parts[0], None) + &notes, landed(tree, &plan)))
}

fn landed(mut tree: Tree, plan: &Plan) -> Tree {
    for (path, file) in plan.changed() {
        tree.0.insert(path.clone(), file.after().into_bytes());
    }
    tree
}

pub fn tree(files: &Files) -> Tree {
    let path = |path| RepoPath::parse(path).unwrap();
    Tree(files.iter().map(|(name, bytes)| (path(name), bytes.clone())).collect())
}

fn plain(text: &str) -> Vec<u8> {
    strip_str(text).to_string().into_bytes()
}

/// Every file below `folder`, by its path from there.
pub fn files_in(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.exists() {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

fn update(folder: &Path, found: &Files) {
    let _ = fs::remove_dir_all(folder.join("after"));
    for name in ["plan.txt", "refused.txt"] {
        let _ = fs::remove_file(folder.join(name));
    }
    for (name, bytes) in found {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn difference(folder: &Path, expected: &Files, found: &Files) -> String {
    let mut text = format!("{}:\n", folder.file_name().unwrap().display());
    let shown = |file: Option<&Vec<u8>>| match file {
        None => "no such file".to_owned(),
        Some(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
    };
    let mut names: Vec<_> = expected.keys().chain(found.keys()).collect();
    names.sort();
    names.dedup();
    for name in names.into_iter().filter(|name| expected.get(*name) != found.get(*name)) {
        let (old, new) = (shown(expected.get(name)), shown(found.get(name)));
        text.push_str(&format!("  {name}\n    expected {old}\n    found    {new}\n"));
    }
    text
}
