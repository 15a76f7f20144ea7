//! Searches the whole work tree on every core, for files that nobody named.
//!
//! Never fails: what can't be listed or read is named beside what was found.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use anyhow::{Result, anyhow};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::Tree;

use crate::git::Git;
use crate::pool;
use crate::worktree::WorkTree;
use crate::worktree::regular::{self, LARGEST, too_large};
use catalogue::{Catalogue, Seen};

mod catalogue;

pub use catalogue::Clue;

const PANICKED: &str = "a thread panicked";

/// How many files a thread takes at a time.
const SHARE: usize = 64;

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub tree: Tree,
    /// Those that were too large to look into, as warnings.
    pub too_large: Vec<Problem>,
    /// What could not be listed or read.
    pub unread: Vec<Problem>,
}

/// The paths of a work tree, as threads list them that were started as early as possible.
#[derive(Debug)]
pub struct Listing {
    top: PathBuf,
    /// In their order, but for a folder that git doesn't know.
    tracked: JoinHandle<Result<Vec<String>>>,
    /// Slow: git looks into every folder.
    untracked: JoinHandle<Result<Vec<String>>>,
}

impl Listing {
    /// Starts to list all files. One that nobody waits for does no harm.
    pub fn start(work_tree: &WorkTree) -> Listing {
        let top = work_tree.top.clone();
        let spawn = |list: fn(&Path) -> Result<Vec<String>>| {
            let top = top.clone();
            thread::spawn(move || list(&top))
        };
        let (tracked, untracked) = match work_tree.git_dir {
            // The index knows nearly all of them without looking into a single folder.
            Some(_) => (spawn(|top| Git::at(top).tracked()), spawn(|top| Git::at(top).untracked())),
            None => (spawn(|top| Ok(all(top))), spawn(|_| Ok(Vec::new()))),
        };
        Listing { top, tracked, untracked }
    }
}

/// The files that `wants` by their path and then `holds` by their content.
///
/// A file that is known to lack `clue` is left out without being read; what is found may lack it too.
///
/// Passed over: whatever is no regular file (symbolic links, pipes, devices), other repositories
/// inside this one, what git ignores, and the fixtures of this program.
pub fn search(
    listing: Listing,
    clue: Clue,
    wants: impl Fn(&str) -> bool + Sync,
    holds: impl Fn(&[u8]) -> bool + Sync,
) -> Found {
    let top = listing.top.clone();
    let catalogue = Catalogue::of_checkout(&top);
    let (found, learned) =
        Search { clue, catalogue: &catalogue, now: SystemTime::now() }.run(listing, &wants, &holds);
    catalogue.save(&top, learned);
    found
}

/// One search.
struct Search<'c> {
    clue: Clue,
    catalogue: &'c Catalogue,
    /// When it began.
    now: SystemTime,
}

/// What was learned of files that were unknown.
type Learned = Vec<(String, Seen)>;

impl Search<'_> {
    fn run(
        &self,
        Listing { top, tracked, untracked }: Listing,
        wants: &(impl Fn(&str) -> bool + Sync),
        holds: &(impl Fn(&[u8]) -> bool + Sync),
    ) -> (Found, Learned) {
        let own = own_folders(&top);
        // A short way to each file: it is walked thirteen thousand times.
        let is_here = std::env::current_dir().is_ok_and(|here| here == top);
        let from_here = if is_here { Path::new("") } else { &top };
        let among = |listed: JoinHandle<Result<Vec<String>>>| {
            let listed = listed.join().unwrap_or_else(|_| Err(anyhow!(PANICKED)));
            let is_own = |path: &String| own.iter().any(|own| Path::new(path).starts_with(own));
            let wanted = |path: &String| wants(path) && !is_own(path);
            match listed {
                Ok(mut paths) => {
                    paths.retain(wanted);
                    self.filter(from_here, &paths, holds)
                }
                Err(error) => incomplete(format!("can't list the files: {error:#}")),
            }
        };
        both(among(tracked), among(untracked))
    }

    fn filter(
        &self,
        top: &Path,
        paths: &[String],
        holds: &(impl Fn(&[u8]) -> bool + Sync),
    ) -> (Found, Learned) {
        let next = AtomicUsize::new(0);
        let share = || {
            let mut share = Share::new(self, top);
            while let Some(rest) = paths.get(next.fetch_add(SHARE, Ordering::Relaxed)..)
                && !rest.is_empty()
            {
                for path in &rest[..SHARE.min(rest.len())] {
                    share.look_at(path, holds);
                }
            }
            (share.found, share.learned)
        };
        thread::scope(|scope| {
            let others = pool::cores().min(paths.len().div_ceil(SHARE)).saturating_sub(1);
            let others: Vec<_> = (0..others).map(|_| scope.spawn(share)).collect();
            let found = share();
            let others = others.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| incomplete(format!("can't search all files: {PANICKED}")))
            });
            others.fold(found, both)
        })
    }
}

/// What one thread of a search does.
struct Share<'s> {
    search: &'s Search<'s>,
    top: &'s Path,
    found: Found,
    learned: Learned,
    buffer: Vec<u8>,
    /// The folder that was looked at last, and whether it is a plain one.
    folder: (String, bool),
    /// Where the next file may stand in the catalogue.
    near: usize,
}

impl<'s> Share<'s> {
    fn new(search: &'s Search, top: &'s Path) -> Self {
        Share {
            search,
            top,
            found: Found::default(),
            learned: Vec::new(),
            buffer: vec![0; 1 << 16],
            folder: (String::new(), true),
            near: 0,
        }
    }

    fn look_at(&mut self, path: &str, holds: &impl Fn(&[u8]) -> bool) {
        let on_disk = self.top.join(path);
        let known = self.search.catalogue.seen_of(path, &mut self.near);
        let lacks_clue = known.is_some_and(|known| !known.has(self.search.clue));
        let is_known = |meta: &Metadata| known.is_some_and(|known| known.is_of(meta));
        if lacks_clue && fs::symlink_metadata(&on_disk).is_ok_and(|meta| is_known(&meta))
            || !is_in_plain_folder(self.top, path, &mut self.folder)
        {
            return;
        }
        match read(&on_disk, &mut self.buffer) {
            Ok(Content::TooLarge(size)) => self.found.too_large.push(too_large(path, size)),
            Ok(Content::Bytes(bytes, meta)) => {
                if !is_known(&meta) {
                    let seen = Seen::new(path, bytes, &meta, self.search.now);
                    self.learned.extend(seen.map(|seen| (path.to_owned(), seen)));
                }
                if holds(bytes) {
                    let path = RepoPath::parse(path);
                    self.found.tree.0.extend(path.map(|path| (path, bytes.to_vec())));
                }
            }
            Ok(Content::None) => {}
            Err(error) => self.found.unread.push(unread(path, &error)),
        }
    }
}

fn incomplete(why: String) -> (Found, Learned) {
    (Found { unread: vec![Problem::new(why)], ..Found::default() }, Vec::new())
}

fn both(mut one: (Found, Learned), other: (Found, Learned)) -> (Found, Learned) {
    one.1.extend(other.1);
    (one.0.and(other.0), one.1)
}

/// Refuses to go on with less than all.
pub fn refuse(unread: &[Problem]) -> Result<(), Problems> {
    if unread.is_empty() { Ok(()) } else { Err(Problems(unread.to_vec())) }
}

impl Found {
    /// Both; what one names and the other too is named twice.
    pub fn and(mut self, other: Found) -> Found {
        self.tree.0.extend(other.tree.0);
        self.too_large.extend(other.too_large);
        self.unread.extend(other.unread);
        self
    }
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

/// Whether no folder above the file is a symbolic link. `last` is the folder that was asked for
/// last: git lists its files one after the other, and the folders above both were looked at then.
fn is_in_plain_folder(top: &Path, path: &str, last: &mut (String, bool)) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if last.0 != folder {
        let known = if last.1 { shared(&last.0, folder) } else { 0 };
        let mut ends = folder.match_indices('/').map(|(end, _)| end).chain([folder.len()]);
        let is_plain = |end| {
            let one = top.join(&folder[..end]);
            end <= known || fs::symlink_metadata(one).is_ok_and(|meta| meta.is_dir())
        };
        *last = (folder.to_owned(), ends.all(is_plain));
    }
    last.1
}

/// How many bytes of `one` are the nearest folder that `other` is or lies in.
fn shared(one: &str, other: &str) -> usize {
    let mut length = one.len();
    while length > 0 {
        let is_end = matches!(other.as_bytes().get(length), None | Some(b'/'));
        if is_end && other.starts_with(&one[..length]) {
            break;
        }
        length = one[..length].rfind('/').unwrap_or_default();
    }
    length
}

enum Content<'b> {
    Bytes(&'b [u8], Metadata),
    TooLarge(u64),
    /// It is gone, or no regular file.
    None,
}

/// Reads a file into a buffer that is used again and again.
///
/// A short read of a regular file has reached its end. Not asking again saves one call in four.
fn read<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> io::Result<Content<'b>> {
    let (mut file, meta) = match regular::open(path) {
        Ok(Some(open)) => open,
        Ok(None) => return Ok(Content::None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Content::None);
        }
        Err(error) => return Err(error),
    };
    let (size, mut length) = (meta.len(), 0);
    while size.max(length as u64) <= LARGEST {
        match file.read(&mut buffer[length..]) {
            Ok(count) if length + count < buffer.len() => {
                return Ok(Content::Bytes(&buffer[..length + count], meta));
            }
            Ok(count) => {
                length += count;
                buffer.resize(2 * length, 0);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Content::TooLarge(size.max(length as u64)))
}

fn unread(path: &str, error: &io::Error) -> Problem {
    let message = format!("can't be read, so what is in it is not known: {error}");
    Problem::new(message).file(path).help("mend that, then run it again")
}

/// The files below a folder that git does not know.
fn all(top: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    walk(top, "", &mut paths);
    paths
}

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

#[cfg(test)]
mod tests;
