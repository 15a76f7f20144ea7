//! Which saas files are asked for.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use promotion::model::escape::shell_word;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::saas::choice::SaasQuery;

use super::SaasPromotion;
use crate::ask::owner::saas_files_of;
use crate::ask::saas::SaasFiles;
use crate::worktree::WorkTree;

/// The paths of the saas files that are promoted, and notes on those that are left out.
///
/// Refuses a glob that fits a file which can't be read, and a team that owns one.
pub fn promoted(
    work_tree: &WorkTree,
    files: &SaasFiles,
    query: &SaasQuery,
) -> Result<(Vec<RepoPath>, Vec<String>), Problem> {
    let paths = paths(work_tree, files, query)?;
    match unread(files, query, &paths).pop() {
        Some(why) => Err(why),
        None => Ok(without_deprecated(files, paths)),
    }
}

/// Why files can't be read that a glob fits or that are among `paths`.
pub(super) fn unread(files: &SaasFiles, query: &SaasQuery, paths: &[RepoPath]) -> Vec<Problem> {
    let fitting = query.names.iter().flat_map(|word| files.unreadable(word));
    fitting.chain(paths.iter().filter_map(|path| files.why_unread(path)).cloned()).collect()
}

/// The paths of the saas files that are asked for.
pub(super) fn paths(
    work_tree: &WorkTree,
    files: &SaasFiles,
    query: &SaasQuery,
) -> Result<Vec<RepoPath>, Problem> {
    let mut paths: Vec<RepoPath> = Vec::new();
    for word in &query.names {
        let found = files.find(&in_repository(work_tree, word))?;
        paths.extend(found.iter().map(|file| file.path.clone()));
    }
    if let Some(team) = &query.owner {
        paths.extend(saas_files_of(work_tree, files, team)?);
    }
    Ok(paths)
}

/// Leaves out deprecated files where several were asked for together, and says so. One that was asked
/// for alone is refused by its gates.
fn without_deprecated(files: &SaasFiles, paths: Vec<RepoPath>) -> (Vec<RepoPath>, Vec<String>) {
    let is_deprecated =
        |path: &RepoPath| files.files.iter().any(|file| file.path == *path && file.deprecated);
    let (stay, others): (Vec<RepoPath>, Vec<RepoPath>) = paths.into_iter().partition(is_deprecated);
    if others.is_empty() {
        return (stay, Vec::new());
    }
    let note = |path| format!("`{path}` is deprecated and stays as it is");
    (others, stay.iter().map(note).collect())
}

/// The problem of one of several files, with the names of those that have none.
pub(super) fn with_others(problem: Problem, found: &SaasPromotion) -> Problem {
    let names: BTreeSet<String> = (0..found.components.len()).map(|at| found.name(at)).collect();
    if names.is_empty() {
        return problem;
    }
    let options: Vec<_> = names.iter().map(|name| format!("--saas {}", shell_word(name))).collect();
    problem.more_help(format!("without it: `{}`", options.join(" ")))
}

/// The only file that is asked for, by its path.
pub(super) fn by_path(work_tree: &WorkTree, query: &SaasQuery) -> Result<Option<SaasFiles>> {
    let [name] = query.names.as_slice() else { return Ok(None) };
    let name = in_repository(work_tree, name);
    match RepoPath::parse(&name) {
        Some(path) if name.contains('/') => SaasFiles::read(work_tree, &path),
        _ => Ok(None),
    }
}

/// The path in the repository, of a file that was named as a shell completes it; else the word.
pub fn in_repository(work_tree: &WorkTree, word: &str) -> String {
    let inside = || {
        let file = Path::new(word).canonicalize().ok().filter(|file| file.is_file())?;
        let top = work_tree.top.canonicalize().ok()?;
        Some(file.strip_prefix(top).ok()?.to_str()?.to_owned())
    };
    inside().unwrap_or_else(|| word.to_owned())
}
