//! What git makes of the files that are to change: what it ignores, and what was never committed.

use anyhow::{Result, ensure};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::report::few;

use super::Adoption;
use crate::git::Git;
use crate::land::passed_over;

/// How many names a note lists.
const MOST: usize = 5;

/// What commands for these files have to mind.
#[derive(Debug)]
pub struct Checkout {
    has_commit: bool,
    ignored: Vec<String>,
    uncommitted: Vec<String>,
}

impl Checkout {
    /// Asks git, before anything is written. Refuses files whose changes git passes over: no commit
    /// would have them.
    pub fn of(adoption: &Adoption) -> Result<Checkout> {
        let git = Git::at(&adoption.work_tree.top);
        let has_commit = git.holds(["rev-parse", "--quiet", "--verify", "HEAD"])?;
        let new = adoption.changes().filter(|(_, what)| *what == "created").map(|(path, _)| path);
        let there = adoption.changes().filter(|(_, what)| *what != "created");
        let there: Vec<RepoPath> = there.map(|(path, _)| path.clone()).collect();
        if !there.is_empty() {
            let entries = git.index_entries(there.iter().map(RepoPath::as_str))?;
            let refused = entries.iter().filter_map(|entry| passed_over(entry, ""));
            let refused: Vec<Problem> = refused.collect();
            ensure!(refused.is_empty(), Problems(refused));
        }
        let uncommitted = git.status(&there)?.into_iter().map(|change| change.path).collect();
        Ok(Checkout { has_commit, ignored: ignored(adoption, new)?, uncommitted })
    }

    /// What people should know before they run the commands.
    pub fn notes(&self) -> Vec<String> {
        let named = |paths: &[String]| {
            let names: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
            few(&names, MOST)
        };
        let mut notes = Vec::new();
        if !self.ignored.is_empty() {
            let names = named(&self.ignored);
            notes
                .push(format!("git ignores {names}: `git add --force` takes them in all the same"));
        }
        if !self.has_commit {
            notes.push("there is no commit yet: nothing could take this back".to_owned());
        } else if !self.uncommitted.is_empty() {
            let names = named(&self.uncommitted);
            notes.push(format!(
                "changed before and not committed: {names}; to commit or undo this includes that"
            ));
        }
        notes
    }

    /// `git add` with its options.
    pub fn add(&self) -> &'static str {
        if self.ignored.is_empty() { "add --all" } else { "add --force --all" }
    }

    /// `git stash` with its options; `None` where it can't work.
    pub fn stash(&self) -> Option<&'static str> {
        self.has_commit.then_some(match self.ignored.is_empty() {
            true => "stash push --include-untracked",
            false => "stash push --all",
        })
    }
}

/// Those of the paths that git ignores.
fn ignored<'p>(
    adoption: &Adoption,
    paths: impl Iterator<Item = &'p RepoPath>,
) -> Result<Vec<String>> {
    let git = git_for_names(adoption);
    let args = ["-c", "core.quotePath=false", "check-ignore", "--"];
    let names: Vec<&str> = args.into_iter().chain(paths.map(RepoPath::as_str)).collect();
    if names.len() == args.len() {
        return Ok(Vec::new());
    }
    let found = git.find(names)?.unwrap_or_default();
    Ok(found.lines().map(str::to_owned).collect())
}

/// Whether git would ignore a file of this name, tracked or not.
pub fn is_ignored(adoption: &Adoption, name: &str) -> Result<bool> {
    git_for_names(adoption).holds(["check-ignore", "--quiet", "--no-index", "--", name])
}

/// `check-ignore` doesn't take literal names; none of ours means anything else.
fn git_for_names(adoption: &Adoption) -> Git {
    Git::at(&adoption.work_tree.top).env("GIT_LITERAL_PATHSPECS", "0")
}
