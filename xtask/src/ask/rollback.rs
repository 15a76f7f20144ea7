//! Finds the version that ran before, in the history of the pins themselves: what else changed in
//! their files does not count.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use promotion::locate::{Role, locate};
use promotion::model::component::{PinSpec, Scope};
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::version::{CommitId, commit_part, is_full_commit};

use crate::git::Git;
use crate::mirror::Mirror;

/// How many changes of a file are looked through.
const MOST_CHANGES: usize = 200;

/// How many contents of a file are read at once: in a partial clone, each comes from the network.
const AT_ONCE: usize = 10;

/// What mends all of it.
const HELP: &str = "name the version with `--to REF`";

/// A pin of a file: the target if there is one, and how many like it came before.
type Name = (Option<String>, usize);

/// The version and the line of each pin.
type Pins = BTreeMap<Name, (String, usize)>;

/// The version that the environments ran before the one in `tree`, which is that of `revision`.
///
/// Refuses pins that did not run the same version before, an environment without an earlier
/// version, and a history that ends before the pins changed.
pub fn version_before(
    git: &Git,
    scope: &Scope,
    mirror: &Mirror,
    tree: &Tree,
    revision: &str,
) -> Result<CommitId> {
    let is_shallow = git.is_shallow()?;
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    for environment in &scope.environments {
        let mut is_known = false;
        for spec in &environment.pins {
            for (path, bytes) in tree.of(spec) {
                let history = PinHistory { git, scope, spec, path, revision, is_shallow };
                for (old, line) in history.before(bytes)? {
                    is_known = true;
                    before.entry(old).or_insert(format!("{}: `{path}:{line}`", environment.name));
                }
            }
        }
        if !is_known {
            let message =
                format!("the history of the pins of `{}` has no earlier version", environment.name);
            return Err(Problem::new(message).help(HELP).into());
        }
    }
    the_only(mirror, &before)
}

/// The commit that all of these versions are.
fn the_only(mirror: &Mirror, before: &BTreeMap<String, String>) -> Result<CommitId> {
    let mut found: BTreeMap<CommitId, &String> = BTreeMap::new();
    // Full commits first: they say which one a tag means.
    let mut versions: Vec<(&String, &String)> = before.iter().collect();
    versions.sort_by_key(|(version, _)| !is_full_commit(version));
    for (version, place) in versions {
        let is_known = |digits| found.keys().any(|commit| commit.as_str().starts_with(digits));
        if !commit_part(version).is_some_and(is_known) {
            found.insert(commit_of(mirror, version, place)?, version);
        }
    }
    if found.len() > 1 {
        let all = found.values().map(|version| format!("`{version}` ({})", before[*version]));
        let all = all.collect::<Vec<_>>().join(", ");
        let message = format!("the pins did not run the same version before: {all}");
        let help = format!("{HELP}, one environment at a time if they differ");
        return Err(Problem::new(message).help(help).into());
    }
    found.into_keys().next().context("every environment has a version before")
}

/// The one commit that a version of the history means; a branch or a moving tag meant another one
/// at that time.
fn commit_of(mirror: &Mirror, version: &str, place: &str) -> Result<CommitId> {
    let ran = format!("`{}` ran before ({place})", escaped(version));
    let Some(digits) = commit_part(version) else {
        return Err(Problem::new(format!("{ran}, which is no commit")).help(HELP).into());
    };
    let commits = mirror.with_prefix(digits)?;
    match commits.as_slice() {
        [commit] => Ok(commit.clone()),
        [] => {
            let message = format!("{ran}, which the upstream does not have");
            Err(Problem::new(message).help(HELP).into())
        }
        several => {
            let all: Vec<_> = several.iter().map(|commit| format!("`{commit}`")).collect();
            let message = format!("{ran}, and several commits begin so: {}", all.join(", "));
            Err(Problem::new(message).help(HELP).into())
        }
    }
}

/// The history of the pins that one line of the configuration finds in one file.
struct PinHistory<'a> {
    git: &'a Git,
    scope: &'a Scope<'a>,
    spec: &'a PinSpec,
    path: &'a RepoPath,
    revision: &'a str,
    is_shallow: bool,
}

impl PinHistory<'_> {
    /// The version before of each pin, and the line of that pin now. The newest changes count:
    /// pins that changed before those stay out.
    fn before(&self, now: &[u8]) -> Result<Vec<(String, usize)>> {
        let now = self.pins(now);
        if now.is_empty() {
            return Ok(Vec::new());
        }
        let commits = self.git.commits_of(self.revision, self.path, MOST_CHANGES)?;
        for some in commits.chunks(AT_ONCE) {
            let asked = some.iter().map(|commit| (commit.as_str(), self.path));
            for bytes in self.git.show_each(asked)? {
                let changed = changed(&now, &self.pins(&bytes.unwrap_or_default()));
                if !changed.is_empty() {
                    return Ok(changed);
                }
            }
        }
        if self.is_shallow {
            let message = "its pins did not change in the history that this shallow clone has";
            let help = format!("fetch the rest with `git fetch --unshallow`, or {HELP}");
            return Err(Problem::new(message).file(self.path.as_str()).help(help).into());
        }
        if commits.len() == MOST_CHANGES {
            let message = format!("its pins did not change in its last {MOST_CHANGES} changes");
            return Err(Problem::new(message).file(self.path.as_str()).help(HELP).into());
        }
        Ok(Vec::new())
    }

    /// The versions and lines of the pins in one content of the file.
    fn pins(&self, bytes: &[u8]) -> Pins {
        let text = String::from_utf8_lossy(bytes);
        // What could not be read at some time had no pins then.
        let found = locate(self.spec, &self.scope.component.upstream, &text);
        let mut pins = Pins::new();
        for one in found.unwrap_or_default() {
            if let Role::Pin(_) = one.role {
                let like = pins.keys().filter(|(target, _): &&Name| *target == one.target).count();
                pins.insert((one.target, like), (one.value, one.line));
            }
        }
        pins
    }
}

/// The versions then of the pins that differ, with their lines now.
fn changed(now: &Pins, then: &Pins) -> Vec<(String, usize)> {
    let changed = now.iter().filter_map(|(name, (value, line))| {
        let (old, _) = then.get(name)?;
        (old != value).then(|| (old.clone(), *line))
    });
    changed.collect()
}
