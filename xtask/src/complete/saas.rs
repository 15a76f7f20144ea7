//! The names that a command line about saas files may have, each with a few words about it.

use promotion::model::path::RepoPath;
use promotion::saas::choice::{Chosen, Fit, fit};

use crate::ask::saas::{SaasFiles, names};
use crate::worktree::WorkTree;

type NamesWithHelp = Vec<(String, String)>;

/// Every saas file.
pub(super) fn files(work_tree: &WorkTree) -> NamesWithHelp {
    names(work_tree).into_iter().map(|(_, name)| (name, "saas file".to_owned())).collect()
}

/// The environments of a saas file.
pub(super) fn environments(work_tree: &WorkTree, file: &str) -> NamesWithHelp {
    of_targets(work_tree, file, "environment", |one| Some(one.environment()))
}

/// The templates of a saas file.
pub(super) fn templates(work_tree: &WorkTree, file: &str) -> NamesWithHelp {
    of_targets(work_tree, file, "template", |one| one.template.name.clone())
}

/// The named targets of a saas file.
pub(super) fn targets(work_tree: &WorkTree, file: &str) -> NamesWithHelp {
    of_targets(work_tree, file, "target", |one| one.target.filter.target.clone())
}

/// The services that have saas files; the teams behind roles take longer to find.
pub(super) fn teams(work_tree: &WorkTree) -> NamesWithHelp {
    let team = |path: &RepoPath| {
        Some(path.as_str().strip_prefix("data/services/")?.split_once('/')?.0.to_owned())
    };
    let mut teams: Vec<String> =
        names(work_tree).iter().filter_map(|(path, _)| team(path)).collect();
    teams.dedup();
    teams.into_iter().map(|team| (team, "team".to_owned())).collect()
}

fn of_targets(
    work_tree: &WorkTree,
    file: &str,
    help: &str,
    name: impl Fn(&Chosen) -> Option<String>,
) -> NamesWithHelp {
    let Some(files) = read(work_tree, file) else { return Vec::new() };
    let all = files.files.iter().flat_map(|file| files.targets(file));
    let mut found: NamesWithHelp = Vec::new();
    for name in all.filter_map(|one| name(&one)) {
        if found.iter().all(|(known, _)| *known != name) {
            found.push((name, help.to_owned()));
        }
    }
    found
}

/// Whether a word names a saas file.
pub(super) fn is_file(work_tree: &WorkTree, word: &str) -> bool {
    find(work_tree, word).is_some()
}

/// The saas file that a word names, alone and located.
fn read(work_tree: &WorkTree, word: &str) -> Option<SaasFiles> {
    let path = find(work_tree, word)?;
    let mut files = SaasFiles::read(work_tree, &path).ok()??;
    files.locate(work_tree, std::slice::from_ref(&path));
    Some(files)
}

/// The path of the saas file that a word fits best.
fn find(work_tree: &WorkTree, word: &str) -> Option<RepoPath> {
    let fits = |(path, name): &(RepoPath, String)| fit(word, name).max(fit(word, path.as_str()));
    let fitting = names(work_tree).into_iter().filter(|one| fits(one) != Fit::No);
    fitting.max_by_key(|one| fits(one)).map(|(path, _)| path)
}
