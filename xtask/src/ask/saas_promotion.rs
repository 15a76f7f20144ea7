//! Turns what was typed about saas files into components. What their targets have to pass is found out
//! in `gates`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use promotion::model::component::Component;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::similar::cut;
use promotion::model::tree::Tree;
use promotion::model::upstream::Upstream;
use promotion::model::version::{CommitId, is_full_commit};
use promotion::saas::app::{ListAction, ListChange, VersionList};
use promotion::saas::choice::{self, Chosen, Narrowing, SaasQuery};
use promotion::saas::component::components;
use promotion::saas::{SaasFile, Target};

use crate::ask::saas::SaasFiles;
use crate::mirror::Mirror;
use crate::worktree::WorkTree;

use files::{by_path, paths, with_others};
pub use files::{in_repository, promoted};
pub use gates::Asked;

mod files;
mod gates;
mod names;
mod nowhere;

/// The saas files that are promoted, and a component for each of their upstreams.
#[derive(Debug)]
pub struct SaasPromotion {
    files: SaasFiles,
    pub components: Vec<Component>,
    /// The index of the saas file of each component.
    of_file: Vec<usize>,
    /// What narrowed the targets.
    pub narrowing: Narrowing,
    /// What is left out, and why.
    pub notes: Vec<String>,
}

impl SaasPromotion {
    /// Finds the files and their targets in a checkout, whose saas files may be known already.
    ///
    /// Refuses a name that fits none or several files, a word that fits no target, and files
    /// without any target that has an upstream.
    pub fn find(
        work_tree: &WorkTree,
        query: &SaasQuery,
        known: Option<SaasFiles>,
    ) -> Result<SaasPromotion> {
        let files = match known {
            Some(files) => files,
            None => by_path(work_tree, query)?.unwrap_or_else(|| SaasFiles::search(work_tree)),
        };
        let (paths, notes) = promoted(work_tree, &files, query)?;
        let (found, mut refused) = SaasPromotion::among(work_tree, query, files, &paths, |_| true)?;
        if refused.is_empty() {
            return Ok(SaasPromotion { notes, ..found });
        }
        Err(with_others(refused.swap_remove(0), &found).into())
    }

    /// The components of the targets that people promote, for a look only: a file whose targets are
    /// refused or that can't be read is told, and spoils no other one.
    ///
    /// Refuses a name that fits none or several files, and files without any such target.
    pub fn survey(
        work_tree: &WorkTree,
        query: &SaasQuery,
        files: SaasFiles,
    ) -> Result<(Vec<Component>, Vec<Problem>)> {
        let paths = paths(work_tree, &files, query)?;
        let unread = files::unread(&files, query, &paths);
        if let (Some(why), true) = (unread.first(), paths.iter().all(|path| files.is_unread(path)))
        {
            return Err(why.clone().into());
        }
        let takes = Target::is_promoted_by_people;
        let (found, refused) = SaasPromotion::among(work_tree, query, files, &paths, takes)?;
        Ok((found.components, [refused, unread].concat()))
    }

    /// Finds the targets that `takes` takes among `files`; and why those of a file are refused.
    fn among(
        work_tree: &WorkTree,
        query: &SaasQuery,
        mut files: SaasFiles,
        paths: &[RepoPath],
        takes: impl Fn(&Target) -> bool,
    ) -> Result<(SaasPromotion, Vec<Problem>)> {
        files.locate(work_tree, paths);
        let (mut all, mut of_file, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let (mut shared, mut is_left_out) = (BTreeMap::new(), false);
        for (index, file) in files.files.iter().enumerate() {
            if !paths.contains(&file.path) {
                continue;
            }
            let untold = files.untold(work_tree, file, &query.narrowing);
            let fitting = fit_targets(&files, file, &query.narrowing, &mut shared);
            match untold.map_or(fitting, Err) {
                Ok(mut chosen) => {
                    is_left_out |= chosen.iter().any(|one| !takes(one.target));
                    chosen.retain(|one| takes(one.target));
                    let components = components(file, &chosen);
                    of_file.extend(components.iter().map(|_| index));
                    all.extend(components);
                }
                Err(problem) => refused.push(problem),
            }
        }
        if all.is_empty() && refused.is_empty() {
            let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
            let paths = cut(paths);
            let problem = match is_left_out {
                true => Problem::new(format!("no target of {paths} is promoted by people"))
                    .help("those that were asked for follow a branch, are moved by `promotion.auto`, or are disabled or deleted"),
                false => Problem::new(format!("no target of {paths} has an upstream"))
                    .help("give its template a `url`"),
            };
            return Err(problem.into());
        }
        let (narrowing, notes) = (query.narrowing.clone(), Vec::new());
        Ok((SaasPromotion { files, components: all, of_file, narrowing, notes }, refused))
    }

    /// The version that the targets of an environment run in `tree`, for the upstream of a component.
    ///
    /// Refuses an environment whose targets run none, or several.
    pub fn like(
        &self,
        index: usize,
        environment: &str,
        (mirror, tree): (&Mirror, &Tree),
    ) -> Result<CommitId> {
        let component = &self.components[index];
        let mut found: BTreeSet<CommitId> = BTreeSet::new();
        for value in self.values_of(index, environment, tree)? {
            found.insert(mirror.resolve(Some(&value), component.branch.as_deref())?.commit);
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(commit), None) => Ok(commit),
            (None, _) => {
                let message =
                    format!("no target that fits `{environment}` runs `{}`", component.name);
                Err(Problem::usage(message).help("name the version with `--ref`").into())
            }
            (Some(one), Some(other)) => {
                let digits = component.tag_length;
                let message = format!(
                    "the targets that fit `{environment}` run several versions: `{}`, `{}`",
                    one.tag(digits),
                    other.tag(digits)
                );
                Err(Problem::usage(message).help("name one of them with `--ref`").into())
            }
        }
    }

    /// The versions of the targets that fit an environment, of a component's upstream: those of
    /// `tree`, if it has the saas file. Errors: no target fits.
    pub fn values_of(&self, index: usize, environment: &str, tree: &Tree) -> Result<Vec<String>> {
        let component = &self.components[index];
        let there = SaasFile::read(&self.file(index).path, tree);
        let file = there.as_ref().unwrap_or(self.file(index));
        let word = Narrowing { environments: vec![environment.to_owned()], ..Narrowing::default() };
        let mut all = self.files.targets(file);
        let of_upstream =
            |one: &Chosen| one.template.url.as_ref().is_some_and(|url| component.upstream.is(url));
        all.retain(|one| of_upstream(one) && !one.target.delete && !one.target.disable);
        let chosen = choice::targets(&all, &word).map_err(|none| none.file(file.path.as_str()))?;
        let values = chosen.iter().filter_map(|one| Some(one.target.value.as_ref()?.0.clone()));
        Ok(values.collect())
    }

    /// Refuses a tree in which other targets fit than in the checkout.
    pub fn refuse_other_targets(&self, tree: &Tree) -> Result<(), Problem> {
        let indices: BTreeSet<usize> = self.of_file.iter().copied().collect();
        for file in indices.into_iter().map(|index| &self.files.files[index]) {
            let Some(there) = SaasFile::read(&file.path, tree) else { continue };
            let fitting = |file: &SaasFile| {
                let chosen = choice::targets(&self.files.targets(file), &self.narrowing);
                components(file, &chosen.unwrap_or_default())
            };
            if fitting(file) != fitting(&there) {
                let message = "has other targets on the target branch than in the checkout";
                let problem = Problem::new(message).file(file.path.as_str());
                return Err(problem.help("update the checkout, for example with `git pull`"));
            }
        }
        Ok(())
    }

    /// The change of the app's hotfixes that goes along with a component.
    ///
    /// Refuses a saas file without an app.
    pub fn hotfix(&self, index: usize, commit: &CommitId) -> Result<ListChange, Problem> {
        self.list_change(index, commit, (VersionList::Hotfix, ListAction::Add))
    }

    /// A change of a version list of the app behind a component.
    ///
    /// Refuses a saas file without an app.
    pub fn list_change(
        &self,
        index: usize,
        commit: &CommitId,
        (list, action): (VersionList, ListAction),
    ) -> Result<ListChange, Problem> {
        let app = self.file(index).app_path()?;
        let upstream = self.components[index].upstream.clone();
        Ok(ListChange { app, upstream, list, action, commit: commit.clone() })
    }

    /// What names just the saas file of a component.
    pub fn name(&self, index: usize) -> String {
        self.files.name_of(self.file(index))
    }

    /// The saas file of a component.
    pub fn file(&self, index: usize) -> &SaasFile {
        &self.files.files[self.of_file[index]]
    }
}

/// The targets of a file that a narrowing takes.
fn fit_targets<'f>(
    files: &'f SaasFiles,
    file: &'f SaasFile,
    narrowing: &Narrowing,
    shared: &mut BTreeMap<RepoPath, Upstream>,
) -> Result<Vec<Chosen<'f>>, Problem> {
    let chosen = choice::targets(&files.targets(file), narrowing);
    let mut chosen = chosen.map_err(|none| none.file(file.path.as_str()))?;
    refuse_unfit(file, &chosen)?;
    once(&mut chosen, shared)?;
    Ok(chosen)
}

/// Refuses pins of templates whose `url` or `path` is not their own.
fn refuse_unfit(file: &SaasFile, chosen: &[Chosen]) -> Result<(), Problem> {
    for Chosen { template, target, .. } in chosen {
        let here = |line, message| Problem::new(message).file(file.path.as_str()).line(line);
        let is_pin = target.value.as_ref().is_some_and(|(value, _)| is_full_commit(value));
        if let Some((line, reason)) = template.unfit.as_ref().filter(|_| is_pin) {
            let name = template.name.as_deref().unwrap_or("(no name)");
            let message = format!("template `{name}`: {reason}");
            return Err(here(*line, message).help("write it out in the template"));
        }
    }
    Ok(())
}

/// Keeps each target that stands in a file of its own once: other saas files may refer to it too.
///
/// Refuses one that belongs to several upstreams.
fn once(chosen: &mut Vec<Chosen>, seen: &mut BTreeMap<RepoPath, Upstream>) -> Result<(), Problem> {
    let mut refused = None;
    chosen.retain(|one| {
        let (Some(path), Some(url)) = (&one.target.file, &one.template.url) else { return true };
        let Some(upstream) = seen.get(path) else {
            seen.insert(path.clone(), Upstream::new(url));
            return true;
        };
        if !upstream.is(url) {
            let message = format!("is a target of `{upstream}` and of `{}`", Upstream::new(url));
            let help = "promote one of their saas files, or give each a target of its own";
            refused = Some(Problem::new(message).file(path.as_str()).help(help));
        }
        false
    });
    refused.map_or(Ok(()), Err)
}
