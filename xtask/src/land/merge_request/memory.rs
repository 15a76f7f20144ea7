//! Remembers in the git folder which merge request a pushed commit belongs to.
//!
//! Git can't ask for it later: a remote answers only to a push that changes something.

use std::fs;
use std::path::PathBuf;

use promotion::model::escape::escaped;
use promotion::model::version::CommitId;

use crate::git::Git;

/// A line for each commit: its id, a blank, and the address.
const FILE: &str = "xtask-merge-requests";

/// How many lines are kept.
const MOST: usize = 50;

/// The address that a push of this commit from this clone was answered with.
pub(super) fn remembered(git: &Git, commit: &CommitId) -> Option<String> {
    let text = fs::read_to_string(file(git)?).ok()?;
    let url = |line: &str| line.strip_prefix(commit.as_str())?.strip_prefix(' ').map(escaped);
    text.lines().rev().find_map(url)
}

/// Adds an address. Where that fails, a later run can't name it, and nothing else.
pub(super) fn remember(git: &Git, commit: &CommitId, url: &str) {
    let Some(file) = file(git) else { return };
    let text = fs::read_to_string(&file).unwrap_or_default();
    let line = format!("{commit} {url}");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.push(&line);
    let kept = &lines[lines.len().saturating_sub(MOST)..];
    let _ = fs::write(file, kept.join("\n") + "\n");
}

/// In the folder that all work trees of a clone share.
fn file(git: &Git) -> Option<PathBuf> {
    let folder = git.read(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    Some(PathBuf::from(folder.ok()?).join(FILE))
}
