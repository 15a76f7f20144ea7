//! Replaces files of the work tree, all or nothing, and knows the way back.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems, problems};

use super::WorkTree;
use super::journal::{Journal, PutBack};
use crate::signals::{self, Deferred};

/// A file to replace, to make or to remove.
#[derive(Debug)]
pub struct Replacement {
    /// Its path.
    pub path: RepoPath,
    /// What it must still hold; `None` if it must not be there.
    pub before: Option<String>,
    /// What it holds afterwards; `None` to remove it.
    pub after: Option<String>,
}

/// Files that were replaced, and the way back. Signals wait until it is kept or undone.
#[derive(Debug)]
#[must_use = "keep or undo it"]
pub struct Replaced {
    work_tree: WorkTree,
    journal: Journal,
    files: Vec<Replacement>,
    /// How many of them are in their places; the last one perhaps not.
    put: usize,
    _deferred: Deferred,
}

impl WorkTree {
    /// Replaces files, each by rename, with its mode and owner kept. Only for who holds the lock.
    ///
    /// Errors leave every file as it was: one that changed since it was read, one that can't be
    /// written, a rename that fails after others went through, a signal.
    pub fn replace(&self, files: Vec<Replacement>) -> Result<Replaced> {
        let deferred = signals::defer();
        let (work_tree, journal) = (self.clone(), Journal::start(self)?);
        let mut replaced = Replaced { work_tree, journal, files, put: 0, _deferred: deferred };
        match replaced.stage().and_then(|()| replaced.put()) {
            Ok(()) => Ok(replaced),
            Err(error) => Err(replaced.undo(error)),
        }
    }
}

impl Replaced {
    /// A folder outside of the work tree that is removed in the end.
    pub fn folder(&self) -> &Path {
        self.journal.folder()
    }

    /// Writes the new files and keeps the old ones.
    fn stage(&self) -> Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            self.unchanged(file, self.work_tree.read_file(&file.path)?.as_deref())?;
            let failed = || format!("can't prepare the new `{}`", file.path);
            let after = file.after.as_deref().map(str::as_bytes);
            let has_before = file.before.is_some();
            self.journal.keep(index, &self.place(file), has_before, after).with_context(failed)?;
        }
        let listed = self.journal.list(self.files.iter().map(|file| &file.path));
        listed.with_context(|| format!("can't write to `{}`", self.folder().display()))
    }

    /// Puts the new files in their places.
    fn put(&mut self) -> Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            // Before it is: a rename that fails may be done all the same, as over NFS.
            self.put = index + 1;
            let put = self.journal.put(index, &self.place(file));
            put.with_context(|| format!("can't replace `{}`", file.path))?;
        }
        // Somebody may have edited a file in place up to the rename: the kept file has such edits.
        for (index, file) in self.files.iter().enumerate() {
            if file.before.is_some() {
                self.unchanged(file, self.journal.before(index).ok().flatten().as_deref())?;
            }
        }
        interrupted()
    }

    fn place(&self, file: &Replacement) -> PathBuf {
        self.work_tree.top.join(file.path.as_str())
    }

    fn unchanged(&self, file: &Replacement, now: Option<&[u8]>) -> Result<()> {
        if now == file.before.as_deref().map(str::as_bytes) {
            return Ok(());
        }
        let problem = Problem::new("changed while the promotion was being computed");
        Err(problem.file(file.path.as_str()).help("run it again").into())
    }

    /// Makes it final.
    pub fn keep(self) {
        self.journal.close();
    }

    /// Leaves it to the next run: that finishes what the last commit has, and undoes the rest.
    pub fn leave(self) {}

    /// Puts every file back because of `error`, and adds to it what could not be put back.
    ///
    /// A file that somebody edited meanwhile stays. The journal stays if a file can't be written,
    /// so that the next run tries again.
    pub fn undo(self, error: anyhow::Error) -> anyhow::Error {
        let (mut stays, mut failed) = (Vec::new(), Vec::new());
        for (index, file) in self.files.iter().take(self.put).enumerate() {
            match self.journal.put_back(index, &self.work_tree, &file.path) {
                Ok(PutBack::Done | PutBack::Untouched) => {}
                Ok(PutBack::Edited) => stays.push(edited(&file.path)),
                Err(error) => failed.extend(problems(&error)),
            }
        }
        if failed.is_empty() {
            self.journal.close();
        }
        if stays.is_empty() && failed.is_empty() {
            return error;
        }
        Problems([problems(&error), stays, failed].concat()).into()
    }
}

fn edited(path: &RepoPath) -> Problem {
    Problem::new("was edited while the promotion ran, so it is not put back")
        .file(path.as_str())
        .help("it has both edits; `git diff` shows them")
}

/// An error if a signal came.
pub fn interrupted() -> Result<()> {
    let Some(signal) = signals::received() else { return Ok(()) };
    Err(Problem::new(format!("interrupted by {signal}")).help("run it again").into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Files of these names with the content `before`, and what is to replace it.
    fn prepared(work_tree: &WorkTree, names: &[&str]) -> Replaced {
        let file = |name: &&str| {
            fs::write(work_tree.top.join(name), "before").unwrap();
            let path = RepoPath::parse(name).unwrap();
            let [before, after] = ["before", "after"].map(|text| Some(text.to_owned()));
            Replacement { path, before, after }
        };
        let (files, journal) =
            (names.iter().map(file).collect(), Journal::start(work_tree).unwrap());
        let (work_tree, deferred) = (work_tree.clone(), signals::defer());
        Replaced { work_tree, journal, files, put: 0, _deferred: deferred }
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

        let mut three = prepared(&work_tree, &["a", "b", "c"]);
        three.stage().unwrap();
        fs::remove_file(three.folder().join("2.new")).unwrap();
        let error = three.put().unwrap_err();
        assert_eq!(three.put, 3);
        let error = three.undo(error);
        assert!(format!("{error:#}").starts_with("can't replace `c`: No such file"), "{error:#}");
        assert_eq!(content(&work_tree), all("before"));

        // Somebody edits a file in place, after it was read and before it was replaced.
        let mut three = prepared(&work_tree, &["a", "b", "c"]);
        three.stage().unwrap();
        fs::write(work_tree.top.join("b"), "mine").unwrap();
        let error = three.put().unwrap_err();
        assert!(three.undo(error).to_string().contains("`b`: changed while"));
        let mut mixed = all("before");
        mixed[1].1 = "mine".to_owned();
        assert_eq!(content(&work_tree), mixed);
    }

    /// As over NFS, where the answer is lost and the call is made once more.
    #[test]
    fn what_was_done_and_then_failed_is_undone() {
        let folder = xshell::Shell::new().unwrap().create_temp_dir().unwrap();
        let work_tree = WorkTree { top: folder.path().to_owned(), git_dir: None };
        let all = |text: &str| ["a", "b"].map(|name| (name.to_owned(), text.to_owned()));

        let mut two = prepared(&work_tree, &["a", "b"]);
        fs::hard_link(work_tree.top.join("a"), two.folder().join("0.old")).unwrap();
        two.stage().unwrap();
        assert_eq!(fs::read(work_tree.top.join("a")).unwrap(), b"before");
        fs::rename(two.folder().join("1.new"), work_tree.top.join("b")).unwrap();
        let error = two.put().unwrap_err();
        let error = two.undo(error);
        assert!(format!("{error:#}").starts_with("can't replace `b`: No such file"), "{error:#}");
        assert_eq!(content(&work_tree), all("before"));
    }

    #[test]
    fn files_are_made_and_removed_and_the_other_way_round() {
        let folder = xshell::Shell::new().unwrap().create_temp_dir().unwrap();
        let top = folder.path().join("top");
        fs::create_dir(&top).unwrap();
        let work_tree = WorkTree { top: top.clone(), git_dir: None };
        let files = || {
            [("a/b/new", None, Some("new")), ("sub/old", Some("old"), None)].map(
                |(path, before, after)| {
                    let [before, after] =
                        [before, after].map(|text: Option<&str>| text.map(Into::into));
                    Replacement { path: RepoPath::parse(path).unwrap(), before, after }
                },
            )
        };
        fs::create_dir(top.join("sub")).unwrap();
        fs::write(top.join("sub/old"), "old").unwrap();
        let replaced = work_tree.replace(files().into()).unwrap();
        assert_eq!(fs::read_to_string(top.join("a/b/new")).unwrap(), "new");
        assert!(!top.join("sub").exists());
        let error = replaced.undo(anyhow::anyhow!("no"));
        assert_eq!(error.to_string(), "no");
        assert_eq!(fs::read_to_string(top.join("sub/old")).unwrap(), "old");
        assert!(!top.join("a").exists());

        // As if it had been killed: the next run puts everything back.
        work_tree.replace(files().into()).unwrap().leave();
        assert!(!top.join("sub").exists());
        let told = "an earlier promotion was interrupted; put back: `a/b/new`, `sub/old`";
        // It may know the checkout by another path.
        let same = WorkTree { top: top.join("../top"), git_dir: None };
        assert_eq!(same.repair_if_needed().unwrap().as_deref(), Some(told));
        assert_eq!(fs::read_to_string(top.join("sub/old")).unwrap(), "old");
        assert!(!top.join("a").exists());

        // A new file that can't be put in its place, in a folder that is there and one that is not.
        fs::create_dir(top.join("a")).unwrap();
        let mut replaced = Replaced {
            work_tree: work_tree.clone(),
            journal: Journal::start(&work_tree).unwrap(),
            files: files().into(),
            put: 0,
            _deferred: signals::defer(),
        };
        replaced.stage().unwrap();
        fs::remove_file(replaced.folder().join("0.new")).unwrap();
        let error = replaced.put().unwrap_err();
        assert!(top.join("a/b").exists());
        replaced.undo(error);
        assert_eq!(fs::read_dir(top.join("a")).unwrap().count(), 0);
        fs::remove_dir(top.join("a")).unwrap();

        // Somebody makes the file meanwhile: then nothing is done at all.
        fs::create_dir(top.join("a")).unwrap();
        fs::create_dir(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/new"), "mine").unwrap();
        let error = work_tree.replace(files().into()).unwrap_err();
        assert!(format!("{error:#}").contains("`a/b/new`: changed while"), "{error:#}");
        assert_eq!(fs::read_to_string(top.join("a/b/new")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(top.join("sub/old")).unwrap(), "old");
    }
}
