//! Runs the coverage scan in the background: the search for unconfigured pins, in the work tree or
//! in the files of a commit.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;

use anyhow::Result;
use memchr::memmem;
use promotion::config::Config;
use promotion::guards::{Findings, Switches};
use promotion::inspect::coverage::{self, FileKind, Terms, Unconfigured};
use promotion::model::component::{Component, FilePattern, Scope};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::{Part, Plan, plan};
use promotion::report::counted;
use promotion::saas::target_files;

use crate::ask::saas;
use crate::git::Git;
use crate::search::{Clue, Found, Listing, own_folders, search};
use crate::worktree::WorkTree;

/// How many finds a promotion tells.
const MOST_TOLD: usize = 10;

/// A coverage scan that runs on a thread of its own.
#[derive(Debug, Default)]
pub struct CoverageScan(Option<thread::JoinHandle<Unlisted>>);

/// The pins that no environment has, and a warning for each file that was too large to look into.
pub type Unlisted = (Vec<Unconfigured>, Vec<Problem>);

impl CoverageScan {
    /// A scan that finds nothing, for promotions that don't depend on the work tree.
    pub fn idle() -> CoverageScan {
        CoverageScan::default()
    }

    /// Starts a scan of a work tree, which is being listed, for the pins of some components.
    pub fn start(
        work_tree: &WorkTree,
        listing: Listing,
        config: &Config,
        components: &[&Component],
    ) -> CoverageScan {
        let terms = terms(work_tree, components, config);
        let (work_tree, config) = (work_tree.clone(), config.clone());
        let scan = move || unconfigured(&work_tree, listing, &config, &terms);
        CoverageScan(Some(thread::spawn(scan)))
    }

    /// With `--strict`, waits for the scan and refuses what it found, before the network is used;
    /// else returns at once.
    pub fn judged(self, switches: &Switches) -> Result<CoverageScan, Problems> {
        if !switches.strict {
            return Ok(self);
        }
        let findings = Findings { warnings: self.warnings(), ..Findings::default() };
        match findings.strict(true).problems {
            problems if problems.is_empty() => Ok(CoverageScan::idle()),
            problems => Err(Problems(problems)),
        }
    }

    /// Waits for the scan, and returns a warning for each find.
    pub fn warnings(self) -> Vec<Problem> {
        let (pins, too_large) = self.found();
        told(&pins, "`discover` lists them").into_iter().chain(too_large).collect()
    }

    /// Waits for the scan, and returns its finds and a warning for each file that was too large.
    pub fn found(self) -> Unlisted {
        let Some(thread) = self.0 else { return Unlisted::default() };
        let problem = || Problem::new("the search for pins that no environment has panicked");
        thread.join().unwrap_or_else(|_| (Vec::new(), vec![problem()]))
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
    /// Scans all files of a commit, and returns a warning for each find. `scan` knows what the
    /// checkout has, so only its finds and the files that differ are read.
    ///
    /// Fetches nothing: that a partial clone lacks some of them is a warning too.
    pub fn warnings(&self, scan: CoverageScan, commit: &CommitId) -> Result<Vec<Problem>> {
        if scan.0.is_none() {
            return Ok(Vec::new());
        }
        let git = Git::at(&self.work_tree.top).env("GIT_NO_LAZY_FETCH", "1");
        let own = own_folders(&self.work_tree.top);
        let is_own =
            |path: &RepoPath| own.iter().any(|own| Path::new(path.as_str()).starts_with(own));
        let mut paths = git.differing(commit)?;
        paths.retain(|path| FileKind::of(path.as_str()).is_some() && !is_own(path));
        let differing = paths.len();
        let (found, mut warnings) = scan.found();
        let others = found.into_iter().map(|one| one.file).chain(git.not_looked_at()?);
        paths.extend(others.collect::<BTreeSet<_>>());
        let texts = git.show_many(commit.as_str(), &paths)?;
        let lacking = texts[..differing].iter().filter(|text| text.is_none()).count();
        let there = |(path, text): (RepoPath, Option<Vec<u8>>)| Some((path, text?));
        let mut tree = Tree(paths.into_iter().zip(texts).filter_map(there).collect());
        let target_files = target_files(&tree, &[FilePattern::Glob("**".to_owned())]);
        if !target_files.is_empty() {
            let texts = git.show_many(commit.as_str(), &target_files)?;
            tree.0.extend(target_files.into_iter().zip(texts).filter_map(there));
        }
        let terms = terms(self.work_tree, self.components, self.config);
        let found = coverage::unconfigured(&terms, self.config, &tree);
        warnings.extend(told(&found, "`discover` lists those of the checkout"));
        warnings.extend((lacking > 0).then(|| not_searched(lacking)));
        Ok(warnings)
    }
}

/// A warning for each find; of many, the first ones and how many more, with a help.
fn told(found: &[Unconfigured], help: &str) -> Vec<Problem> {
    let mut warnings: Vec<_> = found.iter().take(MOST_TOLD).map(Unconfigured::warning).collect();
    let others = found.iter().skip(MOST_TOLD).map(|one| one.values.len()).sum();
    if others > 0 {
        let message = format!("{} that no environment has", counted(others, "more pin"));
        warnings.push(Problem::new(message).help(help));
    }
    warnings
}

fn not_searched(count: usize) -> Problem {
    let files = counted(count, "file");
    let (were, them) = if count == 1 { ("was", "it") } else { ("were", "them") };
    let message = format!(
        "{files} of the target branch {were} not searched for pins: this partial clone lacks {them}"
    );
    Problem::new(message).help("`git pull` first")
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
    let moving = values.filter(|value| !value.stays());
    let parts = moving.flat_map(|value| coverage::versions_in(&value.old));
    let mut versions: Vec<String> = parts.map(str::to_owned).collect();
    versions.sort();
    versions.dedup();
    versions
}

/// The unconfigured pins in a work tree that match `terms`.
pub fn unconfigured(
    work_tree: &WorkTree,
    listing: Listing,
    config: &Config,
    terms: &[Terms],
) -> Unlisted {
    let needles = terms.iter().flat_map(Terms::needles);
    let Found { mut tree, mut too_large, unread } = with_any(listing, Clue::Version, needles);
    too_large.extend(unread);
    saas::complete_all(work_tree, &mut tree);
    (coverage::unconfigured(terms, config, &tree), too_large)
}

/// The files that pins are looked for in and that contain one of these texts, without those that are
/// known to lack `clue`.
pub fn with_any<'n>(listing: Listing, clue: Clue, needles: impl Iterator<Item = &'n str>) -> Found {
    let finders: Vec<_> = needles.map(memmem::Finder::new).collect();
    let holds = |bytes: &[u8]| finders.iter().any(|finder| finder.find(bytes).is_some());
    search(listing, clue, |path| FileKind::of(path).is_some(), holds)
}
