//! Searches the whole work tree on every core, for files that nobody named.
//!
//! Never fails: what can't be listed or read is passed over, for whoever needs it reads it again.

use std::fs::{self, DirEntry, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use memchr::memmem;

use crate::component::{Component, RepoPath};
use crate::config::Config;
use crate::coverage::{self, Kind, Terms, Unconfigured};
use crate::error::{Refusal, Refusals};
use crate::git::Git;
use crate::guards::{Switches, Verdict};
use crate::tree::Tree;
use crate::worktree::WorkTree;

/// The mark of a folder that only caches something, such as `target`.
const CACHE_MARK: &str = "CACHEDIR.TAG";

/// The files that `wants` by their path and then `holds` by their content.
///
/// Passed over: symbolic links, other repositories inside this one, caches, what git ignores, and
/// the folder of this program.
pub fn search(
    work_tree: &WorkTree,
    wants: impl Fn(&str) -> bool + Sync,
    holds: impl Fn(&[u8]) -> bool + Sync,
) -> Tree {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let queue = Queue::new(String::new());
    let walk = Walk { top: &work_tree.top, own: own_folders(), queue, wants, holds };
    let mut tree = Tree::default();
    thread::scope(|scope| {
        let walkers: Vec<_> = (0..cores).map(|_| scope.spawn(|| walk.run())).collect();
        for found in walkers.into_iter().filter_map(|walker| walker.join().ok()) {
            tree.0.extend(found);
        }
    });
    if work_tree.git_dir.is_some() {
        let paths: Vec<RepoPath> = tree.0.keys().cloned().collect();
        for ignored in Git::at(&work_tree.top).ignored(&paths).unwrap_or_default() {
            tree.0.remove(&ignored);
        }
    }
    tree
}

/// Where this program has its own fixtures, if it lies in the work tree.
fn own_folders() -> Vec<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let run = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifests = std::iter::once(built).chain(run);
    let both = |dir: PathBuf| {
        let fixtures = dir.parent().map(|workspace| workspace.join("tests/data"));
        std::iter::once(dir).chain(fixtures)
    };
    manifests.flat_map(both).collect()
}

struct Walk<'a, W, H> {
    top: &'a Path,
    own: Vec<PathBuf>,
    queue: Queue,
    wants: W,
    holds: H,
}

impl<W: Fn(&str) -> bool, H: Fn(&[u8]) -> bool> Walk<'_, W, H> {
    fn run(&self) -> Vec<(RepoPath, Vec<u8>)> {
        let mut found = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while let Some(folder) = self.queue.take() {
            self.folder(&folder, &mut buffer, &mut found);
            self.queue.done();
        }
        found
    }

    fn folder(&self, folder: &str, buffer: &mut Vec<u8>, found: &mut Vec<(RepoPath, Vec<u8>)>) {
        let Ok(entries) = fs::read_dir(self.top.join(folder)) else { return };
        let entries: Vec<DirEntry> = entries.filter_map(Result::ok).collect();
        let is_foreign = |entry: &DirEntry| entry.file_name() == ".git";
        let is_cache = |entry: &DirEntry| entry.file_name() == CACHE_MARK;
        if !folder.is_empty() && entries.iter().any(|one| is_foreign(one) || is_cache(one)) {
            return;
        }
        for entry in entries {
            let name = entry.file_name();
            let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
            let slash = if folder.is_empty() { "" } else { "/" };
            let path = format!("{folder}{slash}{name}");
            if kind.is_dir() && name != ".git" && !self.own.contains(&self.top.join(&path)) {
                self.queue.add(path);
            } else if kind.is_file()
                && (self.wants)(&path)
                && let Some(bytes) = read(&entry.path(), buffer)
                && (self.holds)(bytes)
                && let Some(path) = RepoPath::parse(&path)
            {
                found.push((path, bytes.to_vec()));
            }
        }
    }
}

/// Reads a file into a buffer that is used again and again.
fn read<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    let mut file = File::open(path).ok()?;
    let mut length = 0;
    loop {
        if length == buffer.len() {
            buffer.resize(2 * length, 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => return Some(&buffer[..length]),
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Folders to visit. Empty only when nobody is in one any more.
struct Queue {
    state: Mutex<(Vec<String>, usize)>,
    changed: Condvar,
}

impl Queue {
    fn new(first: String) -> Self {
        Queue { state: Mutex::new((vec![first], 0)), changed: Condvar::new() }
    }

    fn add(&self, folder: String) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.push(folder);
        self.changed.notify_one();
    }

    fn take(&self) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(folder) = state.0.pop() {
                state.1 += 1;
                return Some(folder);
            }
            if state.1 == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 -= 1;
        if state.1 == 0 && state.0.is_empty() {
            self.changed.notify_all();
        }
    }
}

/// Looks for pins that nobody configured while something else goes on.
#[derive(Debug)]
pub struct Watch(Option<thread::JoinHandle<Vec<Unconfigured>>>);

impl Watch {
    /// Starts it, for one component of the configuration.
    pub fn start(work_tree: &WorkTree, config: &Config, component: &Component) -> Watch {
        let terms = vec![Terms::of(component, config)];
        let (work_tree, config) = (work_tree.clone(), config.clone());
        Watch(Some(thread::spawn(move || unconfigured(&work_tree, &config, &terms))))
    }

    /// Waits for it and refuses what it found, if warnings are to refuse: before the network.
    pub fn judged(self, switches: &Switches) -> Result<Watch, Refusals> {
        if !switches.strict {
            return Ok(self);
        }
        let verdict = Verdict { warnings: self.warnings(), refusals: Vec::new() };
        match verdict.strict(true).refusals {
            refusals if refusals.is_empty() => Ok(Watch(None)),
            refusals => Err(Refusals(refusals)),
        }
    }

    /// Waits for it; what it found, as warnings.
    pub fn warnings(self) -> Vec<Refusal> {
        let found = self.0.and_then(|thread| thread.join().ok()).unwrap_or_default();
        found.iter().map(Unconfigured::warning).collect()
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
