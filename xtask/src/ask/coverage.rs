//! Runs the coverage scan in the background: the search for unconfigured pins, in the work tree or
//! in the files of a commit.

use std::path::Path;
use std::thread;

use memchr::memmem;
use promotion::config::Config;
use promotion::guards::{Findings, Switches};
use promotion::inspect::coverage::{self, FileKind, Terms, Unconfigured};
use promotion::model::component::{Component, Scope};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::{CommitId, commit_part, tag_and_digest};
use promotion::plan::{Outcome, Part, Plan, plan};

use crate::git::{Git, tracked_count};
use crate::search::{Found, own_folders, search};
use crate::worktree::WorkTree;

/// Up to this many files, the scan takes no noticeable time beside a merge request.
pub const MOST: u32 = 30_000;

/// A coverage scan that runs on a thread of its own.
#[derive(Debug)]
pub struct CoverageScan(Option<thread::JoinHandle<Result<Unlisted, String>>>);

/// The pins that no environment has, and a warning for each file that was too large to look into.
type Unlisted = (Vec<Unconfigured>, Vec<Problem>);

impl CoverageScan {
    /// A scan that finds nothing, for promotions that don't depend on the work tree.
    pub fn idle() -> CoverageScan {
        CoverageScan(None)
    }

    /// Starts a scan of the work tree for the pins of some components.
    pub fn start(work_tree: &WorkTree, config: &Config, components: &[&Component]) -> CoverageScan {
        let terms = terms(work_tree, components, config);
        let (work_tree, config) = (work_tree.clone(), config.clone());
        CoverageScan(Some(thread::spawn(move || Ok(unconfigured(&work_tree, &config, &terms)))))
    }

    /// Starts a scan for a merge request: only if the checkout has at most [`MOST`] files, because
    /// the merge request waits for the scan.
    pub fn start_if_quick(
        work_tree: &WorkTree,
        config: &Config,
        components: &[&Component],
    ) -> CoverageScan {
        let terms = terms(work_tree, components, config);
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

    /// With `--strict`, waits for the scan and refuses what it found, before the network is used;
    /// else returns at once.
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

    /// Waits for the scan, and returns a warning for each find. The error says why there was no
    /// scan.
    pub fn warnings(self) -> Result<Vec<Problem>, String> {
        let (pins, too_large) = self.found()?;
        Ok(pins.iter().map(Unconfigured::warning).chain(too_large).collect())
    }

    /// Waits for the scan, looks its finds up in the files of a commit, and returns a warning for
    /// each that is there too.
    pub fn warnings_at(
        self,
        commit: &CommitId,
        place: &TargetScan,
    ) -> Result<Vec<Problem>, String> {
        let mut paths: Vec<_> = self.found()?.0.into_iter().map(|one| one.file).collect();
        paths.dedup();
        Ok(place.unconfigured(commit, paths).unwrap_or_default())
    }

    fn found(self) -> Result<Unlisted, String> {
        self.0.and_then(|thread| thread.join().ok()).unwrap_or(Ok(Unlisted::default()))
    }
}

/// The scan of the target branch of a merge request: the files of a commit, instead of the work
/// tree.
#[derive(Debug, Clone, Copy)]
pub struct TargetScan<'a> {
    pub work_tree: &'a WorkTree,
    pub config: &'a Config,
    /// Scanned for the pins of these components.
    pub components: &'a [&'a Component],
}

impl TargetScan<'_> {
    /// Scans all files of a commit, and returns a warning for each find. Finds nothing in a partial
    /// clone, where every file would have to be fetched first.
    pub fn search(&self, commit: &CommitId) -> anyhow::Result<Vec<Problem>> {
        let terms = terms(self.work_tree, self.components, self.config);
        let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
        let git = Git::at(&self.work_tree.top);
        let Ok(mut paths) = git.holding(commit, &needles) else { return Ok(Vec::new()) };
        let own = own_folders(&self.work_tree.top);
        let is_own =
            |path: &RepoPath| own.iter().any(|own| Path::new(path.as_str()).starts_with(own));
        paths.retain(|path| FileKind::of(path.as_str()).is_some() && !is_own(path));
        self.unconfigured(commit, paths)
    }

    /// Scans these files of a commit. Skips files that a partial clone lacks, because git would
    /// fetch them.
    fn unconfigured(
        &self,
        commit: &CommitId,
        paths: Vec<RepoPath>,
    ) -> anyhow::Result<Vec<Problem>> {
        let terms = terms(self.work_tree, self.components, self.config);
        let git = Git::at(&self.work_tree.top).env("GIT_NO_LAZY_FETCH", "1");
        let texts = git.show_many(commit.as_str(), &paths)?;
        let files = paths.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?)));
        let found = coverage::unconfigured(&terms, self.config, &Tree(files.collect()));
        Ok(found.iter().map(Unconfigured::warning).collect())
    }
}

fn terms(work_tree: &WorkTree, components: &[&Component], config: &Config) -> Vec<Terms> {
    let terms = |component: &&Component| Terms {
        versions: versions(work_tree, component),
        ..Terms::of(component, config)
    };
    components.iter().map(terms).collect()
}

/// The commits, tags and digests that a component's pins run in the work tree; none if its pins
/// can't be read.
pub fn versions(work_tree: &WorkTree, component: &Component) -> Vec<String> {
    let scope = Scope::all(component);
    let tree = work_tree.read(&Wanted::new(component, &scope.environments));
    let planned = tree.ok().and_then(|tree| plan(&[Part::any(&scope)], &tree).ok());
    let values = planned.iter().flat_map(Plan::values);
    let moving = values.filter(|value| !matches!(value.outcome, Outcome::Stays(_)));
    let parts = moving.flat_map(|value| {
        let (version, digest) = tag_and_digest(&value.old);
        [commit_part(version).or(CommitId::parse(version).map(|_| version)), digest]
    });
    let mut versions: Vec<String> = parts.flatten().map(str::to_owned).collect();
    versions.sort();
    versions.dedup();
    versions
}

/// The unconfigured pins in the work tree that match `terms`.
pub fn unconfigured(work_tree: &WorkTree, config: &Config, terms: &[Terms]) -> Unlisted {
    let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let Found { tree, too_large } = search(
        work_tree,
        |path| FileKind::of(path).is_some(),
        |bytes| finders.iter().any(|finder| finder.find(bytes).is_some()),
    );
    (coverage::unconfigured(terms, config, &tree), too_large)
}
