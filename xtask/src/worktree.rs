//! The work tree on disk: reads what a plan looks at, follows no symbolic link, and opens regular
//! files only. Below it: how files are replaced all or nothing, how a killed run is repaired, and how
//! two runs are kept apart.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use memchr::memmem;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted, glob_folder, is_lfs_pointer};
use promotion::saas::target_files;

use journal::{BESIDE, FOLDER};
use regular::{LARGEST, too_large};

mod hidden;
mod journal;
mod lock;
pub(crate) mod regular;
mod replace;

pub use lock::Lock;
pub use replace::{Replacement, interrupted};

/// A checkout.
#[derive(Debug, Clone)]
pub struct WorkTree {
    /// The folder that paths are relative to.
    pub top: PathBuf,
    /// Its git folder; `None` for a folder that is not the top of a checkout.
    pub git_dir: Option<PathBuf>,
}

/// What was read; `None` where a file is not fit to be edited. The error: one could not be read.
pub fn fit<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Err(error) if error.chain().any(|cause| cause.is::<std::io::Error>()) => Err(error),
        read => Ok(read.ok()),
    }
}

impl WorkTree {
    /// Reads the wanted files. A literal file that is missing is not an error here.
    ///
    /// Errors: a symbolic link or another special file where a pin should be, a name that is not
    /// UTF-8, and anything that can't be read.
    pub fn read(&self, wanted: &Wanted) -> Result<Tree> {
        let mut tree = Tree::default();
        for path in &wanted.files {
            if let Some(bytes) = self.read_file(path)? {
                tree.0.insert(path.clone(), bytes);
            }
        }
        for (glob, needle) in &wanted.globs {
            self.walk(glob_folder(glob), glob, &memmem::Finder::new(needle), &mut tree)?;
        }
        for path in target_files(&tree, &wanted.saas) {
            if let Some(bytes) = self.read_file(&path)? {
                tree.0.insert(path, bytes);
            }
        }
        Ok(tree)
    }

    /// Reads one file; `None` if there is none.
    pub fn read_file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>> {
        let mut at = self.top.clone();
        for part in path.as_str().split('/') {
            at.push(part);
            match fs::symlink_metadata(&at) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error).with_context(|| format!("can't look at `{path}`")),
                Ok(meta) if meta.is_symlink() => return Err(Problem::symlink(path.as_str()).into()),
                Ok(meta) if meta.is_dir() && is_repository(&at) => {
                    return Err(inside(path, at.strip_prefix(&self.top).unwrap_or(&at)).into());
                }
                Ok(_) => {}
            }
        }
        let unread = || format!("can't read `{path}`");
        let Some((file, meta)) = regular::open(&at).with_context(unread)? else {
            return Err(Problem::new("is not a regular file").file(path.as_str()).into());
        };
        match regular::content(file, meta.len()).with_context(unread)? {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(too_large(path.as_str(), meta.len()).into()),
        }
    }

    /// Adds the files below `folder` that match `glob` and contain what `needle` looks for.
    fn walk(
        &self,
        folder: &str,
        glob: &str,
        needle: &memmem::Finder,
        tree: &mut Tree,
    ) -> Result<()> {
        let on_disk = self.top.join(folder);
        let entries = match fs::read_dir(&on_disk) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(());
            }
            entries => entries.with_context(|| format!("can't list `{folder}`"))?,
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("can't list `{folder}`"))?;
            let name = entry.file_name();
            if name == BESIDE || name == FOLDER {
                continue;
            }
            let path = match folder {
                "" => name.to_string_lossy().into_owned(),
                folder => format!("{folder}/{}", name.to_string_lossy()),
            };
            let kind = entry.file_type().with_context(|| format!("can't look at `{path}`"))?;
            if kind.is_dir() {
                if name != ".git" && !is_repository(&entry.path()) {
                    self.walk(&path, glob, needle, tree)?;
                }
            } else if (kind.is_file() || kind.is_symlink() && entry.path().is_file())
                && fast_glob::glob_match(glob, &path)
                && let Some(bytes) = holding(&entry.path(), &path, kind.is_symlink(), needle)?
            {
                tree.0.insert(accepted(&path, name.to_str(), kind.is_symlink())?, bytes);
            }
        }
        Ok(())
    }
}

/// The content of a file, if it contains what `needle` looks for; `path` is its name in errors.
///
/// The target of a link is read too: one without the needle is nobody's concern.
fn holding(
    on_disk: &Path,
    path: &str,
    is_link: bool,
    needle: &memmem::Finder,
) -> Result<Option<Vec<u8>>> {
    let unread = || format!("can't read `{path}`");
    let target = if is_link { fs::canonicalize(on_disk) } else { Ok(on_disk.to_owned()) };
    let opened = regular::open(&target.with_context(unread)?).with_context(unread)?;
    let Some((file, meta)) = opened else { return Ok(None) };
    let size = meta.len();
    if size <= LARGEST {
        let bytes = regular::content(file, size).with_context(unread)?;
        return Ok(bytes.filter(|bytes| needle.find(bytes).is_some() || is_lfs_pointer(bytes)));
    }
    match regular::holds(file, needle).with_context(unread)? {
        true => Err(too_large(path, size).into()),
        false => Ok(None),
    }
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

fn inside(path: &RepoPath, repository: &Path) -> Problem {
    let repository = repository.display();
    Problem::new(format!("lies in another repository, `{repository}`"))
        .file(path.as_str())
        .help(format!("promote it there, with `--repo {repository}`"))
}

fn accepted(path: &str, name: Option<&str>, is_link: bool) -> Result<RepoPath> {
    if is_link {
        return Err(Problem::symlink(path).into());
    }
    let accepted = name.and_then(|_| RepoPath::parse(path));
    accepted.ok_or_else(|| Problem::odd_name(path).into())
}
