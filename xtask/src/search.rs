//! Searches the whole work tree on every core, for files that nobody named.
//!
//! Never fails: what can't be listed or read is passed over, for whoever needs it reads it again.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use promotion::model::path::RepoPath;
use promotion::model::tree::Tree;

use crate::git::Git;
use crate::worktree::WorkTree;

/// How many files a thread takes at a time.
const SHARE: usize = 64;

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
pub(crate) fn own_folders(top: &Path) -> Vec<PathBuf> {
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
