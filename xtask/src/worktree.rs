//! The work tree on disk: reads what a plan looks at, replaces files all or nothing, and keeps
//! two promotions apart. Follows no symbolic link.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memchr::memmem;
use promotion::component::RepoPath;
use promotion::error::Refusal;
use promotion::tree::{Tree, Wanted};

const NEW: &str = ".promote-new";
const OLD: &str = ".promote-old";

/// A checkout.
#[derive(Debug, Clone)]
pub struct WorkTree {
    /// The folder that paths are relative to.
    pub top: PathBuf,
    /// Its git folder; `None` for a folder that is not the top of a checkout.
    pub git_dir: Option<PathBuf>,
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
                Ok(meta) if meta.is_symlink() => return Err(symlink(path.as_str()).into()),
                Ok(_) => {}
            }
        }
        if !at.is_file() {
            return Err(Refusal::new("is not a regular file").file(path.as_str()).into());
        }
        fs::read(&at).map(Some).with_context(|| format!("can't read `{path}`"))
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
            if is_leftover(&name) {
                continue;
            }
            let path = match folder {
                "" => name.to_string_lossy().into_owned(),
                folder => format!("{folder}/{}", name.to_string_lossy()),
            };
            let kind = entry.file_type().with_context(|| format!("can't look at `{path}`"))?;
            if kind.is_dir() {
                let foreign = name == ".git" || entry.path().join(".git").exists();
                if !foreign {
                    self.walk(&path, glob, needle, tree)?;
                }
            } else if (kind.is_file() || kind.is_symlink() && entry.path().is_file())
                && fast_glob::glob_match(glob, &path)
            {
                let bytes =
                    fs::read(entry.path()).with_context(|| format!("can't read `{path}`"))?;
                if needle.find(&bytes).is_some() {
                    tree.0.insert(accepted(&path, name.to_str(), kind.is_symlink())?, bytes);
                }
            }
        }
        Ok(())
    }

    /// Keeps other promotions of this checkout out until the lock is dropped, or the process ends.
    pub fn lock(&self) -> Result<Lock> {
        let Some(git_dir) = &self.git_dir else {
            let folder = File::open(&self.top)
                .with_context(|| format!("can't open `{}`", self.top.display()))?;
            return Lock::take(folder);
        };
        let path = git_dir.join("xtask-promote.lock");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock =
            Lock::take(file.with_context(|| format!("can't open `{}`", path.display()))?)?;
        let _ = lock.0.set_len(0).and_then(|()| write!(lock.0, "{}", std::process::id()));
        Ok(lock)
    }

    /// Removes what a killed run left beside these files; only for who holds the lock.
    pub fn sweep<'a>(&self, paths: impl Iterator<Item = &'a RepoPath>) {
        for path in paths {
            let Staged { new, old, .. } = Staged::new(&self.top, path.clone());
            let _ = fs::remove_file(new);
            let _ = fs::remove_file(old);
        }
    }

    /// Replaces files, each by rename and with its mode kept.
    ///
    /// Errors leave every file as it was: one that changed since it was read, one that can't be
    /// written, a rename that fails after others went through.
    pub fn replace(&self, files: Vec<Replacement>) -> Result<Replaced> {
        let mut staged = Replaced(Vec::new());
        for file in files {
            let paths = Staged::new(&self.top, file.path.clone());
            let result = self.stage(&paths, &file);
            staged.0.push(paths);
            if let Err(error) = result {
                staged.discard();
                return Err(error);
            }
        }
        staged.swap()
    }

    /// Writes a file that must not be there yet, at once with all that is in it.
    pub fn create(&self, path: &RepoPath, text: &str) -> Result<()> {
        let Staged { file, new, .. } = Staged::new(&self.top, path.clone());
        let failed = || format!("can't write `{path}`");
        let _ = fs::remove_file(&new);
        fs::write(&new, text).with_context(failed)?;
        // Unlike a rename, a link never replaces what somebody else wrote meanwhile.
        let linked = fs::hard_link(&new, &file).with_context(failed);
        let _ = fs::remove_file(&new);
        linked
    }

    fn stage(&self, paths: &Staged, file: &Replacement) -> Result<()> {
        let path = &file.path;
        if self.read_file(path)?.as_deref() != Some(file.before.as_bytes()) {
            let refusal = Refusal::new("changed while the promotion was being computed");
            return Err(refusal.file(path.as_str()).help("run it again").into());
        }
        let failed = || format!("can't write next to `{path}`");
        let _ = fs::remove_file(&paths.new);
        let _ = fs::remove_file(&paths.old);
        let mut new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&paths.new)
            .with_context(failed)?;
        new.write_all(file.after.as_bytes()).with_context(failed)?;
        let mode = fs::metadata(&paths.file).with_context(failed)?.permissions();
        fs::set_permissions(&paths.new, mode).with_context(failed)?;
        // The way back must not need room on the disk.
        fs::hard_link(&paths.file, &paths.old)
            .or_else(|_| fs::copy(&paths.file, &paths.old).map(drop))
            .with_context(failed)
    }
}

/// The folder below which everything that matches a glob lies; empty for the top.
pub fn glob_folder(glob: &str) -> &str {
    let special = glob.find(['*', '?', '[', '{', '\\', '!']).unwrap_or(glob.len());
    glob[..special].rfind('/').map_or("", |slash| &glob[..slash])
}

/// Whether a killed run left a file of that name.
fn is_leftover(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && (name.ends_with(NEW.as_bytes()) || name.ends_with(OLD.as_bytes()))
}

fn accepted(path: &str, name: Option<&str>, is_link: bool) -> Result<RepoPath> {
    if is_link {
        return Err(symlink(path).into());
    }
    let accepted = name.and_then(|_| RepoPath::parse(path));
    accepted.ok_or_else(|| {
        Refusal::new("a pin may be in it, but its name is not plain UTF-8").file(path).into()
    })
}

/// The refusal of a symbolic link where a pin should be.
pub(crate) fn symlink(path: &str) -> Refusal {
    Refusal::new("is a symbolic link, or lies behind one")
        .file(path)
        .help("name the file that it points to")
}

/// A file to replace.
#[derive(Debug)]
pub struct Replacement {
    /// Its path.
    pub path: RepoPath,
    /// What it must still hold.
    pub before: String,
    /// What it holds afterwards.
    pub after: String,
}

/// Files that were replaced, and the way back.
#[derive(Debug)]
#[must_use = "keep or undo it"]
pub struct Replaced(Vec<Staged>);

#[derive(Debug)]
struct Staged {
    path: RepoPath,
    file: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

impl Staged {
    /// The names are fixed: whoever holds the lock may remove what a killed run left there.
    fn new(top: &Path, path: RepoPath) -> Self {
        let file = top.join(path.as_str());
        let name = path.as_str().rsplit('/').next().unwrap_or_default();
        let beside = |suffix| file.with_file_name(format!(".{name}{suffix}"));
        Staged { new: beside(NEW), old: beside(OLD), path, file }
    }
}

impl Replaced {
    /// Puts the new content of every file in its place.
    fn swap(mut self) -> Result<Self> {
        for index in 0..self.0.len() {
            let Staged { file, new, path, .. } = &self.0[index];
            if let Err(error) = fs::rename(new, file) {
                let error = anyhow::Error::new(error).context(format!("can't replace `{path}`"));
                let later = Replaced(self.0.split_off(index));
                later.discard();
                self.undo()?;
                return Err(error);
            }
        }
        Ok(self)
    }

    /// Makes it final.
    pub fn keep(self) {
        self.discard();
    }

    /// Puts every file back.
    pub fn undo(self) -> Result<()> {
        let mut failed = Vec::new();
        for Staged { path, file, old, .. } in &self.0 {
            if let Err(error) = fs::rename(old, file) {
                failed
                    .push(format!("`{path}` (its old content is in `{}`): {error}", old.display()));
            }
        }
        if !failed.is_empty() {
            bail!("can't put back {}", failed.join(", "));
        }
        Ok(())
    }

    fn discard(self) {
        for Staged { new, old, .. } in &self.0 {
            let _ = fs::remove_file(new);
            let _ = fs::remove_file(old);
        }
    }
}

/// Keeps other promotions out of a checkout.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    fn take(mut file: File) -> Result<Lock> {
        match file.try_lock() {
            Ok(()) => {
                let _ = file.rewind();
                Ok(Lock(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.read_to_string(&mut process);
                let process = process.trim().parse::<u32>().map(|id| format!(" (process {id})"));
                let message = format!(
                    "another promotion is running in this checkout{}",
                    process.unwrap_or_default()
                );
                Err(Refusal::new(message).help("wait until it is done, then run it again").into())
            }
            Err(TryLockError::Error(error)) => Err(error).context("can't lock the checkout"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stages files of these names, with the content `before`, in a folder of their own.
    fn staged(work_tree: &WorkTree, names: &[&str]) -> Replaced {
        let staged = names.iter().map(|name| {
            let path = RepoPath::parse(name).unwrap();
            fs::write(work_tree.top.join(name), "before").unwrap();
            let paths = Staged::new(&work_tree.top, path.clone());
            let (before, after) = ("before".to_owned(), "after".to_owned());
            work_tree.stage(&paths, &Replacement { path, before, after }).unwrap();
            paths
        });
        Replaced(staged.collect())
    }

    fn content(work_tree: &WorkTree) -> Vec<(String, String)> {
        let entries = fs::read_dir(&work_tree.top).unwrap().map(|entry| entry.unwrap());
        let mut all: Vec<_> = entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn a_rename_that_fails_puts_the_earlier_ones_back() {
        let folder = xshell::Shell::new().unwrap().create_temp_dir().unwrap();
        let work_tree = WorkTree { top: folder.path().to_owned(), git_dir: None };
        let all = |text: &str| ["a", "b", "c"].map(|name| (name.to_owned(), text.to_owned()));

        let three = staged(&work_tree, &["a", "b", "c"]);
        fs::remove_file(&three.0[2].new).unwrap();
        let error = three.swap().unwrap_err();
        assert!(format!("{error:#}").starts_with("can't replace `c`: No such file"), "{error:#}");
        assert_eq!(content(&work_tree), all("before"));

        let replaced = staged(&work_tree, &["a", "b", "c"]).swap().unwrap();
        replaced.undo().unwrap();
        assert_eq!(content(&work_tree), all("before"));
        staged(&work_tree, &["a", "b", "c"]).swap().unwrap().keep();
        assert_eq!(content(&work_tree), all("after"));
    }

    #[test]
    fn folders_of_globs() {
        let cases = [
            ("data/shared/**/*.{yml,yaml}", "data/shared"),
            ("data/x*/y.yml", "data"),
            ("*.yml", ""),
            ("{data/a,b}/x.yml", ""),
            ("data/a/b.yml", "data/a"),
        ];
        for (glob, folder) in cases {
            assert_eq!(glob_folder(glob), folder, "{glob}");
        }
    }
}
