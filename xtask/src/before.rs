//! Finds the version that ran before, in the history of the pins themselves: what else changed in
//! their files does not count.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::component::{PinSpec, RepoPath};
use crate::error::Refusal;
use crate::git::Git;
use crate::land::Promotion;
use crate::locate::{Verdict, locate};
use crate::tree::Tree;
use crate::upstream::Mirror;
use crate::version::{CommitId, commit_part, is_full_commit};

/// How many changes of a file are looked through.
const MOST_CHANGES: usize = 200;

/// A pin of a file: the target if there is one, and how many like it came before.
type Name = (Option<String>, usize);

/// The version that the environments ran before the one in `tree`, which is that of `revision`.
///
/// Refuses pins that did not run the same version before, and those whose history is too short.
pub fn version_before(
    git: &Git,
    promotion: &Promotion,
    mirror: &Mirror,
    tree: &Tree,
    revision: &str,
) -> Result<CommitId> {
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    for environment in &promotion.environments {
        for spec in &environment.pins {
            for (path, bytes) in tree.of(spec) {
                let history = History { git, promotion, spec, path, revision };
                for (old, line) in history.before(bytes)? {
                    before.entry(old).or_insert(format!("{}: `{path}:{line}`", environment.name));
                }
            }
        }
    }
    the_only(mirror, &before)
}

/// The commit that all of these versions are.
fn the_only(mirror: &Mirror, before: &BTreeMap<String, String>) -> Result<CommitId> {
    let help = "name the version with `--to REF`, one environment at a time if they differ";
    let mut found: BTreeMap<CommitId, &String> = BTreeMap::new();
    // Full commits first: they say which one a tag means.
    let mut versions: Vec<&String> = before.keys().collect();
    versions.sort_by_key(|version| !is_full_commit(version));
    for version in versions {
        let digits = commit_part(version).unwrap_or(version);
        if !found.keys().any(|commit| commit.as_str().starts_with(digits)) {
            let commit = mirror.resolve(Some(digits), None)?.commit;
            found.insert(commit, version);
        }
    }
    match found.len() {
        1 => found.into_keys().next().context("one is one"),
        0 => Err(Refusal::new("the history of the pins has no earlier version").help(help).into()),
        _ => {
            let all = found.values().map(|version| format!("`{version}` ({})", before[*version]));
            let all = all.collect::<Vec<_>>().join(", ");
            let message = format!("the pins did not run the same version before: {all}");
            Err(Refusal::new(message).help(help).into())
        }
    }
}

/// The history of the pins that one line of the configuration finds in one file.
struct History<'a> {
    git: &'a Git,
    promotion: &'a Promotion<'a>,
    spec: &'a PinSpec,
    path: &'a RepoPath,
    revision: &'a str,
}

impl History<'_> {
    /// The version before of each pin, and the line of that pin now. The newest changes count:
    /// pins that changed before those stay out.
    fn before(&self, now: &[u8]) -> Result<Vec<(String, usize)>> {
        let now = self.pins(now);
        let commits = self.git.commits_of(self.revision, self.path, MOST_CHANGES)?;
        let asked = commits.iter().map(|commit| (commit.as_str(), self.path));
        for bytes in self.git.show_each(asked)? {
            let then = self.pins(&bytes.unwrap_or_default());
            let changed = now.iter().filter_map(|(name, (value, line))| {
                let (old, _) = then.get(name)?;
                (old != value).then(|| (old.clone(), *line))
            });
            let changed: Vec<_> = changed.collect();
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
        Ok(Vec::new())
    }

    /// The versions and lines of the pins in one content of the file.
    fn pins(&self, bytes: &[u8]) -> BTreeMap<Name, (String, usize)> {
        let text = String::from_utf8_lossy(bytes);
        // What could not be read at some time had no pins then.
        let found = locate(self.spec, &self.promotion.component.upstream, &text);
        let mut pins = BTreeMap::new();
        for one in found.unwrap_or_default() {
            if let Verdict::Pin(_) = one.verdict {
                let like = pins.keys().filter(|(target, _): &&Name| *target == one.target).count();
                pins.insert((one.target, like), (one.value, one.line));
            }
        }
        pins
    }
}
