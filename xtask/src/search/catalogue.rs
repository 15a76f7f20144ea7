//! The catalogue: what earlier searches saw in each file of a checkout, so that the next one reads
//! only those that it needs.
//!
//! A file is recognised by what the system says of it, as in git's index, and with the same limits
//! where that doesn't tell when it was changed (writes through `mmap`). Git's blobs would not do:
//! filters such as LFS make several contents of one. It can be deleted at any time.

use std::fs::{self, Metadata};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use memchr::memchr;
use memchr::memmem::Finder;
use promotion::inspect::coverage;
use promotion::model::path::RepoPath;
use promotion::saas;

use crate::cache;

/// The format, and what the clues mean: with another number, everything is read again.
const FORMAT: &[u8] = b"xtask catalogue 4\n";

/// What catalogues of all formats begin with.
const KIND: &[u8] = b"xtask catalogue ";

/// How many catalogues are kept: those that were written last. One of 13,000 files has 1.1 MB.
const MOST_KEPT: usize = 32;

/// The largest catalogue that is read, in bytes: a million files.
const LONGEST: usize = 128 << 20;

/// It is written again when one file in so many is new.
const WORTH_WRITING: usize = 64;

/// A file that was changed just before it was read may change again without another time of change:
/// some file systems count in steps of two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// Made once: to make it takes as long as to look through a file.
static SAAS: LazyLock<Finder> = LazyLock::new(|| Finder::new(saas::NEEDLE));

/// Something that a file must have to be of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// Nothing: every file is read.
    None = 0,
    /// Perhaps a version: without it, nothing is a pin.
    Version = 1,
    /// The word that every saas file has.
    Saas = 2,
}

/// What was seen of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen([u8; LENGTH]);

/// Five numbers of eight bytes, and the clues.
const LENGTH: usize = 41;

impl Seen {
    /// `None` for a file that changed too shortly before `now` to be recognised, and on systems that
    /// don't say enough of files.
    pub(super) fn new(path: &str, bytes: &[u8], meta: &Metadata, now: SystemTime) -> Option<Seen> {
        let mut seen = Seen([0; LENGTH]);
        let changed = stamp(meta, &mut seen.0)?;
        let is_settled = now.duration_since(changed).is_ok_and(|since| since > SETTLED);
        if !is_settled {
            return None;
        }
        seen.0[LENGTH - 1] = clues(path, bytes);
        Some(seen)
    }

    /// Whether the file that the system says this of is still the same.
    pub(super) fn is_of(&self, meta: &Metadata) -> bool {
        let mut now = [0; LENGTH];
        stamp(meta, &mut now).is_some() && now[..LENGTH - 1] == self.0[..LENGTH - 1]
    }

    pub(super) fn has(&self, clue: Clue) -> bool {
        self.0[LENGTH - 1] & clue as u8 == clue as u8
    }
}

fn clues(path: &str, bytes: &[u8]) -> u8 {
    let version = coverage::may_hold_version(path, bytes);
    let saas = SAAS.find(bytes).is_some();
    let clues = [(Clue::Version, version), (Clue::Saas, saas)];
    clues.into_iter().filter(|(_, is_there)| *is_there).map(|(clue, _)| clue as u8).sum()
}

/// Writes down what tells a file and its content from any other, and returns when it was changed.
#[cfg(unix)]
fn stamp(meta: &Metadata, into: &mut [u8; LENGTH]) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let time = |seconds: i64, nanos: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
    let modified = time(meta.mtime(), meta.mtime_nsec());
    let changed = time(meta.ctime(), meta.ctime_nsec());
    let numbers =
        [meta.dev(), meta.ino(), meta.size(), modified.cast_unsigned(), changed.cast_unsigned()];
    for (nth, number) in numbers.into_iter().enumerate() {
        into[8 * nth..8 * nth + 8].copy_from_slice(&number.to_le_bytes());
    }
    Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(changed).ok()?))
}

/// Without the time of change, a file that got its old times back would look unchanged.
#[cfg(not(unix))]
fn stamp(_: &Metadata, _: &mut [u8; LENGTH]) -> Option<SystemTime> {
    None
}

/// What is known of the files of a checkout.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    /// Where it is kept; `None` if there is no cache.
    place: Option<PathBuf>,
    bytes: Vec<u8>,
    /// Where the paths are, in their order; behind each are a zero byte and its [`Seen`].
    paths: Vec<Range<usize>>,
}

impl Catalogue {
    /// That of a checkout: an empty one if there is none, or one that is damaged.
    pub(super) fn of_checkout(top: &Path) -> Catalogue {
        let open = || {
            let top = top.canonicalize().ok()?;
            Some(Catalogue::open(&cache::folder().ok()?.join("catalogue"), top.to_str()?))
        };
        open().unwrap_or_default()
    }

    /// The same for a folder of catalogues.
    pub(super) fn open(folder: &Path, top: &str) -> Catalogue {
        let place = folder.join(cache::name_of(top));
        let bytes = cache::load(&place, LONGEST).unwrap_or_default();
        let paths = parse(&bytes).unwrap_or_default();
        Catalogue { place: Some(place), bytes, paths }
    }

    /// What was seen of a file. `near` is where it may stand: files are asked for in their order.
    pub(super) fn seen_of(&self, path: &str, near: &mut usize) -> Option<Seen> {
        let path_at = |range: &Range<usize>| &self.bytes[range.clone()];
        if self.paths.get(*near).is_none_or(|range| path_at(range) != path.as_bytes()) {
            *near =
                self.paths.binary_search_by(|range| path_at(range).cmp(path.as_bytes())).ok()?;
        }
        let range = &self.paths[*near];
        *near += 1;
        Some(self.seen(range))
    }

    fn seen(&self, path: &Range<usize>) -> Seen {
        let mut seen = Seen([0; LENGTH]);
        seen.0.copy_from_slice(&self.bytes[path.end + 1..path.end + 1 + LENGTH]);
        seen
    }

    /// Writes down what was learned, if it is worth it. Files that are gone are forgotten.
    pub(super) fn save(&self, top: &Path, mut learned: Vec<(String, Seen)>) {
        let is_worth_it = learned.len() * WORTH_WRITING > self.paths.len();
        let Some(place) = self.place.as_ref().filter(|_| is_worth_it) else { return };
        // Stable: that is quick where each thread learned in order.
        learned.sort_by(|one, other| one.0.cmp(&other.0));
        let mut bytes = FORMAT.to_vec();
        let mut add = |path: &[u8], seen: Seen| {
            bytes.extend_from_slice(path);
            bytes.push(0);
            bytes.extend_from_slice(&seen.0);
        };
        let mut learned = learned.into_iter().peekable();
        for range in &self.paths {
            let path = &self.bytes[range.clone()];
            while let Some((new, seen)) = learned.next_if(|(new, _)| new.as_bytes() < path) {
                add(new.as_bytes(), seen);
            }
            let is_new = learned.peek().is_some_and(|(new, _)| new.as_bytes() == path);
            let path_of = |path| RepoPath::parse(std::str::from_utf8(path).ok()?);
            let is_there = |path: RepoPath| top.join(path.as_str()).symlink_metadata().is_ok();
            if !is_new && path_of(path).is_some_and(is_there) {
                add(path, self.seen(range));
            }
        }
        learned.for_each(|(new, seen)| add(new.as_bytes(), seen));
        // If it can't be written, the next run only takes longer.
        if bytes.len() <= LONGEST && cache::save(place, &bytes).is_ok() {
            place.parent().map(forget_old);
        }
    }
}

/// Where the paths are; `None` if it is damaged, or of another format.
fn parse(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut rest = bytes.strip_prefix(FORMAT)?;
    let mut paths: Vec<Range<usize>> = Vec::with_capacity(rest.len() / 64);
    let mut last: &[u8] = b"";
    while !rest.is_empty() {
        let length = memchr(0, rest)?;
        let path = &rest[..length];
        if path <= last {
            return None;
        }
        let start = bytes.len() - rest.len();
        paths.push(start..start + length);
        rest = rest.get(length + 1 + LENGTH..)?;
        last = path;
    }
    Some(paths)
}

/// Deletes what is too much. What is no catalogue stays.
fn forget_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let written = |entry: fs::DirEntry| {
        let meta = entry.metadata().ok().filter(Metadata::is_file)?;
        is_catalogue(&entry.path()).then_some((meta.modified().ok()?, entry.path()))
    };
    let mut all: Vec<_> = entries.filter_map(|entry| written(entry.ok()?)).collect();
    all.sort();
    for (_, file) in all.iter().rev().skip(MOST_KEPT) {
        let _ = fs::remove_file(file);
    }
}

fn is_catalogue(file: &Path) -> bool {
    let mut start = [0; KIND.len()];
    let read = fs::File::open(file).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == KIND
}

#[cfg(test)]
mod tests;
