//! Looks for pins that nobody configured, in the work tree or in the files of a commit, while
//! something else goes on.

use std::path::Path;
use std::thread;

use memchr::memmem;
use promotion::config::Config;
use promotion::guards::{Findings, Switches};
use promotion::inspect::coverage::{self, FileKind, Terms, Unconfigured};
use promotion::model::component::Component;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;

use crate::git::{Git, tracked_count};
use crate::search::{own_folders, search};
use crate::worktree::WorkTree;

/// In so many files, a search is not felt beside a merge request.
pub const MOST: u32 = 30_000;

/// Looks for pins that nobody configured while something else goes on.
#[derive(Debug)]
pub struct CoverageScan(Option<thread::JoinHandle<Result<Vec<Unconfigured>, String>>>);

impl CoverageScan {
    /// One that finds nothing, where the work tree does not matter.
    pub fn idle() -> CoverageScan {
        CoverageScan(None)
    }

    /// Starts it, for some components of the configuration.
    pub fn start(work_tree: &WorkTree, config: &Config, components: &[&Component]) -> CoverageScan {
        let terms = terms(components, config);
        let (work_tree, config) = (work_tree.clone(), config.clone());
        CoverageScan(Some(thread::spawn(move || Ok(unconfigured(&work_tree, &config, &terms)))))
    }

    /// The same where what goes on would wait for it: only in a checkout of [`MOST`] files.
    pub fn start_if_quick(
        work_tree: &WorkTree,
        config: &Config,
        components: &[&Component],
    ) -> CoverageScan {
        let terms = terms(components, config);
        let (work_tree, config) = (work_tree.clone(), config.clone());
        CoverageScan(Some(thread::spawn(move || {
            let count = work_tree.git_dir.as_deref().and_then(tracked_count).unwrap_or(0);
            match count <= MOST {
                true => Ok(unconfigured(&work_tree, &config, &terms)),
                false => Err(format!(
                    "{count} files are too many to look for unconfigured pins beside a merge \
                     request; `--strict` does"
                )),
            }
        })))
    }

    /// Waits for it and refuses what it found, if warnings are to refuse: before the network.
    pub fn judged(self, switches: &Switches) -> Result<CoverageScan, Problems> {
        if !switches.strict {
            return Ok(self);
        }
        let findings =
            Findings { warnings: self.warnings().unwrap_or_default(), problems: Vec::new() };
        match findings.strict(true).problems {
            problems if problems.is_empty() => Ok(CoverageScan(None)),
            problems => Err(Problems(problems)),
        }
    }

    /// Waits for it; what it found, as warnings. The error says why nobody looked.
    pub fn warnings(self) -> Result<Vec<Problem>, String> {
        Ok(self.found()?.iter().map(Unconfigured::warning).collect())
    }

    /// The same without what the files of a commit don't have.
    pub fn warnings_at(
        self,
        commit: &CommitId,
        place: &TargetScan,
    ) -> Result<Vec<Problem>, String> {
        let mut paths: Vec<_> = self.found()?.into_iter().map(|one| one.file).collect();
        paths.dedup();
        Ok(place.unconfigured(commit, paths).unwrap_or_default())
    }

    fn found(self) -> Result<Vec<Unconfigured>, String> {
        self.0.and_then(|thread| thread.join().ok()).unwrap_or(Ok(Vec::new()))
    }
}

/// Where the files of commits are searched, and for the pins of which component.
#[derive(Debug, Clone, Copy)]
pub struct TargetScan<'a> {
    /// The checkout that has the commits.
    pub work_tree: &'a WorkTree,
    /// What knows pins.
    pub config: &'a Config,
    /// Whose pins.
    pub components: &'a [&'a Component],
}

impl TargetScan<'_> {
    /// The pins of a commit's files that no component of the configuration has, as warnings; none
    /// in a partial clone, where every file would have to be fetched first.
    pub fn search(&self, commit: &CommitId) -> anyhow::Result<Vec<Problem>> {
        let terms = terms(self.components, self.config);
        let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
        let git = Git::at(&self.work_tree.top);
        let Ok(mut paths) = git.holding(commit, &needles) else { return Ok(Vec::new()) };
        let own = own_folders(&self.work_tree.top);
        let is_own =
            |path: &RepoPath| own.iter().any(|own| Path::new(path.as_str()).starts_with(own));
        paths.retain(|path| FileKind::of(path.as_str()).is_some() && !is_own(path));
        self.unconfigured(commit, paths)
    }

    /// Those of these files; what a partial clone lacks is passed over, for git would fetch it.
    fn unconfigured(
        &self,
        commit: &CommitId,
        paths: Vec<RepoPath>,
    ) -> anyhow::Result<Vec<Problem>> {
        let terms = terms(self.components, self.config);
        let git = Git::at(&self.work_tree.top).env("GIT_NO_LAZY_FETCH", "1");
        let texts = git.show_many(commit.as_str(), &paths)?;
        let files = paths.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?)));
        let found = coverage::unconfigured(&terms, self.config, &Tree(files.collect()));
        Ok(found.iter().map(Unconfigured::warning).collect())
    }
}

fn terms(components: &[&Component], config: &Config) -> Vec<Terms> {
    components.iter().map(|component| Terms::of(component, config)).collect()
}

/// The pins in the work tree that fit `terms` and that no component of the configuration has.
pub fn unconfigured(work_tree: &WorkTree, config: &Config, terms: &[Terms]) -> Vec<Unconfigured> {
    let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let tree = search(
        work_tree,
        |path| FileKind::of(path).is_some(),
        |bytes| finders.iter().any(|finder| finder.find(bytes).is_some()),
    );
    coverage::unconfigured(terms, config, &tree)
}
