//! Replaces files of the work tree, all or nothing, and knows the way back.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;

use crate::worktree::{NEW, OLD, WorkTree};

impl WorkTree {
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
            let problem = Problem::new("changed while the promotion was being computed");
            return Err(problem.file(path.as_str()).help("run it again").into());
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
}
