//! Searches the whole work tree on every core, for files that nobody named.
//!
//! Never fails: what can't be listed or read is passed over, for whoever needs it reads it again.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use memchr::memmem;
use promotion::component::{Component, RepoPath};
use promotion::config::Config;
use promotion::coverage::{self, Kind, Terms, Unconfigured};
use promotion::error::{Refusal, Refusals};
use promotion::guards::{Switches, Verdict};
use promotion::tree::Tree;
use promotion::version::CommitId;

use crate::git::{Git, tracked_count};
use crate::worktree::WorkTree;

/// How many files a thread takes at a time.
const SHARE: usize = 64;

/// In so many files, a search is not felt beside a merge request.
pub const MOST: u32 = 30_000;

/// The files that `wants` by their path and then `holds` by their content.
///
/// Passed over: symbolic links, other repositories inside this one, what git ignores, and the
/// fixtures of this program.
pub fn search(
    work_tree: &WorkTree,
    wants: impl Fn(&str) -> bool + Sync,
    holds: impl Fn(&[u8]) -> bool + Sync,
) -> Tree {
    let top = &work_tree.top;
    let own = own_folders(top);
    let among = |paths: Vec<String>| {
        let is_own = |path: &String| own.iter().any(|own| Path::new(path).starts_with(own));
        let wanted = |path: &String| wants(path) && !is_own(path);
        filter(top, &paths.into_iter().filter(wanted).collect::<Vec<_>>(), &holds)
    };
    let mut tree = Tree::default();
    if work_tree.git_dir.is_none() {
        let mut paths = Vec::new();
        walk(top, "", &mut paths);
        tree.0.extend(among(paths));
        return tree;
    }
    thread::scope(|scope| {
        // The index knows nearly all of them without looking into a single folder.
        let untracked = scope.spawn(|| Git::at(top).untracked());
        tree.0.extend(among(Git::at(top).tracked().unwrap_or_default()));
        let untracked = untracked.join().ok().and_then(Result::ok);
        tree.0.extend(among(untracked.unwrap_or_default()));
    });
    tree
}

/// Where this program has its own fixtures, if it lies in the work tree.
fn own_folders(top: &Path) -> Vec<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let run = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let top = top.canonicalize().unwrap_or_default();
    let inside = |dir: &PathBuf| Some(dir.canonicalize().ok()?.strip_prefix(&top).ok()?.to_owned());
    let manifests = std::iter::once(built).chain(run);
    let own = manifests.flat_map(|dir| [dir.join("../tests/data"), dir]);
    own.filter_map(|dir| inside(&dir)).filter(|dir| !dir.as_os_str().is_empty()).collect()
}

fn filter(
    top: &Path,
    paths: &[String],
    holds: &(impl Fn(&[u8]) -> bool + Sync),
) -> Vec<(RepoPath, Vec<u8>)> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut found = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while let Some(rest) = paths.get(next.fetch_add(SHARE, Ordering::Relaxed)..)
            && !rest.is_empty()
        {
            for path in &rest[..SHARE.min(rest.len())] {
                if let Some(bytes) = read(&top.join(path), &mut buffer)
                    && holds(bytes)
                    && let Some(accepted) = accepted(top, path)
                {
                    found.push((accepted, bytes.to_vec()));
                }
            }
        }
        found
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let others = cores.min(paths.len().div_ceil(SHARE)).saturating_sub(1);
        let others: Vec<_> = (0..others).map(|_| scope.spawn(share)).collect();
        let found = share();
        let others = others.into_iter().filter_map(|thread| thread.join().ok());
        others.fold(found, |found, more| [found, more].concat())
    })
}

fn accepted(top: &Path, path: &str) -> Option<RepoPath> {
    let is_link = fs::symlink_metadata(top.join(path)).ok()?.is_symlink();
    RepoPath::parse(path).filter(|_| !is_link)
}

/// Reads a file into a buffer that is used again and again.
///
/// A regular file gives all there is: asking for more after a short read is one call in four.
fn read<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    let mut file = File::open(path).ok()?;
    let mut length = 0;
    loop {
        match file.read(&mut buffer[length..]) {
            Ok(count) if length + count < buffer.len() => return Some(&buffer[..length + count]),
            Ok(count) => {
                length += count;
                buffer.resize(2 * length, 0);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Adds the files below a folder, for a work tree that git does not know.
fn walk(top: &Path, folder: &str, paths: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(top.join(folder)) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if kind.is_dir() && !entry.path().join(".git").exists() && name != ".git" {
            walk(top, &path, paths);
        } else if kind.is_file() {
            paths.push(path);
        }
    }
}

/// Looks for pins that nobody configured while something else goes on.
#[derive(Debug)]
pub struct Watch(Option<thread::JoinHandle<Result<Vec<Unconfigured>, String>>>);

impl Watch {
    /// One that finds nothing, where the work tree does not matter.
    pub fn idle() -> Watch {
        Watch(None)
    }

    /// Starts it, for some components of the configuration.
    pub fn start<'a>(
        work_tree: &WorkTree,
        config: &Config,
        components: impl IntoIterator<Item = &'a Component>,
    ) -> Watch {
        let terms: Vec<_> = components.into_iter().map(|one| Terms::of(one, config)).collect();
        let (work_tree, config) = (work_tree.clone(), config.clone());
        Watch(Some(thread::spawn(move || Ok(unconfigured(&work_tree, &config, &terms)))))
    }

    /// The same where what goes on would wait for it: only in a checkout of [`MOST`] files.
    pub fn start_if_quick(work_tree: &WorkTree, config: &Config, component: &Component) -> Watch {
        let terms = vec![Terms::of(component, config)];
        let (work_tree, config) = (work_tree.clone(), config.clone());
        Watch(Some(thread::spawn(move || {
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
    pub fn judged(self, switches: &Switches) -> Result<Watch, Refusals> {
        if !switches.strict {
            return Ok(self);
        }
        let verdict =
            Verdict { warnings: self.warnings().unwrap_or_default(), refusals: Vec::new() };
        match verdict.strict(true).refusals {
            refusals if refusals.is_empty() => Ok(Watch(None)),
            refusals => Err(Refusals(refusals)),
        }
    }

    /// Waits for it; what it found, as warnings. The error says why nobody looked.
    pub fn warnings(self) -> Result<Vec<Refusal>, String> {
        Ok(self.found()?.iter().map(Unconfigured::warning).collect())
    }

    /// The same without what the files of a commit don't have.
    pub fn warnings_at(self, commit: &CommitId, place: &Place) -> Result<Vec<Refusal>, String> {
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
pub struct Place<'a> {
    /// The checkout that has the commits.
    pub work_tree: &'a WorkTree,
    /// What knows pins.
    pub config: &'a Config,
    /// Whose pins.
    pub component: &'a Component,
}

impl Place<'_> {
    /// The pins of a commit's files that no component of the configuration has, as warnings; none
    /// in a partial clone, where every file would have to be fetched first.
    pub fn search(&self, commit: &CommitId) -> anyhow::Result<Vec<Refusal>> {
        let terms = Terms::of(self.component, self.config);
        let needles: Vec<&str> = terms.needles().collect();
        let git = Git::at(&self.work_tree.top);
        let Ok(mut paths) = git.holding(commit, &needles) else { return Ok(Vec::new()) };
        let own = own_folders(&self.work_tree.top);
        let is_own =
            |path: &RepoPath| own.iter().any(|own| Path::new(path.as_str()).starts_with(own));
        paths.retain(|path| Kind::of(path.as_str()).is_some() && !is_own(path));
        self.unconfigured(commit, paths)
    }

    /// Those of these files; what a partial clone lacks is passed over, for git would fetch it.
    fn unconfigured(
        &self,
        commit: &CommitId,
        paths: Vec<RepoPath>,
    ) -> anyhow::Result<Vec<Refusal>> {
        let terms = vec![Terms::of(self.component, self.config)];
        let git = Git::at(&self.work_tree.top).env("GIT_NO_LAZY_FETCH", "1");
        let texts = git.show_many(commit.as_str(), &paths)?;
        let files = paths.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?)));
        let found = coverage::unconfigured(&terms, self.config, &Tree(files.collect()));
        Ok(found.iter().map(Unconfigured::warning).collect())
    }
}

/// The pins in the work tree that fit `terms` and that no component of the configuration has.
pub fn unconfigured(work_tree: &WorkTree, config: &Config, terms: &[Terms]) -> Vec<Unconfigured> {
    let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let tree = search(
        work_tree,
        |path| Kind::of(path).is_some(),
        |bytes| finders.iter().any(|finder| finder.find(bytes).is_some()),
    );
    coverage::unconfigured(terms, config, &tree)
}
